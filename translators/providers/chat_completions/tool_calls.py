"""Tool calls and token counts of an answer, as the hub has them."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Raw

from translators.bedrock.converse import ContentBlock, Request, StopReason, ToolUseBlock, Usage
from translators.providers.chat_completions.names import fitted_name
from translators.providers.identifiers import fitting, original_tool_name

LONGEST_TOOL_USE_ID = 64
"""Of a Converse `toolUseId` (AWS: API_runtime_ToolUseBlock). Claude's ids have fewer characters to choose
from, and what we answer comes back in the next turn, so all dialects get those."""

_OBJECT = msgspec.json.Decoder(dict[str, Any])

type Call = tuple[str | None, str, str | dict[str, Any]]
"""Id, name, arguments."""


def tool_uses(
    calls: Iterable[Call], stop_reason: StopReason, asked: Callable[[], Request]
) -> tuple[list[ContentBlock], StopReason]:
    """The calls, and why the model stopped: to have them answered, unless it was cut off."""
    blocks = [tool_use(index, *call, asked) for index, call in enumerate(calls)]
    if stop_reason == "end_turn" and blocks:
        well_formed = all(block.tool_use is not None for block in blocks)
        stop_reason = "tool_use" if well_formed else "malformed_tool_use"
    return blocks, stop_reason


def tool_use(
    index: int,
    call_id: str | None,
    name: str,
    arguments: str | dict[str, Any],
    asked: Callable[[], Request],
) -> ContentBlock:
    """The call; or, where its arguments are no JSON object, a text that shows what the model wrote."""
    name = original_tool_name(name, asked, fitted_name)
    try:
        tool_input = _tool_input(arguments)
    except (ValueError, RecursionError):
        return ContentBlock(text=f"{name}({arguments})")
    use_id = fitting(call_id, LONGEST_TOOL_USE_ID) if call_id else f"call_{index}"  # some servers give none
    return ContentBlock(tool_use=ToolUseBlock(use_id, name, tool_input))


def _tool_input(arguments: str | dict[str, Any]) -> Raw:
    """The arguments on one line, as result files need it. Raises `ValueError` when they are no object."""
    if isinstance(arguments, dict):
        return Raw(msgspec.json.encode(arguments))
    if not arguments.strip():
        return Raw(b"{}")  # some models give none so
    _OBJECT.decode(arguments)
    return Raw(msgspec.json.format(arguments.encode(), indent=-1))


def usage_of(prompt: int, completion: int, cached: int | None, written: int | None) -> Usage:
    """OpenAI counts cached tokens among the prompt's, Bedrock beside them. Reasoning is output for both."""
    return Usage(
        input_tokens=prompt - (cached or 0) - (written or 0),
        output_tokens=completion,
        total_tokens=prompt + completion,
        cache_read_input_tokens=cached,
        cache_write_input_tokens=written,
    )
