"""Messages requested one by one (Anthropic: api/messages), also of servers that speak Anthropic's format."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.providers.answers.received import Reader
from translators.providers.anthropic.batches import versioned
from translators.providers.anthropic.errors import READER
from translators.providers.anthropic.results import STATUSES
from translators.providers.api_requests import post_json
from translators.providers.api_responses import compact_json
from translators.providers.conversation import Endpoint


class _Line(Struct):
    custom_id: str
    params: Raw


class _Row(Struct):
    custom_id: str
    result: dict[str, object]


class _Failure(Struct):
    error: dict[str, object]


_LINE = msgspec.json.Decoder(_Line)
_FAILURE = Reader(_Failure)
_TYPES = {status: name for name, status in STATUSES.items()}

error = READER.error


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The request that the line stands for; its group is a set of betas."""
    betas = {"anthropic-beta": group} if group else {}
    return post_json(versioned(endpoint), "/v1/messages", bytes(_LINE.decode(line).params), betas)


def custom_id(line: bytes) -> str:
    return _LINE.decode(line).custom_id


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have."""
    result: dict[str, object]
    if not response.is_success:
        result = {"type": "errored", "error": _failure(response)}
    elif (message := compact_json(response)) is not None:
        result = {"type": "succeeded", "message": message}
    else:
        result = {"type": "errored", "error": {"type": "api_error", "message": response.text}}
    return msgspec.json.encode(_Row(custom_id(line), result))


def _failure(response: httpx.Response) -> dict[str, object]:
    """The error, with the type of its status where a server other than Anthropic's names no known type."""
    try:
        failure = _FAILURE.decode(response.content).error
    except (ValueError, RecursionError):
        failure = {"message": error(response).message}
    if failure.get("type") not in STATUSES:
        usual = "invalid_request_error" if response.is_client_error else "api_error"
        failure["type"] = _TYPES.get(response.status_code, usual)
    return {"type": "error", "error": failure}
