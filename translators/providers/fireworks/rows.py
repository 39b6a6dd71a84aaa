"""Rows of an output dataset: an answer without a status, or, in the file of errors, why there is none.

What a row of errors looks like is not documented: the forms that OpenAI and others give it are read.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.openai import native, response, rows
from translators.providers.rows import Receipt
from translators.wire import ModelOutput

_MANNER = response.Manner(think_tags=True)


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
    """Whose row this is. Raises `ValueError` when it cannot be read."""
    read = _ROW.decode(row)
    try:
        status = rows.status_of(_error_of(read))
    except msgspec.ValidationError:  # of another form, and somebody's all the same
        status = None
    return Receipt(read.custom_id, finished=True, status=status)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a row, or why there is none."""
    body = _body_of(row)
    return response.answer_in(body, asked, _MANNER) if isinstance(body, Raw) else body


def native_answer(row: bytes) -> ModelOutput | RecordError:
    """The chat completion in a row, or why there is none."""
    body = _body_of(row)
    return native.answer_in(body, _MANNER) if isinstance(body, Raw) else body


def _error_of(row: _Row) -> Raw:
    """Where it stands: beside the response, or in its place."""
    if row.error != _NOTHING or row.response == _NOTHING:
        return row.error
    return _FAILURE.decode(row.response).error


def _body_of(row: bytes) -> Raw | RecordError:
    try:
        read = _ROW.decode(row)
        error = _error_of(read)
        if error != _NOTHING:
            return rows.failure(error)
        if read.response == _NOTHING:
            return RecordError(502, "the provider's result row holds neither a response nor an error")
        return read.response
    except (ValueError, RecursionError) as error:
        return rows.unreadable(error)
