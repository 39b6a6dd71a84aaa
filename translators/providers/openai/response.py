"""A row of a batch's output: the chat completion as a Converse response."""

from collections.abc import Callable

import msgspec

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.rows import Receipt, Unfinished


def receipt(row: bytes) -> Receipt:
    """Whose row this is. Raises `ValueError` when it cannot be read."""
    members = msgspec.json.decode(row, type=dict[str, object])
    return Receipt(custom_id=str(members["custom_id"]), finished=members.get("error") is None)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    return RecordError(500, "not built yet")
