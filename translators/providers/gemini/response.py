"""A row of a batch's results: the `GenerateContentResponse` as a Converse response.

Gemini: docs/batch-api (the row), generate-content (its response). What a provider sends is read tolerantly:
only the members in use, and those may be absent.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    ImageBlock,
    ImageFormat,
    Message,
    Note,
    Output,
    ReasoningContent,
    ReasoningText,
    Request,
    Response,
    Source,
    StopReason,
    ToolUseBlock,
    Usage,
)
from translators.errors import RecordError
from translators.providers.answers.content_parts import parts_of
from translators.providers.answers.received import Reader, parsed
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.answers.tool_inputs import as_text, tool_input
from translators.providers.batch_file import EMPTY_ROW, Receipt, Unfinished, unreadable
from translators.providers.gemini.finish_reasons import STOP_REASONS, word_of
from translators.providers.gemini.signatures import marked
from translators.providers.gemini.tools import function_name
from translators.providers.grpc_status import CANCELLED, Status
from translators.providers.identifiers import fitting, original_tool_name

type Count = int | str | None
"""A number of tokens: text where Google writes a 64-bit integer."""


class _Blob(Struct, rename="camel"):
    mime_type: str
    data: str


class _FunctionCall(Struct):
    name: str
    args: Raw = Raw(b"{}")
    id: str | None = None


class _Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None
    inline_data: _Blob | None = None


class _Content(Struct):
    parts: list[_Part | str] | _Part | str | None = None


class _Candidate(Struct, rename="camel"):
    content: _Content | str | None = None
    finish_reason: Any = None
    finish_message: str | None = None
    safety_ratings: Any = None
    citation_metadata: Any = None
    grounding_metadata: Any = None
    logprobs_result: Any = None


class _Usage(Struct, rename="camel"):
    prompt_token_count: Count = None
    cached_content_token_count: Count = None
    tool_use_prompt_token_count: Count = None
    candidates_token_count: Count = None
    thoughts_token_count: Count = None


class _Response(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: dict[str, Any] | None = None
    usage_metadata: _Usage | None = None
    model_version: str | None = None
    response_id: str | None = None
    create_time: datetime | None = None


class _Row(Struct):
    response: _Response | None = None
    error: Status | str | None = None
    status: Status | str | None = None
    """The guide's name for a status object in the place of a response."""


class Head(Struct):
    """The members of a row that identify its record and show whether there is an answer."""

    key: str
    response: Raw = Raw(b"null")
    error: Status | str | None = None
    status: Status | str | None = None


_HEAD = Reader(Head)
_ROW = Reader(_Row)
_RESPONSE = Reader(_Response)
_PART = Reader(_Part)

LONGEST_TOOL_USE_ID = 64
"""Of a Converse `toolUseId` (AWS: API_runtime_ToolUseBlock)."""

_IMAGES: dict[str, ImageFormat] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "image/gif": "gif",
}


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    head = _HEAD.decode(row)
    status = _as_status(head.error or head.status) if bytes(head.response) == b"null" else None
    finished = not _is_cancelled(status)
    return Receipt(head.key, finished=finished, status=None if status is None else status.http)


def _is_cancelled(status: Status | None) -> bool:
    """Whether the record was not processed."""
    return status is not None and status.word == CANCELLED


def _as_status(given: Status | str | None) -> Status | None:
    return Status(message=given) if isinstance(given, str) else given


def unanswered(given: Status | str | None) -> RecordError | Unfinished:
    """The outcome of a row without a response: a status, or words."""
    status = _as_status(given or None)
    if status is None:
        return EMPTY_ROW
    return Unfinished(status.text) if _is_cancelled(status) else RecordError(status.http, status.text)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    notes: list[Note] = []
    try:
        read = _ROW.decode(row, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if read.response is None:
        return unanswered(read.error or read.status)
    return _answered(read.response, lambda: parsed(row)["response"], asked, notes)


def answer_in(body: bytes, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a `GenerateContentResponse`, or the error in its place."""
    notes: list[Note] = []
    try:
        read = _RESPONSE.decode(body, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    return _answered(read, lambda: parsed(body), asked, notes)


type _Whole = Callable[[], Any]
"""The response with all that is in it."""


def _answered(
    response: _Response, whole: _Whole, asked: Callable[[], Request], notes: list[Note]
) -> Answer | RecordError:
    if response.candidates:
        return _answer(response, response.candidates[0], whole, asked, notes)
    if response.prompt_feedback is None:
        return RecordError(502, "the provider reports success without an answer")
    return _answer(response, _Candidate(finish_reason="SAFETY"), whole, asked, notes)


def _answer(
    response: _Response,
    candidate: _Candidate,
    whole: _Whole,
    asked: Callable[[], Request],
    notes: list[Note],
) -> Answer | RecordError:
    """The first candidate: a record asks for one, and Converse has room for one.

    A prompt that was blocked has none at all, and is answered like an answer that was blocked.
    """
    parts, word = _parts(candidate), word_of(candidate.finish_reason)
    content = _blocks(response, parts, asked)
    if not content and any("candidates.content" in note.field for note in notes):
        return neither_text_nor_call(whole()["candidates"])
    reason = stop_reason(word, STOP_REASONS, "finishReason", content, notes)
    if isinstance(reason, RecordError):
        explained = f"{reason.message}: {candidate.finish_message}"
        return RecordError(reason.code, explained) if candidate.finish_message else reason
    if reason == "end_turn" and any(part.function_call is not None for part in parts):
        called = any(block.tool_use is not None for block in content)
        reason = "tool_use" if called else "malformed_tool_use"
    usage = response.usage_metadata or _Usage()
    beside = _beside_the_message(response, candidate, parts, reason, whole)
    if reason not in {"end_turn", "tool_use"} and candidate.finish_message is not None:
        beside["finishMessage"] = candidate.finish_message
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=reason,
            usage=_usage(usage),
            additional_model_response_fields=beside or None,
        ),
        id=response.response_id or "",
        model=response.model_version or "",
        stopped_by=_filter_of(response, word) if reason == "content_filtered" else "",
        reasoning_tokens=None if usage.thoughts_token_count is None else _count(usage.thoughts_token_count),
        created=0 if response.create_time is None else int(response.create_time.timestamp()),
        notes=notes,
    )


def _filter_of(response: _Response, word: object) -> str:
    """The name of the filter that stopped the prompt, or the answer."""
    return shown((response.prompt_feedback or {}).get("blockReason") or word)


def _parts(candidate: _Candidate) -> list[_Part]:
    """The parts; a text in place of one, or of them all, is a part with that text."""
    content = candidate.content
    found = content.parts if isinstance(content, _Content) else content
    if found is None:
        return []
    parts = found if isinstance(found, list) else [found]
    return [_Part(text=part) if isinstance(part, str) else part for part in parts]


def _blocks(response: _Response, parts: list[_Part], asked: Callable[[], Request]) -> list[ContentBlock]:
    """Thoughts, text, calls and images, in their order.

    The signature of a call stays with the reasoning before it, which is made for it where there is none:
    without it Gemini refuses the next turn. A text can do without, so its signature is kept only where
    reasoning is shown.
    """
    blocks: list[ContentBlock] = []
    thoughts = ""
    for index, part in enumerate(parts):
        if part.thought:
            thoughts += part.text or ""
            continue
        signed = part.thought_signature is not None and (thoughts or part.function_call is not None)
        if thoughts or signed:
            signature = marked(part.thought_signature) if signed and part.thought_signature else None
            blocks.append(_reasoning(thoughts, signature))
            thoughts = ""
        if part.text:
            blocks.append(ContentBlock(text=part.text))
        elif part.function_call is not None:
            call_id = part.function_call.id or f"call_{response.response_id or 0}_{index}"
            blocks.append(_tool_use(part.function_call, call_id, asked))
        elif part.inline_data is not None and part.inline_data.mime_type in _IMAGES:
            image = ImageBlock(_IMAGES[part.inline_data.mime_type], Source(bytes=part.inline_data.data))
            blocks.append(ContentBlock(image=image))
    if thoughts:
        blocks.append(_reasoning(thoughts, None))
    return blocks


def _reasoning(text: str, signature: str | None) -> ContentBlock:
    return ContentBlock(reasoning_content=ReasoningContent(ReasoningText(text, signature)))


def _tool_use(call: _FunctionCall, call_id: str, asked: Callable[[], Request]) -> ContentBlock:
    """The call; or, where its arguments are no object, a text that shows what the model wrote. Older models
    give no ids; what we make of the response's own is the same every time."""
    name = original_tool_name(call.name, asked, function_name)
    try:
        called_with = tool_input(call.args)
    except (ValueError, RecursionError):
        return ContentBlock(text=as_text(name, call.args))
    return ContentBlock(tool_use=ToolUseBlock(fitting(call_id, LONGEST_TOOL_USE_ID), name, called_with))


def _beside_the_message(
    response: _Response, candidate: _Candidate, parts: list[_Part], reason: StopReason, whole: _Whole
) -> dict[str, Any]:
    """What Converse has no place for: where the text is quoted from, log probabilities, why it was blocked,
    parts of kinds that a model gives only when it is asked for them."""
    beside = {
        "citationMetadata": candidate.citation_metadata,
        "groundingMetadata": candidate.grounding_metadata,
        "logprobsResult": candidate.logprobs_result,
        "promptFeedback": response.prompt_feedback,
    }
    if reason == "content_filtered":
        beside["safetyRatings"] = candidate.safety_ratings
    if any(map(_is_odd, parts)):
        every = whole()["candidates"][0]["content"]["parts"]
        beside["parts"] = [
            part
            for part in parts_of(every)
            if isinstance(part, dict)
            and part.keys() - {"text", "thoughtSignature"}
            and _is_odd(_PART.decode(msgspec.json.encode(part)))
        ] or None
    return {name: value for name, value in beside.items() if value is not None}


def _is_odd(part: _Part) -> bool:
    if part.inline_data is not None:
        return part.inline_data.mime_type not in _IMAGES
    return not part.thought and part.text is None and part.function_call is None


def _usage(usage: _Usage) -> Usage:
    """Gemini counts cached tokens among the prompt's and thoughts beside the answer's; Bedrock the other way
    round."""
    cached = _count(usage.cached_content_token_count)
    prompt = _count(usage.prompt_token_count) + _count(usage.tool_use_prompt_token_count)
    output = _count(usage.candidates_token_count) + _count(usage.thoughts_token_count)
    return Usage(
        input_tokens=max(0, prompt - cached),
        output_tokens=output,
        total_tokens=prompt + output,
        cache_read_input_tokens=None if usage.cached_content_token_count is None else cached,
    )


def _count(count: Count) -> int:
    return int(count) if isinstance(count, int) or (count is not None and count.isdecimal()) else 0
