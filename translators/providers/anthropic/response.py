"""A message as a Converse response (Anthropic: api/messages/create, handling-stop-reasons).

An answer is read tolerantly: only the members in use. Content of an unknown type fails its record, with the
API's name of that type.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    CacheDetail,
    Citation,
    CitationsContent,
    ContentBlock,
    Message,
    Note,
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
from translators.providers.answers.content_parts import parts_of
from translators.providers.answers.received import Reader, parsed
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.answers.tool_inputs import as_text, tool_input
from translators.providers.anthropic.citations import Received, Unknown, in_converse
from translators.providers.anthropic.messages import fitted_name
from translators.providers.anthropic.results import Succeeded, outcome
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.identifiers import original_tool_name

_NO_INPUT = Raw(b"{}")


class _Block(Struct):
    """A block of whatever type."""

    type: Any = None
    text: str | None = None
    citations: list[Received] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = _NO_INPUT


class _CacheCreation(Struct):
    ephemeral_1h_input_tokens: int | None = None
    ephemeral_5m_input_tokens: int | None = None


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None


class _Message(Struct):
    content: list[_Block | str] | _Block | str
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    stop_reason: Any = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


_MESSAGE = Reader(_Message)

_STOP_REASONS: Mapping[str, StopReason] = MappingProxyType(
    {
        "end_turn": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "refusal": "content_filtered",  # a classifier stopped the model; what it said is not its refusal
        "model_context_window_exceeded": "model_context_window_exceeded",
    }
)
"""`pause_turn` is none of them: the turn of a tool that Anthropic runs is not over, and a batch cannot go on
with it. It is read as an answer that was cut short."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    result = outcome(row)
    return answer_in(result.message, asked) if isinstance(result, Succeeded) else result


def answer_in(body: Raw, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a message, or the error in its place."""
    notes: list[Note] = []
    try:
        message = _MESSAGE.decode(body, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    blocks = message.content if isinstance(message.content, list) else [message.content]
    found = [_content(block, f"call_{index}", asked, notes) for index, block in enumerate(blocks)]
    content = [block for block in found if block is not None]
    if not content and notes and any(note.field == "content" for note in notes):
        return neither_text_nor_call(parsed(body)["content"])
    reason = stop_reason(message.stop_reason, _STOP_REASONS, "stop_reason", content, notes)
    if isinstance(reason, RecordError):
        return reason
    usage = message.usage or _Usage()
    details = usage.output_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=_with_calls(reason, content),
            usage=_usage(usage),
            additional_model_response_fields=_beside_the_message(message, found, body, asked()),
        ),
        id=message.id or "",
        model=message.model or "",
        stop_sequence=message.stop_sequence,
        stopped_by=_stopped_by(message) if reason == "content_filtered" else "",
        reasoning_tokens=None if details is None else details.thinking_tokens,
        notes=notes,
    )


def _with_calls(reason: StopReason, content: list[ContentBlock]) -> StopReason:
    """The reason; an answer with a word that is not Claude's ends with its calls."""
    called = reason == "end_turn" and any(block.tool_use is not None for block in content)
    return "tool_use" if called else reason


def _stopped_by(message: _Message) -> str:
    """The word, and why a classifier stopped the model."""
    details = message.stop_details or {}
    why = [details[name] for name in ("category", "explanation") if isinstance(details.get(name), str)]
    return ", ".join([shown(message.stop_reason), *why])


def _content(
    block: _Block | str, call_id: str, asked: Callable[[], Request], notes: list[Note]
) -> ContentBlock | None:
    """The block; None, with a note, for one of a kind that is not known."""
    match block:
        case str():
            return ContentBlock(text=block)
        case _Block(type="text", text=str(text)):
            return _text(text, block.citations, notes)
        case _Block(type="tool_use", name=str(called)):
            name = original_tool_name(called, asked, fitted_name)
            try:
                return ContentBlock(tool_use=ToolUseBlock(block.id or call_id, name, tool_input(block.input)))
            except (ValueError, RecursionError):
                return ContentBlock(text=as_text(name, block.input))
        case _Block(type="redacted_thinking", data=str(data)):
            # Converse's blob is the text itself, seen on the live API: base64 of Claude's base64.
            blob = b64encode(data.encode()).decode()
            return ContentBlock(reasoning_content=ReasoningContent(redacted_content=blob))
        case _Block(thinking=str(thinking)):
            return ContentBlock(reasoning_content=ReasoningContent(ReasoningText(thinking, block.signature)))
        case _Block(text=str(text)):  # a text, whatever it is called
            return _text(text, block.citations, notes)
        case _:
            notes.append(Note("content", "dropped", f"a block of type {shown(block.type)} is not known"))
            return None


def _text(text: str, citations: list[Received] | None, notes: list[Note]) -> ContentBlock:
    """The text, with those of its citations that Converse has."""
    found: list[Citation] = []
    for citation in citations or ():
        try:
            found.append(in_converse(citation))
        except Unknown as unknown:
            notes.append(Note("content.citations", "dropped", f"{unknown} is not known"))
    if not found:
        return ContentBlock(text=text)
    return ContentBlock(citations_content=CitationsContent([TextBlock(text)], found))


def _usage(usage: _Usage) -> Usage:
    """Both sides leave what a cache gave or got out of the input's tokens, and count thinking as output."""
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    given, output = usage.input_tokens or 0, usage.output_tokens or 0
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
        input_tokens=given,
        output_tokens=output,
        total_tokens=given + output + (read or 0) + (written or 0),
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        cache_details=details or None,
    )


def _beside_the_message(
    message: _Message, found: Sequence[ContentBlock | None], raw: Raw, request: Request
) -> dict[str, Any] | None:
    """The reason for a refusal, blocks that are not known, and the values that
    `additionalModelResponseFieldPaths` point at."""
    beside: dict[str, Any] = {}
    if message.stop_details is not None:
        beside["stop_details"] = message.stop_details
    if None in found:
        pairs = zip(found, parts_of(parsed(raw)["content"]), strict=False)
        beside["content"] = [block for block_found, block in pairs if block_found is None]
    paths = request.additional_model_response_field_paths
    if paths:
        beside |= _pointed_at(parsed(raw), paths)
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
