"""Rows of a batch's output: receipts, and the body that answers a record or the error in its place.

No page shows them. crmne/ruby_llm reads `custom_id`, `error`, which is empty where all went well, and `body`,
which is the API's answer (protocols/cohere/batches.rb).
"""

from typing import Any

from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Receipt, unreadable
from translators.providers.chat_completions.rows import failure, is_failure

_NOTHING = Raw(b"null")


class _Row(Struct):
    error: Any = None
    body: Raw = _NOTHING


class _Head(Struct):
    custom_id: str


_HEAD = Reader(_Head)
_ROW = Reader(_Row)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    return Receipt(_HEAD.decode(row).custom_id, finished=True)


def body_of(row: bytes) -> Raw | RecordError:
    """The JSON that answers the record, or the error in its place, which has no HTTP status."""
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    failed = is_failure(read.error) or (read.error and read.body == _NOTHING)
    return failure(read.error) if failed else read.body
