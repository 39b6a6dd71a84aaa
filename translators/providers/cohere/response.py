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
from translators.providers.cohere.rows import body_of, unreadable
from translators.providers.openai.answers import counted, tool_use
from translators.providers.rows import Unfinished


class _Called(Struct):
    name: str = ""
    arguments: str | None = None


class _ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: list[dict[str, Any]] | None = None
    tool_plan: str | None = None
    """What the model means to do with the tools it calls."""
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
    """The answer in a row, or why there is none."""
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


def _answer(chat: _Chat, said: _Message, asked: Callable[[], Request]) -> Answer | RecordError:
    stop_reason = _STOP_REASONS.get(chat.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {chat.finish_reason!r}, which gives no answer")
    content, others = _said(said)
    if said.tool_calls:
        calls = [
            tool_use(index, call.id, call.function.name, call.function.arguments or "", asked)
            for index, call in enumerate(said.tool_calls)
        ]
        content += calls
        if stop_reason == "end_turn":
            understood = all(call.tool_use is not None for call in calls)
            stop_reason = "tool_use" if understood else "malformed_tool_use"
    beside = {"logprobs": chat.logprobs, "citations": said.citations, "content": others}
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=stop_reason,
            usage=_usage(chat.usage or _Usage()),
            additional_model_response_fields={name: told for name, told in beside.items() if told} or None,
        ),
        id=chat.id or "",
        model="",  # Cohere does not say
    )


def _said(said: _Message) -> tuple[list[ContentBlock], list[dict[str, Any]]]:
    """The thoughts and texts, in their order; and what Converse has no place for."""
    blocks: list[ContentBlock] = []
    others: list[dict[str, Any]] = []
    if said.tool_plan:
        blocks.append(_thought(said.tool_plan))
    for part in said.content or ():
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
    return counted(int(tokens.input_tokens or 0), int(tokens.output_tokens or 0), cached, None)
