"""The response object in a row of a batch's output, as a Converse response.

OpenAI: api-reference responses/object. Every item counts: the complete text may stand in a later one. What a
provider sends is read tolerantly: only the members in use, and those may be absent.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Note,
    Output,
    Request,
    Response,
    StopReason,
)
from translators.errors import RecordError
from translators.providers.answers.content_parts import parts_of, texts_of
from translators.providers.answers.received import Reader, parsed
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.rows import body_of, failure, is_failure, without_answer
from translators.providers.chat_completions.tool_calls import tool_use, usage_of
from translators.providers.openai.reasoning import content_of

BETWEEN_ITEMS = "\n\n"
"""Separator in dialects with room for one text: two messages of an answer are not one."""


class _Part(Struct):
    """Of reasoning: `summary_text` or `reasoning_text`."""

    text: str = ""


class _Item(Struct):
    type: Any = None
    id: str | None = None
    content: Any = None
    """Parts of a message: `output_text` or `refusal`; or of reasoning."""
    summary: list[_Part] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None


class _Why(Struct):
    reason: Any = None


class _InputDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(Struct):
    reasoning_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Body(Struct):
    status: Any = None
    id: str | None = None
    model: str | None = None
    created_at: float | None = None
    output: list[Raw] | None = None
    incomplete_details: _Why | None = None
    error: Any = None
    usage: _Usage | None = None


_BODY = Reader[_Body | None](_Body | None)
_ITEM = Reader(_Item)

_STOP_REASONS: Mapping[str, StopReason] = MappingProxyType(
    {"completed": "end_turn", "max_output_tokens": "max_tokens", "content_filter": "content_filtered"}
)
"""The status, or why the response is incomplete."""


class _Content(Struct):
    """The items of an answer in the hub."""

    content: list[ContentBlock] = []
    beside: dict[str, list[Any]] = {}
    """What Converse has no place for: annotations, log probabilities, items of kinds that are not known."""
    refusal: str = ""
    called: bool = False
    well_formed: bool = True
    """Whether the arguments of every call are a JSON object."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    notes: list[Note] = []
    try:
        read = _BODY.decode(body, notes)
        if read is not None and is_failure(read.error):
            return failure(read.error)
        if read is None or (not read.output and read.status in (None, "completed")):
            return without_answer(body)
        found = _content_of(read.output or [], asked, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if not found.content and "output" in found.beside:
        return neither_text_nor_call(found.beside["output"])
    reason = stop_reason(_why(read), _STOP_REASONS, "status", found.content, notes)
    return reason if isinstance(reason, RecordError) else _answer(read, found, reason, notes)


def _why(read: _Body) -> object:
    details = read.incomplete_details
    return read.status if details is None or details.reason is None else details.reason


def _answer(read: _Body, found: _Content, reason: StopReason, notes: list[Note]) -> Answer:
    if found.called and reason == "end_turn":
        reason = "tool_use" if found.well_formed else "malformed_tool_use"
    usage = read.usage or _Usage()
    given = usage.input_tokens_details or _InputDetails()
    details = usage.output_tokens_details
    return Answer(
        response=Response(
            output=Output(Message("assistant", found.content)),
            stop_reason="content_filtered" if found.refusal else reason,
            usage=usage_of(
                usage.input_tokens or 0,
                usage.output_tokens or 0,
                given.cached_tokens,
                given.cache_write_tokens,
            ),
            additional_model_response_fields=dict(found.beside) or None,
        ),
        id=read.id or "",
        model=read.model or "",
        refusal=found.refusal,
        stopped_by=shown(_why(read)) if reason == "content_filtered" else "",
        separator=BETWEEN_ITEMS,
        reasoning_tokens=None if details is None else details.reasoning_tokens,
        created=int(read.created_at or 0),
        notes=notes,
    )


def _content_of(items: list[Raw], asked: Callable[[], Request], notes: list[Note]) -> _Content:
    found = _Content()
    for index, raw in enumerate(items):
        item = _ITEM.decode(raw, notes) if bytes(raw)[:1] == b"{" else _Item(content=parsed(raw))
        match item:
            case _Item(type="reasoning"):
                _add_reasoning(item, found)
            case _Item(type="function_call", name=str(name)):
                call = tool_use(index, item.call_id, name, item.arguments, asked)
                found.called = True
                found.well_formed &= call.tool_use is not None
                found.content.append(call)
            case _ if not _add_message(item, found):
                found.beside.setdefault("output", []).append(parsed(raw))
            case _:
                pass
    return found


def _add_message(item: _Item, found: _Content) -> bool:
    """Add a message, the refusal in it behind its texts; whether it is one."""
    texts, refusals, _ = texts_of(item.content)
    refusal = BETWEEN_ITEMS.join(refusals)
    words = [*texts, refusal] if refusal else texts
    found.content += [ContentBlock(text=text) for text in words]
    found.refusal = refusal or found.refusal
    for part in parts_of(item.content):
        for name in ("annotations", "logprobs"):
            details = _list_in(part, name)
            if details:
                found.beside.setdefault(name, []).extend(details)
    return item.type == "message" or bool(words)


def _list_in(part: object, name: str) -> list[Any]:
    found = cast("dict[str, list[Any] | str | None]", part).get(name) if isinstance(part, dict) else None
    return found if isinstance(found, list) else []


def _add_reasoning(item: _Item, found: _Content) -> None:
    """The reasoning itself, which open models show; else its summary."""
    texts, _, _ = texts_of(item.content)
    text = "\n\n".join(texts or [part.text for part in item.summary or ()])
    content = content_of(item.id or "", item.encrypted_content, text)
    if content is not None:
        found.content.append(ContentBlock(reasoning_content=content))
