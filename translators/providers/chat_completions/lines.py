"""A line of a batch's input, whatever it asks for (OpenAI: guides/batch)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line, once_each


class _Line(Struct, frozen=True, gc=False):
    custom_id: str
    method: Literal["POST"]
    url: str
    body: Mapping[str, object]


class _ShortLine(Struct, frozen=True, gc=False):
    custom_id: str
    body: Mapping[str, object]


_ENCODER = msgspec.json.Encoder()

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
"""Named by every line and by the batch itself; they have to agree."""


def line_of(
    custom_id: str, endpoint: str, body: Mapping[str, object], notes: Sequence[Note], weight: int = 1
) -> Line:
    """The line. The batch names the endpoint of its lines, so those of different ones go apart."""
    data = _ENCODER.encode(_Line(custom_id, "POST", endpoint, body))
    if len(notes) > 1:
        notes = once_each(notes)
    return Line(data, tuple(notes) if notes else (), endpoint, weight)


def short_line_of(custom_id: str, endpoint: str, body: Mapping[str, object], notes: Sequence[Note]) -> Line:
    """The line of servers that want neither method nor URL in it."""
    data = _ENCODER.encode(_ShortLine(custom_id, body))
    return Line(data, once_each(notes) if notes else (), endpoint)
