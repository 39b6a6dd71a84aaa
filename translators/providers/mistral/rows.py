"""Rows of a batch's output: receipts, and the body that answers a record or the error in its place.

Mistral: studio-api/batch-processing shows rows that succeeded; no page shows one of the error file. Those are
taken to have the same form with another status, the reason in the body or under `error`.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import EMPTY_ROW, Receipt, unreadable
from translators.providers.mistral.refusals import message_of


class _Response(Struct):
    status_code: int
    body: Raw = Raw(b"null")


class _Row(Struct):
    response: _Response | None = None
    error: Any = None


class _Status(Struct):
    status_code: int


class _CustomId(Struct):
    custom_id: str


class _Head(_CustomId):
    response: _Status | None = None


_CUSTOM_ID = msgspec.json.Decoder(_CustomId)
_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    try:
        head = _HEAD.decode(row)
    except msgspec.ValidationError:  # of another form, yet some record's row
        return Receipt(_CUSTOM_ID.decode(row).custom_id, finished=True)
    status = None if head.response is None else head.response.status_code
    return Receipt(head.custom_id, finished=True, status=None if status == 200 else status)


def body_of(row: bytes) -> Raw | RecordError:
    """The JSON that answers the record, or the error in its place."""
    try:
        read = _ROW.decode(row)
        if read.response is None:
            return _unanswered(read.error)
        if read.response.status_code != 200:
            body = msgspec.json.decode(read.response.body)
            reason = message_of(body) or message_of(read.error) or _shown(body)
            return RecordError(read.response.status_code, reason)
        return _unanswered(read.error) if read.error is not None else read.response.body
    except (ValueError, RecursionError) as error:
        return unreadable(error)


def without_answer(body: Raw) -> RecordError:
    """The record's error where a success holds nothing."""
    shown = _shown(msgspec.json.decode(body))
    return RecordError(502, f"the provider reports success without an answer: {shown}")


def _unanswered(error: object) -> RecordError:
    if error is None:
        return EMPTY_ROW
    return RecordError(500, message_of(error) or _shown(error))


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
