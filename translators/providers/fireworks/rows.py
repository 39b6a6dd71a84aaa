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
    return Receipt(_ROW.decode(row).custom_id, finished=True)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a row, or why there is none."""
    body = _body_of(row)
    return response.answer_in(body, asked, _MANNER) if isinstance(body, Raw) else body


def native_answer(row: bytes) -> ModelOutput | RecordError:
    """The chat completion in a row, or why there is none."""
    body = _body_of(row)
    return native.answer_in(body, _MANNER) if isinstance(body, Raw) else body


def _body_of(row: bytes) -> Raw | RecordError:
    try:
        read = _ROW.decode(row)
        if read.error != _NOTHING:
            return rows.failure(read.error)
        if read.response == _NOTHING:
            return RecordError(502, "the provider's result row holds neither a response nor an error")
        failure = _FAILURE.decode(read.response).error
        return read.response if failure == _NOTHING else rows.failure(failure)
    except (ValueError, RecursionError) as error:
        return rows.unreadable(error)
