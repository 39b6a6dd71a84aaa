"""Limits of ids and names in a chat completion; others are mapped."""

from translators.providers.identifiers import fitting

LONGEST_CALL_ID = 40
"""OpenAI answers 400 `string_above_max_length` to longer ids of tool calls; Converse allows 64."""
LONGEST_NAME = 64
"""For functions and schemas (OpenAI: chat/create; mistral-common: protocol/instruct/validator.py)."""


def fitted_name(name: str) -> str:
    """The name of a function or schema as it is accepted."""
    return fitting(name, LONGEST_NAME)
