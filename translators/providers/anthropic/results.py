"""A row of a batch's results: the record it belongs to, and the outcome of the request.

Anthropic: build-with-claude/batch-processing. Four types: succeeded, errored, canceled, expired. What a
provider sends is read tolerantly: only the members in use.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.answers.error_bodies import message_of
from translators.providers.answers.received import Reader, compact, parsed
from translators.providers.batch_file import Receipt, Unfinished, unreadable

STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "invalid_request_error": 400,
        "authentication_error": 401,
        "billing_error": 402,
        "permission_error": 403,
        "not_found_error": 404,
        "conflict_error": 409,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "api_error": 500,
        "timeout_error": 504,
        "overloaded_error": 529,
    }
)
"""HTTP number of each `error.type` (Anthropic: api/errors)."""

_WITHOUT_RUN = ("canceled", "expired")
"""The request never reached the model."""

_WITHOUT_MESSAGE = ("errored", *_WITHOUT_RUN)

_NOTHING = Raw(b"null")


class _Error(Struct):
    type: str | None = None
    message: str | None = None
    error: "_Error | None" = None
    """The answer's body holds the error; the result holds the body."""


class _Result(Struct):
    type: Any = None
    message: Raw = _NOTHING
    error: Raw = _NOTHING


class _Head(Struct):
    custom_id: str
    result: _Result


class _Row(Struct):
    result: _Result


_HEAD = Reader(_Head)
_ROW = Reader(_Row)
_ERROR = Reader(_Error)


class Succeeded(Struct, frozen=True):
    """A request that was answered, if only with a refusal; `message` is JSON."""

    message: Raw


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    head = _HEAD.decode(row)
    result = head.result
    if _is_answered(result):
        return Receipt(head.custom_id, finished=True)
    status = _status_in(result.error) if result.type == "errored" else None
    return Receipt(head.custom_id, finished=result.type not in _WITHOUT_RUN, status=status)


def outcome(row: bytes) -> Succeeded | RecordError | Unfinished:
    """The outcome of the request."""
    try:
        result = _ROW.decode(row).result
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if _is_answered(result):
        return Succeeded(result.message)
    if result.type in _WITHOUT_RUN:
        return Unfinished(f"the provider's batch was {result.type} before the request was processed")
    if result.type == "errored" or result.error != _NOTHING:
        return _errored(result.error)
    if result.type == "succeeded":
        return RecordError(502, "the provider reports success without a message")
    return RecordError(502, f"the provider's result is {result.type!r}, which is not known")


def _is_answered(result: _Result) -> bool:
    """Whether there is a message, whatever the result is called."""
    return result.message != _NOTHING and (result.type == "succeeded" or result.type not in _WITHOUT_MESSAGE)


def _errored(body: Raw) -> RecordError:
    """The error in its response's body, as a synchronous call would have got it."""
    error = _innermost(body)
    message = error.message or message_of(parsed(body))
    message = message or f"the provider gives no reason but {compact(body).decode()}"
    return RecordError(_status(error), message)


def _innermost(body: Raw) -> _Error:
    try:
        read = _ERROR.decode(body)
    except ValueError:  # of another form, yet some record's row
        return _Error()
    return read if read.error is None else read.error


def _status_in(body: Raw) -> int | None:
    error = _innermost(body)
    return None if error == _Error() else _status(error)


def _status(error: _Error) -> int:
    return STATUSES.get(error.type or "", 500)
