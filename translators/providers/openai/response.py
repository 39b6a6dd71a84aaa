"""The chat completion in a row of a batch's output, as a Converse response.

OpenAI: chat/object. What a provider sends is read tolerantly: only the members in use, and those may be
absent.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    ReasoningContent,
    ReasoningText,
    Request,
    Response,
    StopReason,
    ToolUseBlock,
    Usage,
)
from translators.errors import RecordError
from translators.providers.openai.names import fitting, may_be_mapped, original_tool_name
from translators.providers.openai.rows import body_of, unreadable, without_answer
from translators.providers.rows import Unfinished


class _Called(Struct):
    name: str
    arguments: str | dict[str, Any] = ""
    """JSON as text; an object at some compatible servers."""


class _ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    annotations: list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    """Of compatible servers (vLLM, DeepSeek); Groq and OpenRouter say `reasoning`."""
    reasoning: str | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class _PromptDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class ChatUsage(Struct):
    """Token counts as a chat completion has them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Completion(Struct):
    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[_Choice] | None = None
    usage: ChatUsage | None = None


_COMPLETION = msgspec.json.Decoder(_Completion | None)

LONGEST_TOOL_USE_ID = 64
"""Of a Converse `toolUseId` (AWS: API_runtime_ToolUseBlock). Claude's ids have fewer characters to choose
from, and what we answer comes back in the next turn, so all dialects get those."""

_STOP_REASONS: dict[str | None, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "end_turn",  # the calls themselves decide: a forced call ends with `stop`
    "content_filter": "content_filtered",
}
"""`stop` also stands for a stop sequence; OpenAI does not say which of the two it was."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked)


def _answer(body: _Completion, choice: _Choice, asked: Callable[[], Request]) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    stop_reason = _STOP_REASONS.get(choice.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {choice.finish_reason!r}, which is not known")
    said = choice.message
    content = _said(said)
    if said.tool_calls:
        calls = [_tool_use(index, call, asked) for index, call in enumerate(said.tool_calls)]
        content += calls
        if stop_reason == "end_turn":
            understood = all(call.tool_use is not None for call in calls)
            stop_reason = "tool_use" if understood else "malformed_tool_use"
    usage = body.usage or ChatUsage()
    reasoning = usage.completion_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason="content_filtered" if said.refusal else stop_reason,
            usage=usage_of(usage),
            additional_model_response_fields=_beside_the_message(choice),
        ),
        id=body.id or "",
        model=body.model or "",
        refusal=bool(said.refusal),
        reasoning_tokens=None if reasoning is None else reasoning.reasoning_tokens,
        created=int(body.created or 0),
    )


def _said(said: _Message) -> list[ContentBlock]:
    """Everything but the tool calls: the reasoning, the text, the refusal."""
    content: list[ContentBlock] = []
    reasoning = said.reasoning_content or said.reasoning
    if reasoning:
        content.append(ContentBlock(reasoning_content=ReasoningContent(ReasoningText(reasoning))))
    if said.content:
        content.append(ContentBlock(text=said.content))
    if said.refusal:
        content.append(ContentBlock(text=said.refusal))
    return content


def _tool_use(index: int, call: _ToolCall, asked: Callable[[], Request]) -> ContentBlock:
    """The call; or, where its arguments are no JSON object, a text that shows what the model said."""
    name = call.function.name
    if may_be_mapped(name):
        name = original_tool_name(name, asked())
    arguments = call.function.arguments
    try:
        tool_input = _tool_input(arguments)
    except (ValueError, RecursionError):
        return ContentBlock(text=f"{name}({arguments})")
    use_id = fitting(call.id, LONGEST_TOOL_USE_ID) if call.id else f"call_{index}"  # some servers give none
    return ContentBlock(tool_use=ToolUseBlock(use_id, name, tool_input))


def _tool_input(arguments: str | dict[str, object]) -> Raw:
    """The arguments on one line, as result files want it. Raises `ValueError` when they are no object."""
    if isinstance(arguments, dict):
        return Raw(msgspec.json.encode(arguments))
    if not arguments.strip():
        return Raw(b"{}")  # what some models say for no arguments
    msgspec.json.decode(arguments, type=dict[str, Any])
    return Raw(msgspec.json.format(arguments.encode(), indent=-1))


def _beside_the_message(choice: _Choice) -> dict[str, Any] | None:
    """What Converse has no place for: log probabilities, and where in the text the model cites the web."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if choice.message.annotations:
        beside["annotations"] = choice.message.annotations
    return beside or None


def usage_of(usage: ChatUsage) -> Usage:
    """OpenAI counts cached tokens among the prompt's, Bedrock beside them. Reasoning is output for both."""
    details = usage.prompt_tokens_details
    cached = None if details is None else details.cached_tokens
    written = None if details is None else details.cache_write_tokens
    return Usage(
        input_tokens=usage.prompt_tokens - (cached or 0) - (written or 0),
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
        cache_read_input_tokens=cached,
        cache_write_input_tokens=written,
    )
