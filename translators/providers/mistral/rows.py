"""Rows of a batch's output: whose they are, and the body that answers a record or why there is none.

Mistral: studio-api/batch-processing shows rows that succeeded; no page shows one of the error file. Those are
taken to have the same form with another status, the reason in the body or under `error`.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.mistral.refusals import words
from translators.providers.rows import Receipt


class _Response(Struct):
    status_code: int
    body: Raw = Raw(b"null")


class _Row(Struct):
    response: _Response | None = None
    error: Any = None


class _Status(Struct):
    status_code: int


class _Whose(Struct):
    custom_id: str


class _Head(_Whose):
    response: _Status | None = None


_WHOSE = msgspec.json.Decoder(_Whose)
_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)


def receipt(row: bytes) -> Receipt:
    """Whose row this is. Raises `ValueError` when it cannot be read."""
    try:
        head = _HEAD.decode(row)
    except msgspec.ValidationError:  # of another form, and somebody's all the same
        return Receipt(_WHOSE.decode(row).custom_id, finished=True)
    status = None if head.response is None else head.response.status_code
    return Receipt(head.custom_id, finished=True, status=None if status == 200 else status)


def body_of(row: bytes) -> Raw | RecordError:
    """The JSON that answers the record, or why there is none."""
    try:
        read = _ROW.decode(row)
        if read.response is None:
            return _unanswered(read.error)
        if read.response.status_code != 200:
            body = msgspec.json.decode(read.response.body)
            reason = words(body) or words(read.error) or _shown(body)
            return RecordError(read.response.status_code, reason)
        return _unanswered(read.error) if read.error is not None else read.response.body
    except (ValueError, RecursionError) as error:
        return unreadable(error)


def unreadable(error: Exception) -> RecordError:
    """The record's error where a row or the answer in it has another form."""
    return RecordError(502, f"the provider's result row cannot be read: {error}")


def without_answer(body: Raw) -> RecordError:
    """The record's error where a success holds nothing."""
    shown = _shown(msgspec.json.decode(body))
    return RecordError(502, f"the provider reports success without an answer: {shown}")


def _unanswered(error: object) -> RecordError:
    if error is None:
        return RecordError(502, "the provider's result row holds neither a response nor an error")
    return RecordError(500, words(error) or _shown(error))


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
