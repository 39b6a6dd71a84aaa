"""Chat completions requested one by one (Fireworks: api-reference post-chatcompletions)."""

from dataclasses import replace

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.chat_completions.errors import READER
from translators.providers.conversation import Endpoint

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

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for. It names the model, and is not sent below the account."""
    host = replace(endpoint, base_url=endpoint.base_url.partition("/v1/accounts/")[0])
    return post_json(host, _CHAT, msgspec.json.encode({"model": model, **_LINE.decode(line).body}))


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).custom_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have."""
    record = custom_id(line)
    if not response.is_success:
        failure = _Error(response.status_code, error(response).message)
    elif (body := compact_json(response)) is not None:
        return msgspec.json.encode(_Answer(record, body))
    else:
        failure = _Error(502, response.text)
    return msgspec.json.encode(_Failure(record, failure))
