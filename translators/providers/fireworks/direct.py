"""Chat completions asked for one by one (Fireworks: api-reference post-chatcompletions)."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.conversation import Endpoint
from translators.providers.openai.direct import error
from translators.providers.openai.errors import provider_error

__all__ = ["custom_id", "error", "request", "row"]

_CHAT = "/inference/v1/chat/completions"


class _Line(Struct):
    custom_id: str
    body: dict[str, Raw]


class _Error(Struct):
    code: int
    message: str


class _Answer(Struct):
    custom_id: str
    response: Raw


class _Failure(Struct):
    custom_id: str
    error: _Error


_LINE = msgspec.json.Decoder(_Line)


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the line of a batch stands for. It names the model, and does not go to an account."""
    return httpx.Request(
        "POST",
        f"{endpoint.base_url.partition('/v1/accounts/')[0]}{_CHAT}",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=msgspec.json.encode({"model": model, **_LINE.decode(line).body}),
    )


def custom_id(line: bytes) -> str:
    """Whose line it is."""
    return _LINE.decode(line).custom_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have for this answer."""
    whose = custom_id(line)
    try:
        if response.is_success:
            return msgspec.json.encode(_Answer(whose, Raw(msgspec.json.format(response.content, indent=-1))))
        failure = _Error(response.status_code, provider_error(response).message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        failure = _Error(502, response.text)
    return msgspec.json.encode(_Failure(whose, failure))
