"""Texts as embeddings (Mistral: studio-api/knowledge-rag/embeddings, api/endpoint/embeddings).

Nothing is said of the encoding or the type of numbers: without a word they are floats (seen on the live API).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.mistral.lines import line_of
from translators.providers.mistral.rows import body_of, unreadable
from translators.providers.rows import Line, Unfinished

ENDPOINT: Literal["/v1/embeddings"] = "/v1/embeddings"


class _Size(Struct, frozen=True):
    """How many numbers a model's vectors have."""

    usual: int
    longest: int
    can_be_less: bool


_MISTRAL_EMBED = _Size(1024, 1024, can_be_less=False)
_CODESTRAL_EMBED = _Size(1536, 3072, can_be_less=True)

_SIZES: Mapping[str, _Size] = MappingProxyType(
    {
        "mistral-embed": _MISTRAL_EMBED,
        "mistral-embed-2312": _MISTRAL_EMBED,
        "codestral-embed": _CODESTRAL_EMBED,
        "codestral-embed-2505": _CODESTRAL_EMBED,
    }
)
"""Mistral: embeddings/text_embeddings, embeddings/code_embeddings. Of others only Mistral knows."""

_SEVERAL_TEXTS = Note("inputs", "mapped", "the texts of an input are joined by line ends")
_PURPOSE = Note("purpose", "dropped", "Mistral embeds queries and documents alike")
_NORMALIZE = Note("normalize", "dropped", "Mistral's vectors always have length 1")
_TRUNCATE = Note("truncate", "dropped", "Mistral refuses a text that is too long")


class _Vector(Struct):
    index: int
    embedding: tuple[float, ...]


class _Usage(Struct):
    prompt_tokens: int | None = None


class _Body(Struct):
    data: list[_Vector]
    id: str = ""
    model: str = ""
    usage: _Usage | None = None


_BODY = msgspec.json.Decoder(_Body)


def line(custom_id: str, request: EmbeddingRequest, model: str) -> Line:
    """The line that asks Mistral for the vectors. Raises `Refused`."""
    notes: list[Note] = []
    texts = [_text(parts, f"inputs[{index}]", notes) for index, parts in enumerate(request.inputs)]
    body: dict[str, object] = {"input": texts[0] if len(texts) == 1 else texts}
    dimensions = _dimensions(request, model, notes)
    if dimensions is not None:
        body["output_dimension"] = dimensions
    if request.purpose is not None:
        notes.append(_PURPOSE)
    if request.normalize is False:
        notes.append(_NORMALIZE)
    if request.truncate in ("start", "end"):
        notes.append(_TRUNCATE)
    return line_of(custom_id, ENDPOINT, body, notes)


def answer(row: bytes, asked: Callable[[], EmbeddingRequest]) -> EmbeddingAnswer | RecordError | Unfinished:
    """The vectors in a row, in the order of the inputs, or why there are none."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        read = _BODY.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    vectors = sorted(read.data, key=lambda vector: vector.index)
    wanted = len(asked().inputs)
    found = [vector.index for vector in vectors]
    if found != list(range(wanted)):
        return RecordError(502, f"the provider gave the vectors {found}, {wanted} were asked for")
    return EmbeddingAnswer(
        tuple(vector.embedding for vector in vectors),
        id=read.id,
        model=read.model,
        input_tokens=None if read.usage is None else read.usage.prompt_tokens,
    )


def _text(parts: tuple[TextPart | ImagePart, ...], path: str, notes: list[Note]) -> str:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, ImagePart):
            raise Refused(path, "is an image; Mistral embeds only text")
        texts.append(part.text)
    if len(texts) > 1:
        notes.append(_SEVERAL_TEXTS)
    return "\n".join(texts)


def _dimensions(request: EmbeddingRequest, model: str, notes: list[Note]) -> int | None:
    """What to say of the vectors' length: nothing where the model gives it anyway.

    A length that was asked for is kept to or refused. The dialect's usual one is kept to where the model
    is known to have it, so that the vectors fit into the index that the application has.
    """
    size = _SIZES.get(model)
    if size is None:
        return request.dimensions
    asked = request.dimensions if request.dimensions is not None else request.usual_dimensions
    if asked is None or asked == size.usual:
        return None
    if asked <= size.longest and size.can_be_less:
        return asked
    if request.dimensions is None:
        notes.append(Note("dimensions", "mapped", f"{model} gives {size.usual}, not the usual {asked}"))
        return None
    accepted = f"at most {size.longest}" if size.can_be_less else f"{size.longest}"
    raise Refused("dimensions", f"{asked} asked for, {model} gives {accepted}")
