"""Contents and embeddings requested one by one (Gemini: generate-content, embeddings)."""

from collections.abc import Mapping
from types import MappingProxyType

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.answers.received import Reader
from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.conversation import Endpoint
from translators.providers.gemini.batches import path_of
from translators.providers.gemini.embeddings import EMBED
from translators.providers.gemini.errors import READER
from translators.providers.gemini.request import GENERATE
from translators.providers.grpc_status import Status

_METHODS: Mapping[str, str] = MappingProxyType({GENERATE: "generateContent", EMBED: "embedContent"})
"""The method for one line, by the method that creates a batch of them."""


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
_FAILURE = Reader(_Failure)

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for; its group is the method that creates a batch."""
    path = f"{path_of('models', model)}:{_METHODS[group]}"
    return post_json(endpoint, path, bytes(_LINE.decode(line).request))


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).key


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have."""
    key = custom_id(line)
    if not response.is_success:
        return msgspec.json.encode(_Row(key, error=_status(response)))
    body = compact_json(response)
    if body is None:
        return msgspec.json.encode(_Row(key, error=Status(502, response.text)))
    return msgspec.json.encode(_Row(key, response=body))


def _status(response: httpx.Response) -> Status:
    """The error, its code the HTTP status."""
    try:
        failure = _FAILURE.decode(response.content).error
    except (ValueError, RecursionError):
        return Status(response.status_code, error(response).message)
    return Status(response.status_code, failure.message, failure.status)
