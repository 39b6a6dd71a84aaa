"""How long ids and names may be at OpenAI. Those that are longer, or have other characters, are mapped."""

from translators.bedrock.converse import Request
from translators.providers import names
from translators.providers.names import fitting as fitting
from translators.providers.names import may_be_mapped as may_be_mapped

LONGEST_CALL_ID = 40
"""OpenAI answers 400 `string_above_max_length` to longer ids of tool calls; Converse allows 64."""
LONGEST_NAME = 64
"""For functions and schemas (OpenAI: chat/create)."""


def original_tool_name(name: str, request: Request) -> str:
    """The name under which the record knows this tool."""
    return names.original_tool_name(name, request, LONGEST_NAME)
