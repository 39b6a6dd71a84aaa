"""Rows of an output dataset: an answer without a status, or an error in the file of errors.

The form of the errors is not documented: those of OpenAI and others are read.
"""

from typing import Any

from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.answers.received import Reader, parsed
from translators.providers.batch_file import EMPTY_ROW, Receipt, unreadable
from translators.providers.chat_completions.rows import failure, is_failure, status_of

_NOTHING = Raw(b"null")


class _Row(Struct):
    custom_id: str
    response: Raw = _NOTHING
    error: Any = None


class _Inside(Struct):
    choices: Raw = _NOTHING
    error: Any = None


_ROW = Reader(_Row)
_INSIDE = Reader(_Inside)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    read = _ROW.decode(row)
    return Receipt(read.custom_id, finished=True, status=status_of(_error_of(read)))


def _error_of(row: _Row) -> object:
    """The error beside the response, or in its place; None where there is an answer."""
    if row.response == _NOTHING or is_failure(row.error):
        return row.error
    if memoryview(row.response)[0] != ord("{"):
        return parsed(row.response)
    inside = _INSIDE.decode(row.response)
    return inside.error if inside.choices == _NOTHING else None


def body_of(row: bytes) -> Raw | RecordError:
    """The chat completion in a row, or the error in its place."""
    try:
        read = _ROW.decode(row)
        error = _error_of(read)
    except (ValueError, RecursionError) as problem:
        return unreadable(problem)
    if error:
        return failure(error)
    return EMPTY_ROW if read.response == _NOTHING else read.response
