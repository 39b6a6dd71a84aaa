"""Rows of a batch's output: receipts, and the body that answers a record or the error in its place.

OpenAI: guides/batch and api-reference batch/request-output. What a provider sends is read tolerantly: only
the members in use, and those may be absent.
"""

import re

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import EMPTY_ROW, Receipt, Unfinished, unreadable


class _Response(Struct):
    status_code: int
    body: Raw = Raw(b"null")
    """JSON; at some compatible servers once more as a string."""


class _Error(Struct):
    code: str | int | None = None
    message: str | None = None


class _Row(Struct):
    response: _Response | None = None
    error: _Error | None = None


class _Status(Struct):
    status_code: int | None = None


class _CustomId(Struct):
    custom_id: str


class _Head(_CustomId):
    response: _Status | None = None
    error: _Error | None = None


_CUSTOM_ID = msgspec.json.Decoder(_CustomId)
_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)
_ERROR = msgspec.json.Decoder(_Error)

_UNFINISHED = frozenset({"batch_expired", "batch_cancelled"})


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    try:
        head = _HEAD.decode(row)
    except msgspec.ValidationError:  # of another form, yet some record's row
        return Receipt(_CUSTOM_ID.decode(row).custom_id, finished=True)
    if head.error is not None and head.error.code in _UNFINISHED:
        return Receipt(head.custom_id, finished=False)
    status = None if head.response is None else head.response.status_code
    if status is None and head.error is not None:
        status = _named_status(head.error.code)
    return Receipt(head.custom_id, finished=True, status=None if status == 200 else status)


def body_of(row: bytes) -> Raw | RecordError | Unfinished:
    """The JSON that answers the record, on one line, or why there is none."""
    try:
        read = _ROW.decode(row)
        if read.error is not None and read.error.code in _UNFINISHED:
            return Unfinished(read.error.message or str(read.error.code))
        if read.response is not None and read.response.status_code != 200:
            return RecordError(read.response.status_code, _message(read.response.body))
        if read.response is None or read.error is not None:
            return _unanswered(read.error)
        return _unwrapped(read.response.body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)


def without_answer(body: Raw) -> RecordError:
    """The record's error where a success holds nothing."""
    return RecordError(502, f"the provider reports success without an answer: {_message(body)}")


def failure(error: Raw) -> RecordError:
    """The record's error in whatever form one is given: an object with message and code, or words.

    Raises `ValueError`.
    """
    if memoryview(error)[0] == ord("{"):
        return _unanswered(_ERROR.decode(error))
    return RecordError(500, _message(error))


def status_of(error: Raw) -> int | None:
    """The HTTP number that such an error names. Raises `ValueError`."""
    return _named_status(_ERROR.decode(error).code) if memoryview(error)[0] == ord("{") else None


def _unwrapped(body: Raw) -> Raw:
    if memoryview(body)[0] != ord('"'):
        return body
    text = msgspec.json.decode(body, type=str)
    return Raw(msgspec.json.format(text.encode(), indent=-1)) if text else Raw(b"null")


def _unanswered(error: _Error | None) -> RecordError:
    """The request never got an HTTP answer (OpenAI: batch/request-output, `error.code`)."""
    if error is None:
        return EMPTY_ROW
    message = error.message or f"the provider gives no reason but {error.code!r}"
    return RecordError(_named_status(error.code) or 500, message)


def _named_status(code: str | int | None) -> int | None:
    """The HTTP number that a code stands for; some compatible servers give it as the code."""
    if code == "request_timeout":
        return 408
    text = str(code)
    return int(text) if re.fullmatch(r"[45]\d\d", text) else None


def _message(body: Raw) -> str:
    """The message in an error body, or the whole body where it has another form."""
    match msgspec.json.decode(body):
        case {"error": {"message": str(message)}} | {"error": str(message)} | str(message):
            return message
        case other:
            return msgspec.json.encode(other).decode()
