"""The chat in a row of a batch's output, as a Converse response (cohere 7.3: v2/types/v2chat_response.py).

What a provider sends is read tolerantly: only the members in use, and those may be absent or null.
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
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.tool_calls import tool_uses, usage_of
from translators.providers.cohere.rows import body_of


class _Called(Struct):
    name: str = ""
    arguments: str | None = None


class _ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: list[dict[str, Any]] | None = None
    tool_plan: str | None = None
    """The model's plan for the tools it calls."""
    tool_calls: list[_ToolCall] | None = None
    citations: list[dict[str, Any]] | None = None


class _Tokens(Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class _Usage(Struct):
    tokens: _Tokens | None = None
    """Tokens that the model read and wrote; `billed_units` leave Cohere's own preamble out."""
    billed_units: _Tokens | None = None
    cached_tokens: float | None = None


class _Chat(Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    id: str | None = None
    usage: _Usage | None = None
    logprobs: list[Any] | None = None


_CHAT = msgspec.json.Decoder(_Chat | None)

_STOP_REASONS: dict[str | None, StopReason] = {
    "COMPLETE": "end_turn",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "max_tokens",
    "TOOL_CALL": "end_turn",  # the calls themselves decide
}
"""`ERROR` and `TIMEOUT` give no answer."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        chat = _CHAT.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if chat is None or chat.message is None:
        return RecordError(502, f"the provider reports success without an answer: {bytes(body).decode()}")
    return _answer(chat, chat.message, asked)


def _answer(chat: _Chat, message: _Message, asked: Callable[[], Request]) -> Answer | RecordError:
    stop_reason = _STOP_REASONS.get(chat.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {chat.finish_reason!r}, which gives no answer")
    content, others = _content(message)
    if message.tool_calls:
        calls = [(call.id, call.function.name, call.function.arguments or "") for call in message.tool_calls]
        tools, stop_reason = tool_uses(calls, stop_reason, asked)
        content += tools
    beside = {"logprobs": chat.logprobs, "citations": message.citations, "content": others}
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=stop_reason,
            usage=_usage(chat.usage or _Usage()),
            additional_model_response_fields={name: value for name, value in beside.items() if value} or None,
        ),
        id=chat.id or "",
        model="",  # not in the response
    )


def _content(message: _Message) -> tuple[list[ContentBlock], list[dict[str, Any]]]:
    """The thoughts and texts, in their order; and what Converse has no place for."""
    blocks: list[ContentBlock] = []
    others: list[dict[str, Any]] = []
    if message.tool_plan:
        blocks.append(_thought(message.tool_plan))
    for part in message.content or ():
        match part:
            case {"type": "text", "text": str(text)}:
                blocks += [ContentBlock(text=text)] if text else []
            case {"type": "thinking", "thinking": str(thinking)}:
                blocks += [_thought(thinking)] if thinking else []
            case _:
                others.append(part)
    return blocks, others


def _thought(text: str) -> ContentBlock:
    return ContentBlock(reasoning_content=ReasoningContent(ReasoningText(text)))


def _usage(usage: _Usage) -> Usage:
    tokens = usage.tokens or usage.billed_units or _Tokens()
    cached = None if usage.cached_tokens is None else int(usage.cached_tokens)
    return usage_of(int(tokens.input_tokens or 0), int(tokens.output_tokens or 0), cached, None)
