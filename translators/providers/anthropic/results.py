"""A row of a batch's results: the record it belongs to, and the outcome of the request.

Anthropic: build-with-claude/batch-processing. Four types: succeeded, errored, canceled, expired. What a
provider sends is read tolerantly: only the members in use.
"""

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.anthropic.statuses import STATUSES
from translators.providers.batch_file import Receipt, Unfinished, unreadable

_UNFINISHED = frozenset({"canceled", "expired"})
"""The request never reached the model."""

_NOTHING = Raw(b"null")


class _Error(Struct):
    type: str | None = None
    message: str | None = None
    error: "_Error | None" = None
    """The answer's body holds the error; the result holds the body."""


class _Head(Struct):
    custom_id: str
    result: "_Result"


class _Result(Struct):
    type: str
    message: Raw = _NOTHING
    error: Raw = _NOTHING


class _Row(Struct):
    result: _Result


_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)
_ERROR = msgspec.json.Decoder(_Error)


class Succeeded(Struct, frozen=True):
    """A request that was answered, if only with a refusal; `message` is JSON."""

    message: Raw


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    head = _HEAD.decode(row)
    status = _status_in(head.result.error) if head.result.type == "errored" else None
    return Receipt(head.custom_id, finished=head.result.type not in _UNFINISHED, status=status)


def outcome(row: bytes) -> Succeeded | RecordError | Unfinished:
    """The outcome of the request: the message, or the error in its place."""
    try:
        result = _ROW.decode(row).result
        if result.type in _UNFINISHED:
            return Unfinished(f"the provider's batch was {result.type} before the request was processed")
        if result.type == "errored":
            return _errored(result.error)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if result.type != "succeeded":
        return RecordError(502, f"the provider's result is {result.type!r}, which is not known")
    return Succeeded(result.message)


def _errored(body: Raw) -> RecordError:
    """The error in its answer's body, as a synchronous call would have got it."""
    error = _innermost(body)
    message = error.message or f"the provider gives no reason but {_compact(body)}"
    return RecordError(_status(error), message)


def _innermost(body: Raw) -> _Error:
    read = _ERROR.decode(body)
    return read if read.error is None else read.error


def _status_in(body: Raw) -> int | None:
    try:
        return _status(_innermost(body))
    except msgspec.ValidationError:  # of another form, yet some record's row
        return None


def _status(error: _Error) -> int:
    return STATUSES.get(error.type or "", 500)


def _compact(body: Raw) -> str:
    return msgspec.json.format(bytes(body), indent=-1).decode()
