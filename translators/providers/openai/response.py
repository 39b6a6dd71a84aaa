"""The chat completion in a row of a batch's output, as a Converse response.

OpenAI: chat/object. What a provider sends is read tolerantly: only the members in use, and those may be
absent.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    Usage,
)
from translators.errors import RecordError
from translators.providers.openai.answers import counted, tool_use
from translators.providers.openai.rows import body_of, unreadable, without_answer
from translators.providers.rows import Unfinished


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a server of OpenAI's form speaks differently from OpenAI."""

    think_tags: bool = False
    """Whether models write their reasoning into the text, between `<think>` and `</think>`."""
    reasoning_apart: bool = False
    """Whether reasoning tokens are counted beside the completion's instead of among them."""


OPENAI = Manner()


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
    content_filter_results: dict[str, Any] | None = None
    """Azure's; what it found in the answer."""


class _PromptDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class ChatUsage(Struct):
    """Token counts as a chat completion has them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int | None = None
    """Together's place for what others say in the details."""
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Completion(Struct):
    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[_Choice] | None = None
    usage: ChatUsage | None = None


_THINK, _THOUGHT = "<think>", "</think>"

_COMPLETION = msgspec.json.Decoder(_Completion | None)

_STOP_REASONS: dict[str | None, StopReason] = {
    "stop": "end_turn",
    "eos": "end_turn",  # Together, of models that end by themselves
    "length": "max_tokens",
    "tool_calls": "end_turn",  # the calls themselves decide: a forced call ends with `stop`
    "content_filter": "content_filtered",
}
"""`stop` also stands for a stop sequence; OpenAI does not say which of the two it was."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    return answer_in(body, asked, OPENAI) if isinstance(body, Raw) else body


def answer_in(body: Raw, asked: Callable[[], Request], manner: Manner) -> Answer | RecordError:
    """The answer in a chat completion, or why there is none."""
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked, manner)


def _answer(
    body: _Completion, choice: _Choice, asked: Callable[[], Request], manner: Manner
) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    stop_reason = _STOP_REASONS.get(choice.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {choice.finish_reason!r}, which is not known")
    said = choice.message
    content = _said(said, manner)
    if said.tool_calls:
        calls = [
            tool_use(index, call.id, call.function.name, call.function.arguments, asked)
            for index, call in enumerate(said.tool_calls)
        ]
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
            usage=usage_of(usage, manner),
            additional_model_response_fields=_beside_the_message(choice),
        ),
        id=body.id or "",
        model=body.model or "",
        refusal=bool(said.refusal),
        reasoning_tokens=None if reasoning is None else reasoning.reasoning_tokens,
        created=int(body.created or 0),
    )


def _said(said: _Message, manner: Manner) -> list[ContentBlock]:
    """Everything but the tool calls: the reasoning, the text, the refusal."""
    content: list[ContentBlock] = []
    reasoning, text = said.reasoning_content or said.reasoning, said.content
    if manner.think_tags and not reasoning and text:
        reasoning, text = _thought(text)
    if reasoning:
        content.append(ContentBlock(reasoning_content=ReasoningContent(ReasoningText(reasoning))))
    if text:
        content.append(ContentBlock(text=text))
    if said.refusal:
        content.append(ContentBlock(text=said.refusal))
    return content


def _thought(text: str) -> tuple[str, str]:
    """What a model thought first, and what it said then. A thought that the limit cut has no end."""
    rest = text.lstrip()
    if not rest.startswith(_THINK):
        return "", text
    thought, _, said = rest.removeprefix(_THINK).partition(_THOUGHT)
    return thought.strip(), said.lstrip()


def _beside_the_message(choice: _Choice) -> dict[str, Any] | None:
    """What Converse has no place for: log probabilities, where in the text the model cites the web, and why
    a filter stepped in."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if choice.message.annotations:
        beside["annotations"] = choice.message.annotations
    if choice.content_filter_results and choice.finish_reason == "content_filter":
        beside["content_filter_results"] = choice.content_filter_results
    return beside or None


def usage_of(usage: ChatUsage, manner: Manner = OPENAI) -> Usage:
    """The token counts in the hub."""
    details = usage.prompt_tokens_details or _PromptDetails(usage.cached_tokens)
    answered = usage.completion_tokens
    if manner.reasoning_apart and usage.completion_tokens_details is not None:
        answered += usage.completion_tokens_details.reasoning_tokens or 0
    return counted(usage.prompt_tokens, answered, details.cached_tokens, details.cache_write_tokens)
