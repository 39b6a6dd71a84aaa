"""A line of a batch's input, whatever it asks for (Mistral: studio-api/batch-processing).

It names no model: the job does, and with it one for all.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.rows import Line, once_each


class _Line(Struct, frozen=True):
    custom_id: str
    body: dict[str, object]


_ENCODER = msgspec.json.Encoder()


def line_of(custom_id: str, endpoint: str, body: dict[str, object], notes: Sequence[Note]) -> Line:
    """The line. The job names the endpoint of its lines, so those of different ones go apart."""
    data = _ENCODER.encode(_Line(custom_id, body))
    return Line(data, once_each(notes), endpoint)
