"""Rows of an output dataset: an answer without a status, or an error in the file of errors.

The form of the errors is not documented: those of OpenAI and others are read.
"""

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import EMPTY_ROW, Receipt, unreadable
from translators.providers.chat_completions.rows import failure, status_of

_NOTHING = Raw(b"null")


class _Row(Struct):
    custom_id: str
    response: Raw = _NOTHING
    error: Raw = _NOTHING


class _Failure(Struct):
    error: Raw = _NOTHING


_ROW = msgspec.json.Decoder(_Row)
_FAILURE = msgspec.json.Decoder(_Failure)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    read = _ROW.decode(row)
    try:
        status = status_of(_error_of(read))
    except msgspec.ValidationError:  # of another form, yet some record's row
        status = None
    return Receipt(read.custom_id, finished=True, status=status)


def _error_of(row: _Row) -> Raw:
    """The error beside the response, or in its place."""
    if row.error != _NOTHING or row.response == _NOTHING:
        return row.error
    return _FAILURE.decode(row.response).error


def body_of(row: bytes) -> Raw | RecordError:
    """The chat completion in a row, or the error in its place."""
    try:
        read = _ROW.decode(row)
        error = _error_of(read)
        if error != _NOTHING:
            return failure(error)
        return EMPTY_ROW if read.response == _NOTHING else read.response
    except (ValueError, RecursionError) as error:
        return unreadable(error)
