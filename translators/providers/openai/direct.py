"""Chat completions and embeddings asked for one by one (OpenAI: api-reference chat, embeddings).

Also the API of servers on one's own machine: vLLM, Ollama, llama.cpp, LM Studio.
"""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.conversation import Endpoint
from translators.providers.openai import errors
from translators.providers.openai.request import ENDPOINT

VERSION = "/v1"
"""What a line's `url` begins with, and the base URL ends with."""


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


_DECODER = msgspec.json.Decoder(_Line)


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the line of a batch stands for."""
    asked = _DECODER.decode(line)
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}{asked.url.removeprefix(VERSION)}",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=bytes(asked.body),
    )


def custom_id(line: bytes) -> str:
    """Whose line it is."""
    return _DECODER.decode(line).custom_id


def error(response: httpx.Response) -> ProviderError:
    """What an answer says that is no success."""
    return errors.provider_error(response)


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have for this answer."""
    asked = _DECODER.decode(line)
    request_id = response.headers.get("x-request-id", "")
    answered = _Response(response.status_code, request_id, _body(response))
    return msgspec.json.encode(_Row(f"direct_{asked.custom_id}", asked.custom_id, answered))


def _body(response: httpx.Response) -> object:
    """The JSON that came, without line breaks; words that are none become an error's message, as OpenAI's
    errors hold it."""
    try:
        return Raw(msgspec.json.format(response.content, indent=-1))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"error": {"message": response.text, "type": None, "param": None, "code": None}}
