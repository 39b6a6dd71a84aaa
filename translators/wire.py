"""Formats that a Bedrock body and a provider's line may have in common.

Where they do, a record passes field by field and nothing the target accepts is lost, fields that nobody
here has heard of included.
"""

from typing import Literal

from msgspec import Raw, Struct

type Wire = Literal["anthropic.messages", "openai.chat"]

type Members = dict[str, Raw]
"""A body that is JSON of an object, with each member's JSON. Whoever is given one may change it."""


class ModelOutput(Struct, frozen=True):
    """What a record gets: the JSON of `modelOutput`, and the tokens it cost."""

    json: bytes
    input_tokens: int
    output_tokens: int
