"""Chat completions requested one by one (xAI: api-reference chat-completions)."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.chat_completions.errors import READER
from translators.providers.conversation import Endpoint


class _Chat(Struct):
    chat_get_completion: Raw


class _Line(Struct):
    batch_request_id: str
    batch_request: _Chat


class _Error(Struct):
    code: int
    message: str


class _Result(Struct, omit_defaults=True):
    response: _Chat | None = None
    error: _Error | None = None


class _Row(Struct):
    batch_request_id: str
    batch_result: _Result


_LINE = msgspec.json.Decoder(_Line)

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that a request of a batch stands for."""
    chat = _LINE.decode(line).batch_request.chat_get_completion
    return post_json(endpoint, "/chat/completions", bytes(chat))


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).batch_request_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The result that a batch would have."""
    if not response.is_success:
        result = _Result(error=_Error(response.status_code, error(response).message))
    elif (body := compact_json(response)) is not None:
        result = _Result(response=_Chat(body))
    else:
        result = _Result(error=_Error(502, response.text))
    return msgspec.json.encode(_Row(custom_id(line), result))
