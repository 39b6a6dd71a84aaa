"""What every provider's batch API answers in the same way: waits that are asked for, JSON objects."""

from email.utils import parsedate_to_datetime
from math import isfinite

import httpx
from pydantic import BaseModel, ValidationError

from translators.errors import ProviderError


def read[Shape: BaseModel](response: httpx.Response, shape: type[Shape]) -> Shape:
    """The body of an answer that is a success. Raises `ProviderError` when it has another shape."""
    try:
        return shape.model_validate_json(response.content)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        what = f"{place} {problem['msg']}".strip()
        raise ProviderError(502, f"the provider's answer cannot be read: {what}") from error


def retry_after(headers: httpx.Headers) -> float | None:
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
