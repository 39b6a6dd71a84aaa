"""Answers of the Gemini API that are not a success (Gemini: docs/troubleshooting)."""

from typing import Any

import httpx
import msgspec
from msgspec import Struct

from translators.errors import ProviderError


class _Error(Struct):
    message: str = ""
    status: str | None = None
    details: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])


class _Body(Struct):
    error: _Error


_BODY: msgspec.json.Decoder[_Body | list[_Body]] = msgspec.json.Decoder(_Body | list[_Body])

_WRONG_KEY = "API_KEY_INVALID"


def checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError` when it is not."""
    if response.is_success:
        return response
    raise provider_error(response)


def provider_error(response: httpx.Response) -> ProviderError:
    """What an error answer says: `{"error": {"code", "message", "status", "details"}}`, in a list at some
    gateways.

    A key that is not valid is 400 here, as seen on the live API; it is told apart by its reason and told as
    401. There is no Retry-After; the wait that is asked for is in `details`.
    """
    try:
        read = _BODY.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        read = []
    said = read if isinstance(read, _Body) else next(iter(read), None)
    if said is None:
        said = _Body(_Error(response.text.strip()))
    error = said.error
    wrong_key = any(detail.get("reason") == _WRONG_KEY for detail in error.details)
    return ProviderError(
        401 if wrong_key else response.status_code,
        error.message or f"HTTP {response.status_code} {response.reason_phrase}".strip(),
        code=error.status,
        retry_after=_retry_after(error.details),
    )


def _retry_after(details: list[dict[str, Any]]) -> float | None:
    """Seconds, from `RetryInfo`: `"48s"`, `"0.5s"` (google.protobuf.Duration)."""
    asked = next((detail["retryDelay"] for detail in details if "retryDelay" in detail), None)
    if not isinstance(asked, str):
        return None
    seconds = asked.removesuffix("s")
    return float(seconds) if seconds.replace(".", "", 1).isdecimal() else None
