"""The chat in a row of a batch's output, as a Converse response (cohere 7.3: v2/types/v2chat_response.py).

What a provider sends is read tolerantly: only the members in use, and those may be absent or null.
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
from translators.providers.answers.content_parts import parts_of, texts_of
from translators.providers.answers.received import Reader
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.response import lost_calls
from translators.providers.chat_completions.rows import without_answer
from translators.providers.chat_completions.tool_calls import tool_uses, usage_of
from translators.providers.cohere.rows import body_of


class _Called(Struct):
    name: str
    arguments: Any = None


class _ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: Any = None
    tool_plan: str | None = None
    """The model's plan for the tools that it calls."""
    tool_calls: list[_ToolCall] | None = None
    citations: list[dict[str, Any]] | None = None


class _Tokens(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class _Usage(Struct):
    tokens: _Tokens | None = None
    """What the model read and wrote; `billed_units` leave Cohere's own preamble out."""
    billed_units: _Tokens | None = None
    cached_tokens: float | None = None


class _Chat(Struct):
    message: _Message | str | None = None
    finish_reason: Any = None
    id: str | None = None
    usage: _Usage | None = None
    logprobs: list[Any] | None = None


_CHAT = Reader[_Chat | None](_Chat | None)

_STOP_REASONS: dict[str, StopReason] = {
    "COMPLETE": "end_turn",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "max_tokens",
    "TOOL_CALL": "end_turn",  # the calls themselves decide
}
"""`ERROR` and `TIMEOUT` end an answer that is not whole, where there is one."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    notes: list[Note] = []
    try:
        chat = _CHAT.decode(body, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if chat is None or chat.message is None:
        return without_answer(body)
    message = _Message(chat.message) if isinstance(chat.message, str) else chat.message
    return _answer(chat, message, asked, notes)


def _answer(
    chat: _Chat, message: _Message, asked: Callable[[], Request], notes: list[Note]
) -> Answer | RecordError:
    content, others = _content(message)
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    if not content and not calls and (others or lost_calls(notes)):
        return neither_text_nor_call(others or message.content)
    reason = stop_reason(chat.finish_reason, _STOP_REASONS, "finish_reason", content or calls, notes)
    if isinstance(reason, RecordError):
        return reason
    if calls:
        tools, reason = tool_uses(calls, reason, asked)
        content += tools
    beside = {"logprobs": chat.logprobs, "citations": message.citations, "content": others}
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=reason,
            usage=_usage(chat.usage or _Usage()),
            additional_model_response_fields={name: value for name, value in beside.items() if value} or None,
        ),
        id=chat.id or "",
        model="",  # not in the response
        stopped_by=shown(chat.finish_reason) if reason == "content_filtered" else "",
        notes=notes,
    )


def _content(message: _Message) -> tuple[list[ContentBlock], list[Any]]:
    """The thoughts and texts, in their order; and what Converse has no place for."""
    blocks: list[ContentBlock] = []
    others: list[Any] = []
    if message.tool_plan:
        blocks.append(_thought(message.tool_plan))
    for part in parts_of(message.content):
        match part:
            case {"type": "thinking", "thinking": str(thinking)}:
                blocks += [_thought(thinking)] if thinking else []
            case _:
                texts, refusals, rest = texts_of(part)
                blocks += [ContentBlock(text=text) for text in (*texts, *refusals)]
                others += rest
    return blocks, others


def _thought(text: str) -> ContentBlock:
    return ContentBlock(reasoning_content=ReasoningContent(ReasoningText(text)))


def _usage(usage: _Usage) -> Usage:
    tokens = usage.tokens or usage.billed_units or _Tokens()
    cached = None if usage.cached_tokens is None else int(usage.cached_tokens)
    return usage_of(int(tokens.input_tokens or 0), int(tokens.output_tokens or 0), cached, None)
