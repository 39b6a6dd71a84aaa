"""Rows of a batch's output: whose they are, and the body that answers a record or why there is none.

No page shows them. crmne/ruby_llm reads `custom_id`, `error`, which is empty where all went well, and `body`,
which is the API's answer (protocols/cohere/batches.rb).
"""

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.rows import Receipt


class _Row(Struct):
    error: str | None = None
    body: Raw = Raw(b"null")


class _Head(Struct):
    custom_id: str


_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)


def receipt(row: bytes) -> Receipt:
    """Whose row this is. Raises `ValueError` when it cannot be read."""
    return Receipt(_HEAD.decode(row).custom_id, finished=True)


def body_of(row: bytes) -> Raw | RecordError:
    """The JSON that answers the record, or why there is none. Cohere gives words, and no HTTP status."""
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    return RecordError(500, read.error) if read.error else read.body


def unreadable(error: Exception) -> RecordError:
    """The record's error where a row or the answer in it has another form."""
    return RecordError(502, f"the provider's result row cannot be read: {error}")
