"""Chat completions and embeddings requested one by one (OpenAI: api-reference chat, embeddings).

Also the API of servers on one's own machine: vLLM, Ollama, llama.cpp, LM Studio.
"""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.chat_completions.errors import READER
from translators.providers.chat_completions.lines import ENDPOINT
from translators.providers.conversation import Endpoint

VERSION = "/v1"
"""The beginning of a line's `url`, and the end of the base URL."""


class _Line(Struct):
    custom_id: str
    body: Raw
    url: str = ENDPOINT
    """Some servers want none in a line."""


class _Response(Struct):
    status_code: int
    request_id: str
    body: object


class _Row(Struct):
    id: str
    custom_id: str
    response: _Response
    error: None = None


_LINE = msgspec.json.Decoder(_Line)

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for."""
    asked = _LINE.decode(line)
    return post_json(endpoint, asked.url.removeprefix(VERSION), bytes(asked.body))


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).custom_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have. Text that is not JSON becomes an error's message, in OpenAI's form."""
    body: object = compact_json(response)
    if body is None:
        body = {"error": {"message": response.text, "type": None, "param": None, "code": None}}
    record = custom_id(line)
    request_id = response.headers.get("x-request-id", "")
    return msgspec.json.encode(
        _Row(f"direct_{record}", record, _Response(response.status_code, request_id, body))
    )
