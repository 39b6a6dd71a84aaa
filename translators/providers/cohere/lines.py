"""A line of a dataset (crmne/ruby_llm: protocols/cohere/batch_requests.rb). The batch names the model."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.rows import Line, once_each

type Kind = Literal["batch-chat-v2-input", "batch-embed-v2-input"]
"""Types of dataset (cohere 7.3: types/dataset_type.py)."""


class _Line(Struct, frozen=True):
    custom_id: str
    body: dict[str, object]


_ENCODER = msgspec.json.Encoder()


def line_of(custom_id: str, kind: Kind, body: dict[str, object], notes: Sequence[Note]) -> Line:
    """The line. A dataset has one type, so lines of different ones go apart."""
    data = _ENCODER.encode(_Line(custom_id, body))
    return Line(data, once_each(notes), kind)
