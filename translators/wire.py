"""Formats that Bedrock bodies and provider lines may have in common.

Between equal formats a record passes member by member, so members unknown to this package are kept.
"""

from typing import Literal

from msgspec import Raw, Struct

from translators.notes import Note

type Wire = Literal["anthropic.messages", "mistral.chat", "openai.chat"]

type Members = dict[str, Raw]
"""A body: member name → the member's JSON. Functions that are passed one may modify it."""


class ModelOutput(Struct, frozen=True):
    """The JSON of `modelOutput`, with the token counts of the record and notes on it."""

    json: bytes
    input_tokens: int
    output_tokens: int
    notes: tuple[Note, ...] = ()
    """Notes on what was dropped or mapped of the answer."""
