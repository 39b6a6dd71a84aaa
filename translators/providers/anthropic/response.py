"""A message as a Converse response (Anthropic: api/messages/create, handling-stop-reasons).

An answer is read tolerantly: only the members in use. Content of an unknown type fails its record, with the
API's name of that type.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    CacheDetail,
    CitationsContent,
    ContentBlock,
    Message,
    Output,
    ReasoningContent,
    ReasoningText,
    Request,
    Response,
    StopReason,
    TextBlock,
    ToolUseBlock,
    Usage,
)
from translators.errors import RecordError
from translators.providers.anthropic.citations import Received, Unknown, in_converse
from translators.providers.anthropic.messages import fitted_name
from translators.providers.anthropic.results import Succeeded, outcome
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.identifiers import original_tool_name

_NO_INPUT = Raw(b"{}")


class _Block(Struct):
    """A block of whatever type."""

    type: str
    text: str = ""
    citations: list[Received] | None = None
    thinking: str = ""
    signature: str | None = None
    data: str = ""
    id: str = ""
    name: str = ""
    input: Raw = _NO_INPUT


class _CacheCreation(Struct):
    ephemeral_1h_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None


class _Message(Struct):
    id: str
    model: str
    content: list[_Block]
    usage: _Usage
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)

_STOP_REASONS: Mapping[str | None, StopReason] = MappingProxyType(
    {
        "end_turn": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "refusal": "content_filtered",
        "model_context_window_exceeded": "model_context_window_exceeded",
    }
)
"""`pause_turn` is none of them: the turn of a tool that Anthropic runs is not over, and a batch cannot go on
with it. To call it an end would pass off half an answer as a whole one."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    result = outcome(row)
    return answer_in(result.message, asked) if isinstance(result, Succeeded) else result


def answer_in(body: Raw, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a message, or the error in its place."""
    try:
        message = _MESSAGE.decode(body)
        content = [_content(block, asked) for block in message.content]
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    except Unknown as unknown:
        return RecordError(502, f"the provider answered with {unknown}, which is not known")
    stop_reason = _STOP_REASONS.get(message.stop_reason)
    if stop_reason is None:
        return RecordError(
            502, f"the provider stopped with {message.stop_reason!r}, which is no end of an answer"
        )
    details = message.usage.output_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=stop_reason,
            usage=_usage(message.usage),
            additional_model_response_fields=_beside_the_message(message, body, asked()),
        ),
        id=message.id,
        model=message.model,
        stop_sequence=message.stop_sequence,
        refusal=message.stop_reason == "refusal",
        reasoning_tokens=None if details is None else details.thinking_tokens,
    )


def _content(block: _Block, asked: Callable[[], Request]) -> ContentBlock:
    match block.type:
        case "text" if block.citations:
            cited = CitationsContent([TextBlock(block.text)], [in_converse(one) for one in block.citations])
            return ContentBlock(citations_content=cited)
        case "text":
            return ContentBlock(block.text)
        case "tool_use":
            name = original_tool_name(block.name, asked, fitted_name)
            return ContentBlock(tool_use=ToolUseBlock(block.id, name, block.input))
        case "thinking":
            text = ReasoningText(block.thinking, block.signature)
            return ContentBlock(reasoning_content=ReasoningContent(text))
        case "redacted_thinking":
            # Converse's blob is the text itself, seen on the live API: base64 of Claude's base64.
            blob = b64encode(block.data.encode()).decode()
            return ContentBlock(reasoning_content=ReasoningContent(redacted_content=blob))
        case other:
            raise Unknown(f"a block of type {other!r}")


def _usage(usage: _Usage) -> Usage:
    """Both sides leave what a cache gave or got out of the input's tokens, and count thinking as output."""
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    created = usage.cache_creation or _CacheCreation()
    details = [
        CacheDetail(ttl, tokens)
        for ttl, tokens in (
            ("1h", created.ephemeral_1h_input_tokens),
            ("5m", created.ephemeral_5m_input_tokens),
        )
        if tokens
    ]
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens + (read or 0) + (written or 0),
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        cache_details=details or None,
    )


def _beside_the_message(message: _Message, raw: Raw, request: Request) -> dict[str, Any] | None:
    """The reason for a refusal, and the values that `additionalModelResponseFieldPaths` point at."""
    beside: dict[str, Any] = {}
    if message.stop_details is not None:
        beside["stop_details"] = message.stop_details
    paths = request.additional_model_response_field_paths
    if paths:
        beside |= _pointed_at(msgspec.json.decode(raw), paths)
    return beside or None


def _pointed_at(message: dict[str, Any], pointers: Iterable[str]) -> dict[str, Any]:
    """The values that JSON Pointers (RFC 6901) lead to, under the last step of each."""
    found: dict[str, Any] = {}
    for pointer in pointers:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        value: object = message
        for step in steps:
            value = _inside(value, step)
        if steps and value is not None:
            found[steps[-1]] = value
    return found


def _inside(value: object, step: str) -> object:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).get(step)
    if isinstance(value, list) and step.isdecimal():
        items = cast("list[object]", value)
        return items[int(step)] if int(step) < len(items) else None
    return None
