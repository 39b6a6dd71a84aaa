"""The response object in a row of a batch's output, as a Converse response.

OpenAI: api-reference responses/object. Every item counts: the complete text may stand in a later one. What a
provider sends is read tolerantly: only the members in use, and those may be absent.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    Request,
    Response,
    StopReason,
)
from translators.errors import RecordError
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.rows import body_of, without_answer
from translators.providers.chat_completions.tool_calls import tool_use, usage_of
from translators.providers.openai.reasoning import content_of


class _Part(Struct):
    """Of a message: `output_text` or `refusal`; of reasoning: `summary_text` or `reasoning_text`."""

    text: str = ""
    refusal: str = ""
    annotations: list[Any] = []
    logprobs: list[Any] | None = None


class _Item(Struct):
    type: str
    id: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str = ""
    arguments: str = ""


class _Why(Struct):
    reason: str | None = None


class _Error(Struct):
    code: str | None = None
    message: str | None = None


class _InputDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(Struct):
    reasoning_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _InputDetails = msgspec.field(default_factory=_InputDetails)
    output_tokens_details: _OutputDetails = msgspec.field(default_factory=_OutputDetails)


class _Body(Struct):
    status: str | None = None
    id: str = ""
    model: str = ""
    created_at: float = 0
    output: list[Raw] = []
    incomplete_details: _Why | None = None
    error: _Error | None = None
    usage: _Usage | None = None


_BODY = msgspec.json.Decoder(_Body | None)
_ITEM = msgspec.json.Decoder(_Item)

_INCOMPLETE: Mapping[str | None, StopReason] = MappingProxyType(
    {"max_output_tokens": "max_tokens", "content_filter": "content_filtered"}
)


class _Content(Struct):
    """The items of an answer in the hub."""

    content: list[ContentBlock] = []
    beside: dict[str, list[Any]] = {}
    """Content that Converse has no place for: annotations, log probabilities, items of unknown kinds."""
    refused: bool = False
    called: bool = False
    well_formed: bool = True
    """Whether the arguments of every call are a JSON object."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        read = _BODY.decode(body)
        if read is None or (read.status == "completed" and not read.output):
            return without_answer(body)
        if read.error is not None:
            return RecordError(500, read.error.message or f"the provider failed with {read.error.code!r}")
        stop_reason = _stop_reason(read)
        if stop_reason is None:
            return RecordError(502, f"the provider stopped with {_why(read)!r}, which is not known")
        found = _content_of(read.output, asked)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    return _answer(read, found, stop_reason)


def _stop_reason(read: _Body) -> StopReason | None:
    if read.status == "completed":
        return "end_turn"
    if read.status == "incomplete":
        return _INCOMPLETE.get(_why(read))
    return None


def _why(read: _Body) -> str | None:
    if read.status == "incomplete" and read.incomplete_details is not None:
        return read.incomplete_details.reason
    return read.status


def _answer(read: _Body, found: _Content, stop_reason: StopReason) -> Answer:
    if found.called and stop_reason == "end_turn":
        stop_reason = "tool_use" if found.well_formed else "malformed_tool_use"
    usage = read.usage or _Usage()
    return Answer(
        response=Response(
            output=Output(Message("assistant", found.content)),
            stop_reason="content_filtered" if found.refused else stop_reason,
            usage=usage_of(
                usage.input_tokens,
                usage.output_tokens,
                usage.input_tokens_details.cached_tokens,
                usage.input_tokens_details.cache_write_tokens,
            ),
            additional_model_response_fields=dict(found.beside) or None,
        ),
        id=read.id,
        model=read.model,
        refusal=found.refused,
        reasoning_tokens=usage.output_tokens_details.reasoning_tokens,
        created=int(read.created_at),
    )


def _content_of(items: list[Raw], asked: Callable[[], Request]) -> _Content:
    found = _Content()
    for index, raw in enumerate(items):
        item = _ITEM.decode(raw)
        match item.type:
            case "message":
                _add_message(item, found)
            case "reasoning":
                _add_reasoning(item, found)
            case "function_call":
                call = tool_use(index, item.call_id, item.name, item.arguments, asked)
                found.called = True
                found.well_formed &= call.tool_use is not None
                found.content.append(call)
            case _:
                found.beside.setdefault("output", []).append(msgspec.json.decode(raw))
    return found


def _add_message(item: _Item, found: _Content) -> None:
    for part in item.content or ():
        found.content += [ContentBlock(text=words) for words in (part.text, part.refusal) if words]
        found.refused |= bool(part.refusal)
        for name, details in (("annotations", part.annotations), ("logprobs", part.logprobs)):
            if details:
                found.beside.setdefault(name, []).extend(details)


def _add_reasoning(item: _Item, found: _Content) -> None:
    """The reasoning itself, which open models show; else its summary."""
    text = "\n\n".join(part.text for part in item.content or item.summary or ())
    content = content_of(item.id, item.encrypted_content, text)
    if content is not None:
        found.content.append(ContentBlock(reasoning_content=content))
