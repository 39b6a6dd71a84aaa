"""Contents and embeddings asked for one by one (Gemini: generate-content, embeddings)."""

from collections.abc import Mapping
from types import MappingProxyType

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.conversation import Endpoint
from translators.providers.gemini import errors
from translators.providers.gemini.batches import place
from translators.providers.gemini.embeddings import EMBED
from translators.providers.gemini.request import GENERATE
from translators.providers.statuses import Status

_METHODS: Mapping[str, str] = MappingProxyType({GENERATE: "generateContent", EMBED: "embedContent"})
"""What answers one line, by the method that would start a batch of them."""


class _Line(Struct):
    key: str
    request: Raw


class _Row(Struct, omit_defaults=True):
    key: str
    response: Raw | None = None
    error: Status | None = None


class _Failure(Struct):
    error: Status


_LINE = msgspec.json.Decoder(_Line)
_FAILURE = msgspec.json.Decoder(_Failure)


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the line of a batch stands for; its group is the method that starts a batch."""
    return httpx.Request(
        "POST",
        f"{place(endpoint, 'models', model)}:{_METHODS[group]}",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=bytes(_LINE.decode(line).request),
    )


def custom_id(line: bytes) -> str:
    """Whose line it is."""
    return _LINE.decode(line).key


def error(response: httpx.Response) -> ProviderError:
    """What an answer says that is no success."""
    return errors.provider_error(response)


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have for this answer."""
    key = custom_id(line)
    if not response.is_success:
        return msgspec.json.encode(_Row(key, error=_error(response)))
    try:
        answered = Raw(msgspec.json.format(response.content, indent=-1))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.encode(_Row(key, error=Status(502, response.text)))
    return msgspec.json.encode(_Row(key, response=answered))


def _error(response: httpx.Response) -> Status:
    """The error, its code the HTTP status."""
    try:
        error = _FAILURE.decode(response.content).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status(response.status_code, response.text)
    return Status(response.status_code, error.message, error.status)
