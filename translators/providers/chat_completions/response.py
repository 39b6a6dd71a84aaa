"""A chat completion as a Converse response.

OpenAI: chat/object. What a provider sends is read tolerantly: only the members in use, and those may be
absent.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Note,
    Output,
    ReasoningContent,
    ReasoningText,
    Request,
    Response,
    StopReason,
    Usage,
)
from translators.errors import RecordError
from translators.providers.answers.content_parts import texts_of
from translators.providers.answers.received import Reader
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.batch_file import unreadable
from translators.providers.chat_completions.rows import without_answer
from translators.providers.chat_completions.tool_calls import tool_uses, usage_of
from translators.providers.chat_completions.traits import ResponseTraits


class _Called(Struct):
    name: str
    arguments: Any = None
    """JSON as text; an object at some compatible servers."""


class ToolCall(Struct):
    function: _Called
    id: str | None = None


class ChatMessage(Struct):
    """A message of an answer. Compatible servers give its content in parts, too."""

    content: Any = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    annotations: list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    """Of compatible servers (vLLM, DeepSeek); `reasoning` at Groq and OpenRouter."""
    reasoning: str | None = None


class Choice(Struct):
    message: ChatMessage | str
    finish_reason: Any = None
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

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Together's; in the details at others."""
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class Completion(Struct):
    """A chat completion."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: ChatUsage | None = None


_THINK, _THOUGHT = "<think>", "</think>"

COMPLETION = Reader[Completion | None](Completion | None)

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "eos": "end_turn",  # Together, of models that end by themselves
    "length": "max_tokens",
    "tool_calls": "end_turn",  # the calls themselves decide: a forced call ends with `stop`
    "content_filter": "content_filtered",
}
"""`stop` also stands for a stop sequence; OpenAI does not say which of the two it was."""


def answer_in(body: Raw, asked: Callable[[], Request], traits: ResponseTraits) -> Answer | RecordError:
    """The answer in a chat completion, or why there is none."""
    notes: list[Note] = []
    try:
        completion = COMPLETION.decode(body, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked, traits, notes)


def _answer(
    body: Completion,
    choice: Choice,
    asked: Callable[[], Request],
    traits: ResponseTraits,
    notes: list[Note],
) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    message = message_of(choice)
    content, refusal, unread = _content(message, traits)
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    if not content and not calls and (unread or lost_calls(notes)):
        return neither_text_nor_call(unread or message.content)
    reason = stop_reason(choice.finish_reason, _STOP_REASONS, "finish_reason", content or calls, notes)
    if isinstance(reason, RecordError):
        return reason
    if calls:
        tools, reason = tool_uses(calls, reason, asked)
        content += tools
    usage = body.usage or ChatUsage()
    reasoning = usage.completion_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason="content_filtered" if refusal else reason,
            usage=chat_usage(usage, traits),
            additional_model_response_fields=_beside_the_message(choice, unread),
        ),
        id=body.id or "",
        model=body.model or "",
        refusal=refusal,
        stopped_by=shown(choice.finish_reason) if reason == "content_filtered" else "",
        separator="\n\n" if refusal else "",
        reasoning_tokens=None if reasoning is None else reasoning.reasoning_tokens,
        created=int(body.created or 0),
        notes=notes,
    )


def message_of(choice: Choice) -> ChatMessage:
    """The message; one of a text only where the text stands in its place."""
    return ChatMessage(choice.message) if isinstance(choice.message, str) else choice.message


def lost_calls(notes: list[Note]) -> bool:
    """Whether a tool call could not be read."""
    return any("tool_calls" in note.field for note in notes)


def _content(message: ChatMessage, traits: ResponseTraits) -> tuple[list[ContentBlock], str, list[Any]]:
    """The content without the tool calls: reasoning, text, refusal; the words of the refusal alone; and parts
    that are neither."""
    content: list[ContentBlock] = []
    text, refusal = message.content, message.refusal
    reasoning = message.reasoning_content or message.reasoning
    unread: list[Any] = []
    if text is not None and not isinstance(text, str):
        texts, refusals, unread = texts_of(text)
        text, refusal = "".join(texts), refusal or "".join(refusals)
    if traits.think_tags and not reasoning and text:
        reasoning, text = _split_thought(text)
    if reasoning:
        content.append(ContentBlock(reasoning_content=ReasoningContent(ReasoningText(reasoning))))
    if text:
        content.append(ContentBlock(text=text))
    if refusal:
        content.append(ContentBlock(text=refusal))
    return content, refusal or "", unread


def _split_thought(text: str) -> tuple[str, str]:
    """Reasoning and answer of a text that begins with `<think>`. Reasoning that the limit cut has no end."""
    rest = text.lstrip()
    if not rest.startswith(_THINK):
        return "", text
    reasoning, _, answer = rest.removeprefix(_THINK).partition(_THOUGHT)
    return reasoning.strip(), answer.lstrip()


def _beside_the_message(choice: Choice, unread: list[Any]) -> dict[str, Any] | None:
    """Members without a place in Converse: log probabilities, citations of the web, a filter's reason, and
    parts of other kinds."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    annotations = message_of(choice).annotations
    if annotations:
        beside["annotations"] = annotations
    if choice.content_filter_results and choice.finish_reason == "content_filter":
        beside["content_filter_results"] = choice.content_filter_results
    if unread:
        beside["content"] = unread
    return beside or None


def chat_usage(usage: ChatUsage, traits: ResponseTraits) -> Usage:
    """The token counts in the hub."""
    details = usage.prompt_tokens_details or _PromptDetails(usage.cached_tokens)
    completion = usage.completion_tokens or 0
    if traits.reasoning_apart and usage.completion_tokens_details is not None:
        completion += usage.completion_tokens_details.reasoning_tokens or 0
    return usage_of(usage.prompt_tokens or 0, completion, details.cached_tokens, details.cache_write_tokens)
