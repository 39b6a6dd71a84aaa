"""Reading the HTTP responses of providers' APIs: JSON objects, errors, the pause they ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite

import httpx
from msgspec import Raw
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from translators.errors import ProviderError
from translators.providers.answers.error_bodies import code_of, message_of
from translators.providers.answers.received import Reader, compact
from translators.surrogates import replaced

type ErrorText = tuple[str | None, str | None]
"""Message and code of an error, None for what the body does not name."""

_BODY = Reader[object](object)


class Received(BaseModel):
    """A JSON object of a response: the members in use, others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class CamelReceived(Received):
    """The same where members are spelled in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


@dataclass(frozen=True)
class ResponseReader:
    """Reads the responses of one provider. `checked` and `read` raise `ProviderError`."""

    error_of: Callable[[httpx.Response], ProviderError]

    def error(self, response: httpx.Response) -> ProviderError:
        """The error of a response that is no success."""
        return self.error_of(response)

    def checked(self, response: httpx.Response) -> httpx.Response:
        """The response, if it is a success."""
        if response.is_success:
            return response
        raise self.error(response)

    def read[Shape: BaseModel](self, response: httpx.Response, shape: type[Shape]) -> Shape:
        """The JSON object in a response that is a success."""
        return read(self.checked(response), shape)


def read[Shape: BaseModel](response: httpx.Response, shape: type[Shape]) -> Shape:
    """The JSON object in a response. Raises `ProviderError` when it has another shape."""
    try:
        return shape.model_validate_json(response.content)
    except ValidationError as error:
        whole = replaced(response.content)
        if whole != response.content:
            return read(httpx.Response(response.status_code, content=whole), shape)
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        what = f"{place} {problem['msg']}".strip()
        raise ProviderError(502, f"the provider's answer cannot be read: {what}") from error


def compact_json(response: httpx.Response) -> Raw | None:
    """The JSON of a response on one line, as result rows want it; None where it is none."""
    try:
        return Raw(compact(response.content))
    except (ValueError, RecursionError):
        return None


def _usual(body: object) -> ErrorText:
    return message_of(body), code_of(body)


def error_of(
    response: httpx.Response, message_and_code: Callable[[object], ErrorText] = _usual
) -> ProviderError:
    """The error of a response; `message_and_code` reads its JSON, None for a body that is none.

    An error without a message gets the body as one, or the status.
    """
    try:
        body: object = _BODY.decode(response.content)
    except (ValueError, RecursionError):
        body = None
    message, code = message_and_code(body)
    if message is None:
        message = response.text.strip()
    return ProviderError(
        response.status_code,
        message or status_line(response),
        code=code,
        retry_after=retry_after(response.headers),
    )


def status_line(response: httpx.Response) -> str:
    return f"HTTP {response.status_code} {response.reason_phrase}".strip()


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds: `retry-after-ms` (Azure sends 0 there and the truth in the other), else `retry-after` as
    seconds or as a date, which is measured against the response's own `date`."""
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
