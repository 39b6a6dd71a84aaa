"""Error responses of the Gemini API (Gemini: docs/troubleshooting)."""

from typing import Any

import httpx
import msgspec
from msgspec import Struct

from translators.errors import ProviderError
from translators.providers.answers.error_bodies import message_of
from translators.providers.answers.received import Reader, parsed
from translators.providers.api_responses import ResponseReader, status_line


class _Error(Struct):
    message: str = ""
    status: str | None = None
    details: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])


class _Body(Struct):
    error: _Error


_BODY = Reader[_Body | list[_Body]](_Body | list[_Body])

_WRONG_KEY = "API_KEY_INVALID"


def _error_of(response: httpx.Response) -> ProviderError:
    """`{"error": {"code", "message", "status", "details"}}`, in a list at some gateways.

    A key that is not valid is 400 here, as seen on the live API; its reason turns it into 401. There is no
    Retry-After; the pause that is asked for is in `details`.
    """
    try:
        body = _BODY.decode(response.content)
    except (ValueError, RecursionError):
        body = []
    found = body if isinstance(body, _Body) else next(iter(body), None)
    words = "" if found is not None else (message_of(parsed(response.content)) or response.text).strip()
    error = _Error(words) if found is None else found.error
    wrong_key = any(detail.get("reason") == _WRONG_KEY for detail in error.details)
    return ProviderError(
        401 if wrong_key else response.status_code,
        error.message or status_line(response),
        code=error.status,
        retry_after=_retry_after(error.details),
    )


READER = ResponseReader(_error_of)


def _retry_after(details: list[dict[str, Any]]) -> float | None:
    """Seconds, from `RetryInfo`: `"48s"`, `"0.5s"` (google.protobuf.Duration)."""
    pause = next((detail["retryDelay"] for detail in details if "retryDelay" in detail), None)
    if not isinstance(pause, str):
        return None
    seconds = pause.removesuffix("s")
    return float(seconds) if seconds.replace(".", "", 1).isdecimal() else None
