"""Chat completions and embeddings asked for one by one (Mistral: api/endpoint chat, embeddings)."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.conversation import Endpoint
from translators.providers.mistral import errors
from translators.providers.mistral.embeddings import ENDPOINT as EMBEDDINGS
from translators.providers.mistral.request import ENDPOINT as CHAT


class _Line(Struct):
    custom_id: str
    body: dict[str, Raw]


class _Response(Struct):
    status_code: int
    body: object


class _Row(Struct):
    id: str
    custom_id: str
    response: _Response
    error: None = None


_LINE = msgspec.json.Decoder(_Line)


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the line of a batch stands for: the model is named here, and what is asked for tells
    where."""
    asked = _LINE.decode(line).body
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}{EMBEDDINGS if 'input' in asked else CHAT}",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=msgspec.json.encode({"model": model, **asked}),
    )


def custom_id(line: bytes) -> str:
    """Whose line it is."""
    return _LINE.decode(line).custom_id


def error(response: httpx.Response) -> ProviderError:
    """What an answer says that is no success."""
    return errors.provider_error(response)


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have for this answer."""
    whose = custom_id(line)
    return msgspec.json.encode(
        _Row(f"direct-{whose}", whose, _Response(response.status_code, _body(response)))
    )


def _body(response: httpx.Response) -> object:
    """The JSON that came, without line breaks; words that are none as they are."""
    try:
        return Raw(msgspec.json.format(response.content, indent=-1))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return response.text
