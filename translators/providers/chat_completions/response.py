"""A chat completion as a Converse response.

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
    Usage,
)
from translators.errors import RecordError
from translators.providers.batch_file import unreadable
from translators.providers.chat_completions.rows import without_answer
from translators.providers.chat_completions.tool_calls import tool_uses, usage_of
from translators.providers.chat_completions.traits import ResponseTraits


class _Called(Struct):
    name: str
    arguments: str | dict[str, Any] = ""
    """JSON as text; an object at some compatible servers."""


class ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    annotations: list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    """Of compatible servers (vLLM, DeepSeek); `reasoning` at Groq and OpenRouter."""
    reasoning: str | None = None


class Choice[Message](Struct):
    message: Message
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
    """Together's; in the details at others."""
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class Completion[Message](Struct):
    """A chat completion with messages of this shape."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice[Message]] | None = None
    usage: ChatUsage | None = None


_THINK, _THOUGHT = "<think>", "</think>"

_COMPLETION = msgspec.json.Decoder(Completion[_Message] | None)

_STOP_REASONS: dict[str | None, StopReason] = {
    "stop": "end_turn",
    "eos": "end_turn",  # Together, of models that end by themselves
    "length": "max_tokens",
    "tool_calls": "end_turn",  # the calls themselves decide: a forced call ends with `stop`
    "content_filter": "content_filtered",
}
"""`stop` also stands for a stop sequence; OpenAI does not say which of the two it was."""


def answer_in(body: Raw, asked: Callable[[], Request], traits: ResponseTraits) -> Answer | RecordError:
    """The answer in a chat completion, or why there is none."""
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked, traits)


def _answer(
    body: Completion[_Message], choice: Choice[_Message], asked: Callable[[], Request], traits: ResponseTraits
) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    stop_reason = _STOP_REASONS.get(choice.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {choice.finish_reason!r}, which is not known")
    message = choice.message
    content = _content(message, traits)
    if message.tool_calls:
        calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls]
        tools, stop_reason = tool_uses(calls, stop_reason, asked)
        content += tools
    usage = body.usage or ChatUsage()
    reasoning = usage.completion_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason="content_filtered" if message.refusal else stop_reason,
            usage=chat_usage(usage, traits),
            additional_model_response_fields=_beside_the_message(choice),
        ),
        id=body.id or "",
        model=body.model or "",
        refusal=bool(message.refusal),
        reasoning_tokens=None if reasoning is None else reasoning.reasoning_tokens,
        created=int(body.created or 0),
    )


def _content(message: _Message, traits: ResponseTraits) -> list[ContentBlock]:
    """Everything but the tool calls: the reasoning, the text, the refusal."""
    content: list[ContentBlock] = []
    reasoning, text = message.reasoning_content or message.reasoning, message.content
    if traits.think_tags and not reasoning and text:
        reasoning, text = _split_thought(text)
    if reasoning:
        content.append(ContentBlock(reasoning_content=ReasoningContent(ReasoningText(reasoning))))
    if text:
        content.append(ContentBlock(text=text))
    if message.refusal:
        content.append(ContentBlock(text=message.refusal))
    return content


def _split_thought(text: str) -> tuple[str, str]:
    """Reasoning and answer of a text that begins with `<think>`. Reasoning that the limit cut has no end."""
    rest = text.lstrip()
    if not rest.startswith(_THINK):
        return "", text
    reasoning, _, answer = rest.removeprefix(_THINK).partition(_THOUGHT)
    return reasoning.strip(), answer.lstrip()


def _beside_the_message(choice: Choice[_Message]) -> dict[str, Any] | None:
    """Content that Converse has no place for: log probabilities, places in the text that cite the web, and
    the results of a filter that ended the answer."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if choice.message.annotations:
        beside["annotations"] = choice.message.annotations
    if choice.content_filter_results and choice.finish_reason == "content_filter":
        beside["content_filter_results"] = choice.content_filter_results
    return beside or None


def chat_usage(usage: ChatUsage, traits: ResponseTraits) -> Usage:
    """The token counts in the hub."""
    details = usage.prompt_tokens_details or _PromptDetails(usage.cached_tokens)
    completion = usage.completion_tokens
    if traits.reasoning_apart and usage.completion_tokens_details is not None:
        completion += usage.completion_tokens_details.reasoning_tokens or 0
    return usage_of(usage.prompt_tokens, completion, details.cached_tokens, details.cache_write_tokens)
