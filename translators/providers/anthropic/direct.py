"""Messages asked for one by one (Anthropic: api/messages), also of servers that speak Anthropic's form."""

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.anthropic import errors
from translators.providers.anthropic.batches import VERSION
from translators.providers.anthropic.statuses import STATUSES
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
_FAILURE = msgspec.json.Decoder(_Failure)
_TYPES = {status: name for name, status in STATUSES.items()}


def request(endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
    """The call that the line of a batch stands for; its group is a set of betas."""
    betas = {"anthropic-beta": group} if group else {}
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}/v1/messages",
        headers={
            **endpoint.headers,
            "anthropic-version": VERSION,
            "Content-Type": "application/json",
            **betas,
        },
        content=bytes(_LINE.decode(line).params),
    )


def custom_id(line: bytes) -> str:
    """Whose line it is."""
    return _LINE.decode(line).custom_id


def error(response: httpx.Response) -> ProviderError:
    """What an answer says that is no success."""
    return errors.provider_error(response)


def row(line: bytes, response: httpx.Response) -> bytes:
    """The row that a batch would have for this answer."""
    return msgspec.json.encode(_Row(custom_id(line), _result(response)))


def _result(response: httpx.Response) -> dict[str, object]:
    if not response.is_success:
        return {"type": "errored", "error": _error(response)}
    try:
        message = Raw(msgspec.json.format(response.content, indent=-1))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"type": "errored", "error": {"type": "api_error", "message": response.text}}
    return {"type": "succeeded", "message": message}


def _error(response: httpx.Response) -> dict[str, object]:
    """The error with a type that says its status: servers of others may name none, or one of their own."""
    try:
        error = _FAILURE.decode(response.content).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = {"message": response.text}
    if error.get("type") not in STATUSES:
        usual = "invalid_request_error" if response.is_client_error else "api_error"
        error["type"] = _TYPES.get(response.status_code, usual)
    return {"type": "error", "error": error}
