"""Texts as embeddings (cohere 7.3: v2/client.py, embed; crmne/ruby_llm: protocols/cohere/batch_requests.rb).

Datasets refuse `output_dimension`, which the API takes; whether they take images is not known.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Raw, Struct, field

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, Purpose, VectorType
from translators.errors import RecordError, Refused
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Line, Unfinished, unreadable
from translators.providers.chat_completions.embeddings import joined_texts
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.cohere.rows import body_of

DATASET = "batch-embed-v2-input"
"""The type of a dataset of such lines (cohere 7.3: types/dataset_type.py)."""

most_inputs: int | None = 96
"""Of one line (Cohere: reference/embed)."""

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
    floats: list[tuple[float, ...]] | None = field(default=None, name="float")
    int8: list[list[int]] | None = None
    uint8: list[list[int]] | None = None
    binary: list[list[int]] | None = None
    ubinary: list[list[int]] | None = None


class _Units(Struct):
    input_tokens: float | None = None


class _Meta(Struct):
    billed_units: _Units | None = None


class _Body(Struct):
    embeddings: _Vectors
    id: str | None = None
    meta: _Meta | None = None


_OTHER_TYPES: tuple[VectorType, ...] = ("int8", "uint8", "binary", "ubinary")

_BODY = Reader(_Body)


def line(custom_id: str, request: EmbeddingRequest, model: str) -> Line:
    """The line that asks Cohere for the vectors. Raises `Refused`."""
    notes: list[Note] = []
    _check_length(request, model, notes)
    if request.purpose is None:
        notes.append(_NO_PURPOSE)
    elif request.purpose == "similarity":
        notes.append(_SIMILARITY)
    body: dict[str, object] = {
        "texts": joined_texts(request, "is an image; of Cohere's batches only texts are known", notes),
        "input_type": _INPUT_TYPES[request.purpose or "search_document"],
        "embedding_types": list(dict.fromkeys(request.types)) or ["float"],
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
    vectors, wanted = read.embeddings.floats or [], len(asked().inputs)
    by_type: dict[VectorType, Sequence[Sequence[int]]] = {
        kind: given for kind in _OTHER_TYPES if (given := getattr(read.embeddings, kind)) is not None
    }
    for given in [vectors, *by_type.values()] if vectors or not by_type else by_type.values():
        if len(given) != wanted:
            return RecordError(502, f"the provider gave {len(given)} vectors, {wanted} were asked for")
    units = None if read.meta is None else read.meta.billed_units
    tokens = None if units is None or units.input_tokens is None else int(units.input_tokens)
    return EmbeddingAnswer(tuple(vectors), id=read.id or "", model="", input_tokens=tokens, by_type=by_type)


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
