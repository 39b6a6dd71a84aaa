"""Chat completions asked for one by one (xAI: api-reference chat-completions)."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.conversation import Endpoint
from translators.providers.openai.direct import error
from translators.providers.openai.errors import provider_error

__all__ = ["custom_id", "error", "request", "row"]


class _Asked(Struct):
    chat_get_completion: Raw


class _Line(Struct):
    batch_request_id: str
    batch_request: _Asked


class _Error(Struct):
    code: int
    message: str


class _Result(Struct, omit_defaults=True):
    response: _Asked | None = None
    error: _Error | None = None


class _Row(Struct):
    batch_request_id: str
    batch_result: _Result


_LINE = msgspec.json.Decoder(_Line)


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the request of a batch stands for."""
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}/chat/completions",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=bytes(_LINE.decode(line).batch_request.chat_get_completion),
    )


def custom_id(line: bytes) -> str:
    """Whose request it is."""
    return _LINE.decode(line).batch_request_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The result that a batch would have for this answer."""
    try:
        if response.is_success:
            result = _Result(response=_Asked(Raw(msgspec.json.format(response.content, indent=-1))))
        else:
            message = provider_error(response).message
            result = _Result(error=_Error(response.status_code, message))
    except (msgspec.DecodeError, UnicodeDecodeError):
        result = _Result(error=_Error(502, response.text))
    return msgspec.json.encode(_Row(custom_id(line), result))
