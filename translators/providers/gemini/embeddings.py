"""Embedding records as `EmbedContentRequest` lines, and the vectors in result rows.

One request embeds one content: a record with several has as many lines. Rows are distinguished by their
keys, which only a file has: the order of inline answers has been seen mangled (googleapis/js-genai#1207).

Gemini: docs/embeddings, api/embeddings; docs/batch-api (batch embeddings).
"""

from collections.abc import Callable, Mapping
from math import hypot
from types import MappingProxyType

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, Purpose, TextPart
from translators.errors import RecordError, Refused
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Line, Unfinished, unreadable
from translators.providers.gemini.parts import Part, image_blob
from translators.providers.gemini.response import Count, unanswered
from translators.providers.grpc_status import Status

EMBED = "asyncBatchEmbedContent"
"""The method that starts a batch of such lines; also the group of the lines."""

most_inputs: int | None = 1
"""Of one line."""

type TaskType = str

_TASKS: Mapping[Purpose, TaskType] = MappingProxyType(
    {
        "search_document": "RETRIEVAL_DOCUMENT",
        "search_query": "RETRIEVAL_QUERY",
        "classification": "CLASSIFICATION",
        "clustering": "CLUSTERING",
        "similarity": "SEMANTIC_SIMILARITY",
    }
)

_TRUNCATED = Note("truncate", "dropped", "Gemini cuts off the end of what is too long, and does not say so")
_LENGTH_ONE = Note("normalize", "dropped", "vectors of Gemini's own number of dimensions have length one")
_WHOLE = Note("average", "mapped", "text and image are embedded as a whole, not apart and averaged")
_TEXT_ONLY = ("gemini-embedding-001", "text-embedding", "embedding-001")


class _Content(Struct, frozen=True):
    parts: list[Part]


class _Request(Struct, frozen=True, rename="camel", omit_defaults=True):
    content: _Content
    task_type: TaskType | None = None
    output_dimensionality: int | None = None


class _Line(Struct, frozen=True):
    key: str
    request: _Request


class _Embedding(Struct):
    values: tuple[float, ...]


class _Usage(Struct, rename="camel"):
    prompt_token_count: Count = None


class _Response(Struct, rename="camel"):
    embedding: _Embedding
    token_count: Count = None
    usage_metadata: _Usage | None = None


class _Row(Struct):
    key: str = ""
    response: _Response | None = None
    error: Status | str | None = None
    status: Status | str | None = None


_ENCODER = msgspec.json.Encoder()
_ROW = Reader(_Row)


def line(custom_id: str, request: EmbeddingRequest, model: str) -> Line:
    """The line that asks Gemini for this record's vector. Raises `Refused`."""
    notes: list[Note] = []
    parts = [_part(part, f"inputs[0][{index}]", model) for index, part in enumerate(request.inputs[0])]
    if request.average and len(parts) > 1:
        notes.append(_WHOLE)
    if request.truncate in {"none", "start"}:
        notes.append(_TRUNCATED)
    dimensions = request.dimensions if request.dimensions is not None else request.usual_dimensions
    if request.normalize is False and dimensions is None:
        notes.append(_LENGTH_ONE)
    task = None if request.purpose is None else _TASKS[request.purpose]
    asked = _Request(_Content(parts), task, dimensions)
    return Line(_ENCODER.encode(_Line(custom_id, asked)), tuple(notes), EMBED)


def _part(part: TextPart | ImagePart, path: str, model: str) -> Part:
    if isinstance(part, TextPart):
        return Part(part.text)
    if model.removeprefix("models/").startswith(_TEXT_ONLY):
        raise Refused(path, f"is an image; {model} embeds text only")
    return Part(inline_data=image_blob(part.format, part.data, path))


def answer(row: bytes, asked: Callable[[], EmbeddingRequest]) -> EmbeddingAnswer | RecordError | Unfinished:
    """The vector in a row, or the error in its place.

    Gemini gives vectors of fewer dimensions than its own as they are cut off. They are brought to length one
    here, which is what Bedrock's models give unless `normalize` is false.
    """
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if read.response is None:
        return unanswered(read.error or read.status)
    vector = read.response.embedding.values
    if asked().normalize is not False:
        length = hypot(*vector)
        vector = tuple(value / length for value in vector) if length > 0 else vector
    usage = read.response.usage_metadata or _Usage()
    count = usage.prompt_token_count if read.response.token_count is None else read.response.token_count
    return EmbeddingAnswer(
        vectors=(vector,), id=read.key, model="", input_tokens=None if count is None else int(count)
    )
