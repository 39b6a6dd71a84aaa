"""Tool calls and token counts of an answer, as the hub has them."""

from collections.abc import Callable, Iterable
from typing import Any

from translators.bedrock.converse import ContentBlock, Request, StopReason, ToolUseBlock, Usage
from translators.providers.answers.tool_inputs import as_text, tool_input
from translators.providers.chat_completions.names import fitted_name
from translators.providers.identifiers import fitting, original_tool_name

LONGEST_TOOL_USE_ID = 64
"""Of a Converse `toolUseId` (AWS: API_runtime_ToolUseBlock). Claude's ids have fewer characters to choose
from, and what we answer comes back in the next turn, so all dialects get those."""

type Call = tuple[str | None, str, Any]
"""Id, name, arguments: JSON as text, an object, or nothing."""


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
    arguments: Any,
    asked: Callable[[], Request],
) -> ContentBlock:
    """The call; or, where its arguments are no JSON object, a text that shows what the model wrote."""
    name = original_tool_name(name, asked, fitted_name)
    try:
        called_with = tool_input(arguments)
    except (ValueError, RecursionError):
        return ContentBlock(text=as_text(name, arguments))
    use_id = fitting(call_id, LONGEST_TOOL_USE_ID) if call_id else f"call_{index}"  # some servers give none
    return ContentBlock(tool_use=ToolUseBlock(use_id, name, called_with))


def usage_of(prompt: int, completion: int, cached: int | None, written: int | None) -> Usage:
    """OpenAI counts cached tokens among the prompt's, Bedrock beside them. Reasoning is output for both."""
    return Usage(
        input_tokens=max(0, prompt - (cached or 0) - (written or 0)),
        output_tokens=completion,
        total_tokens=prompt + completion,
        cache_read_input_tokens=cached,
        cache_write_input_tokens=written,
    )
