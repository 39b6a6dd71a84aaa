"""Texts as embeddings (cohere 7.3: v2/client.py, embed; crmne/ruby_llm: protocols/cohere/batch_requests.rb).

Datasets refuse `output_dimension`, which the API takes; whether they take images is not known.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, Purpose
from translators.errors import RecordError, Refused
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Line, Unfinished, unreadable
from translators.providers.chat_completions.embeddings import joined_texts
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.cohere.rows import body_of

DATASET = "batch-embed-v2-input"
"""The type of a dataset of such lines (cohere 7.3: types/dataset_type.py)."""

MOST_INPUTS = 96
"""Of one request (Cohere: reference/embed)."""

_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "embed-v4.0": 1536,
        "embed-english-v3.0": 1024,
        "embed-multilingual-v3.0": 1024,
        "embed-english-light-v3.0": 384,
        "embed-multilingual-light-v3.0": 384,
    }
)
"""Cohere: docs/models. How many numbers a vector has by default."""

_INPUT_TYPES: Mapping[Purpose, str] = MappingProxyType(
    {
        "search_document": "search_document",
        "search_query": "search_query",
        "classification": "classification",
        "clustering": "clustering",
        "similarity": "clustering",
    }
)
"""Cohere has no type for similarity; clustering compares texts alike."""

_NO_PURPOSE = Note("purpose", "mapped", "sent as search_document: Cohere wants to be told one")
_SIMILARITY = Note("purpose", "mapped", "sent as clustering, which compares texts alike")
_NORMALIZE = Note("normalize", "dropped", "Cohere's vectors are as they are")


class _Vectors(Struct):
    float: list[tuple[float, ...]]


class _Units(Struct):
    input_tokens: float | None = None


class _Meta(Struct):
    billed_units: _Units | None = None


class _Body(Struct):
    embeddings: _Vectors
    id: str | None = None
    meta: _Meta | None = None


_BODY = Reader(_Body)


def line(custom_id: str, request: EmbeddingRequest, model: str) -> Line:
    """The line that asks Cohere for the vectors. Raises `Refused`."""
    if len(request.inputs) > MOST_INPUTS:
        raise Refused("inputs", f"{len(request.inputs)} given, Cohere takes {MOST_INPUTS}")
    notes: list[Note] = []
    _check_length(request, model, notes)
    if request.purpose is None:
        notes.append(_NO_PURPOSE)
    elif request.purpose == "similarity":
        notes.append(_SIMILARITY)
    body: dict[str, object] = {
        "texts": joined_texts(request, "is an image; of Cohere's batches only texts are known", notes),
        "input_type": _INPUT_TYPES[request.purpose or "search_document"],
        "embedding_types": ["float"],
    }
    if request.truncate is not None:
        body["truncate"] = request.truncate.upper()
    if request.normalize is not None:
        notes.append(_NORMALIZE)
    return short_line_of(custom_id, DATASET, body, notes)


def answer(row: bytes, asked: Callable[[], EmbeddingRequest]) -> EmbeddingAnswer | RecordError | Unfinished:
    """The vectors in a row, in the order of the inputs, or the error in their place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        read = _BODY.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    vectors, wanted = read.embeddings.float, len(asked().inputs)
    if len(vectors) != wanted:
        return RecordError(502, f"the provider gave {len(vectors)} vectors, {wanted} were asked for")
    units = None if read.meta is None else read.meta.billed_units
    tokens = None if units is None or units.input_tokens is None else int(units.input_tokens)
    return EmbeddingAnswer(tuple(vectors), id=read.id or "", model="", input_tokens=tokens)


def _check_length(request: EmbeddingRequest, model: str, notes: list[Note]) -> None:
    """The length is the model's: another that was asked for is refused, another usual one noted."""
    given = _LENGTHS.get(model)
    if request.dimensions is not None and request.dimensions != given:
        raise Refused(
            "dimensions", f"{request.dimensions} asked for, {model} gives {given or 'its own'} here"
        )
    usual = request.usual_dimensions
    if request.dimensions is None and usual is not None and given is not None and usual != given:
        notes.append(Note("dimensions", "mapped", f"{model} gives {given}, not the usual {usual}"))
