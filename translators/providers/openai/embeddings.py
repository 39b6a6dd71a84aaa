"""Texts as embeddings (OpenAI: api-reference embeddings/create, guides/embeddings).

Nothing is said of the encoding: without a word a line's vectors are floats (seen on the live API), and only
the official SDK asks for base64.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.openai.lines import line_of
from translators.providers.openai.rows import body_of, unreadable
from translators.providers.rows import Line, Unfinished

ENDPOINT: Literal["/v1/embeddings"] = "/v1/embeddings"

MOST_INPUTS = 2048
"""Of one request."""


class _Size(Struct, frozen=True):
    """How many numbers a model's vectors have."""

    longest: int
    can_be_less: bool


_SIZES: Mapping[str, _Size] = MappingProxyType(
    {
        "text-embedding-3-small": _Size(1536, can_be_less=True),
        "text-embedding-3-large": _Size(3072, can_be_less=True),
        "text-embedding-ada-002": _Size(1536, can_be_less=False),
    }
)
"""OpenAI: guides/embeddings. Other names are of compatible servers, which know best."""

_SEVERAL_TEXTS = Note("inputs", "mapped", "the texts of an input are joined by line ends")
_PURPOSE = Note("purpose", "dropped", "OpenAI embeds queries and documents alike")
_NORMALIZE = Note("normalize", "dropped", "OpenAI's vectors always have length 1")
_TRUNCATE = Note("truncate", "dropped", "OpenAI refuses a text that is too long")


class _Vector(Struct):
    index: int
    embedding: tuple[float, ...]


class _Usage(Struct):
    prompt_tokens: int | None = None


class _Body(Struct):
    data: list[_Vector]
    model: str = ""
    usage: _Usage | None = None


class _Row(Struct):
    id: str = ""


_BODY = msgspec.json.Decoder(_Body)
_ROW = msgspec.json.Decoder(_Row)


def line(custom_id: str, request: EmbeddingRequest, model: str) -> Line:
    """The line that asks OpenAI for the vectors. Each input counts as a request of the batch.

    Raises `Refused`.
    """
    if len(request.inputs) > MOST_INPUTS:
        raise Refused("inputs", f"{len(request.inputs)} given, OpenAI takes {MOST_INPUTS}")
    notes: list[Note] = []
    texts = [_text(parts, f"inputs[{index}]", notes) for index, parts in enumerate(request.inputs)]
    body: dict[str, object] = {"model": model, "input": texts[0] if len(texts) == 1 else texts}
    dimensions = _dimensions(request, model, notes)
    if dimensions is not None:
        body["dimensions"] = dimensions
    if request.purpose is not None:
        notes.append(_PURPOSE)
    if request.normalize is False:
        notes.append(_NORMALIZE)
    if request.truncate in ("start", "end"):
        notes.append(_TRUNCATE)
    return line_of(custom_id, ENDPOINT, body, notes, weight=len(texts))


def answer(row: bytes, asked: Callable[[], EmbeddingRequest]) -> EmbeddingAnswer | RecordError | Unfinished:
    """The vectors in a row, in the order of the inputs, or why there are none."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        read = _BODY.decode(body)
        row_id = _ROW.decode(row).id
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    vectors = sorted(read.data, key=lambda vector: vector.index)
    wanted = len(asked().inputs)
    if [vector.index for vector in vectors] != list(range(wanted)):
        found = [vector.index for vector in vectors]
        return RecordError(502, f"the provider gave the vectors {found}, {wanted} were asked for")
    return EmbeddingAnswer(
        tuple(vector.embedding for vector in vectors),
        id=row_id,
        model=read.model,
        input_tokens=None if read.usage is None else read.usage.prompt_tokens,
    )


def _text(parts: tuple[TextPart | ImagePart, ...], path: str, notes: list[Note]) -> str:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, ImagePart):
            raise Refused(path, "is an image; OpenAI embeds only text")
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
    if asked is None or asked == size.longest:
        return None
    if asked < size.longest and size.can_be_less:
        return asked
    if request.dimensions is None:
        notes.append(Note("dimensions", "mapped", f"{model} gives {size.longest}, not the usual {asked}"))
        return None
    accepted = f"at most {size.longest}" if size.can_be_less else f"{size.longest}"
    raise Refused("dimensions", f"{asked} asked for, {model} gives {accepted}")
