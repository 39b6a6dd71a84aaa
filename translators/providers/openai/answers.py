"""What chat completions and responses say alike: calls of tools, counts of tokens."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from translators.bedrock.converse import ContentBlock, Request, ToolUseBlock, Usage
from translators.providers.openai.names import fitting, may_be_mapped, original_tool_name

LONGEST_TOOL_USE_ID = 64
"""Of a Converse `toolUseId` (AWS: API_runtime_ToolUseBlock). Claude's ids have fewer characters to choose
from, and what we answer comes back in the next turn, so all dialects get those."""

_OBJECT = msgspec.json.Decoder(dict[str, Any])


def tool_use(
    index: int,
    call_id: str | None,
    name: str,
    arguments: str | dict[str, Any],
    asked: Callable[[], Request],
) -> ContentBlock:
    """The call; or, where its arguments are no JSON object, a text that shows what the model said."""
    if may_be_mapped(name):
        name = original_tool_name(name, asked())
    try:
        tool_input = _tool_input(arguments)
    except (ValueError, RecursionError):
        return ContentBlock(text=f"{name}({arguments})")
    use_id = fitting(call_id, LONGEST_TOOL_USE_ID) if call_id else f"call_{index}"  # some servers give none
    return ContentBlock(tool_use=ToolUseBlock(use_id, name, tool_input))


def _tool_input(arguments: str | dict[str, Any]) -> Raw:
    """The arguments on one line, as result files want it. Raises `ValueError` when they are no object."""
    if isinstance(arguments, dict):
        return Raw(msgspec.json.encode(arguments))
    if not arguments.strip():
        return Raw(b"{}")  # what some models say for no arguments
    _OBJECT.decode(arguments)
    return Raw(msgspec.json.format(arguments.encode(), indent=-1))


def counted(asked: int, answered: int, cached: int | None, written: int | None) -> Usage:
    """OpenAI counts cached tokens among the prompt's, Bedrock beside them. Reasoning is output for both."""
    return Usage(
        input_tokens=asked - (cached or 0) - (written or 0),
        output_tokens=answered,
        total_tokens=asked + answered,
        cache_read_input_tokens=cached,
        cache_write_input_tokens=written,
    )
