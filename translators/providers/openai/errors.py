"""Answers of the Files and Batch APIs that are not a success (OpenAI: guides/error-codes)."""

from email.utils import parsedate_to_datetime
from math import isfinite

import httpx

from translators.errors import ProviderError


def checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError` when it is not."""
    if response.is_success:
        return response
    raise provider_error(response)


def provider_error(response: httpx.Response) -> ProviderError:
    """What an error answer says: `{"error": {"message", "code"}}` at OpenAI, anything at others."""
    message, code = _words(response)
    return ProviderError(
        response.status_code,
        message or f"HTTP {response.status_code} {response.reason_phrase}".strip(),
        code=code,
        retry_after=_retry_after(response.headers),
    )


def _words(response: httpx.Response) -> tuple[str, str | None]:
    try:
        body: object = response.json()
    except ValueError:
        return response.text.strip(), None
    match body:
        case {"error": {"message": str(message), "code": str(code)}}:
            return message, code
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)}:
            return message, None
        case _:
            return response.text.strip(), None


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds: `retry-after-ms` (Azure sends 0 there and the truth in the other), else `retry-after` as
    seconds or as a date, which is measured against the answer's own `date`."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = _number(asked)
    if seconds is not None or asked is None:
        return seconds
    try:
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(until.total_seconds(), 0.0)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None
