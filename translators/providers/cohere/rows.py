"""Rows of a batch's output: receipts, and the body that answers a record or the error in its place.

No page shows them. crmne/ruby_llm reads `custom_id`, `error`, which is empty where all went well, and `body`,
which is the API's answer (protocols/cohere/batches.rb).
"""

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import Receipt, unreadable


class _Row(Struct):
    error: str | None = None
    body: Raw = Raw(b"null")


class _Head(Struct):
    custom_id: str


_HEAD = msgspec.json.Decoder(_Head)
_ROW = msgspec.json.Decoder(_Row)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    return Receipt(_HEAD.decode(row).custom_id, finished=True)


def body_of(row: bytes) -> Raw | RecordError:
    """The JSON that answers the record, or the error in its place, which has no HTTP status."""
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    return RecordError(500, read.error) if read.error else read.body
