"""Chat completions and embeddings requested one by one (Mistral: api/endpoint chat, embeddings)."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.chat_completions.embeddings import ENDPOINT as EMBEDDINGS
from translators.providers.chat_completions.lines import ENDPOINT as CHAT
from translators.providers.conversation import Endpoint
from translators.providers.mistral.errors import READER


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

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for. It names the model; what is in the body decides the path."""
    body = _LINE.decode(line).body
    path = EMBEDDINGS if "input" in body else CHAT
    return post_json(endpoint, path, msgspec.json.encode({"model": model, **body}))


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).custom_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have; text that is not JSON as it is."""
    body: object = compact_json(response)
    if body is None:
        body = response.text
    record = custom_id(line)
    return msgspec.json.encode(_Row(f"direct-{record}", record, _Response(response.status_code, body)))
