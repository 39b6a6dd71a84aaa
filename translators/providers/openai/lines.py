"""A line of a batch's input, whatever it asks for (OpenAI: guides/batch)."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.rows import Line


class _Line(Struct, frozen=True):
    custom_id: str
    method: Literal["POST"]
    url: str
    body: dict[str, object]


class _ShortLine(Struct, frozen=True):
    custom_id: str
    body: dict[str, object]


_ENCODER = msgspec.json.Encoder()


def line_of(
    custom_id: str, endpoint: str, body: dict[str, object], notes: Sequence[Note], weight: int = 1
) -> Line:
    """The line. The batch names the endpoint of its lines, so those of different ones go apart."""
    data = _ENCODER.encode(_Line(custom_id, "POST", endpoint, body))
    return Line(data, tuple(dict.fromkeys(notes)) if notes else (), endpoint, weight)


def short_line_of(custom_id: str, endpoint: str, body: dict[str, object], notes: Sequence[Note]) -> Line:
    """The line of servers that want no method and no URL in it."""
    data = _ENCODER.encode(_ShortLine(custom_id, body))
    return Line(data, tuple(dict.fromkeys(notes)) if notes else (), endpoint)
