"""Texts as embeddings in OpenAI's form (OpenAI: api-reference embeddings/create).

The encoding is left at its default: a line's vectors are floats then (seen on the live APIs), and only the
official SDK asks for base64.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Line, Unfinished, unreadable

ENDPOINT: Literal["/v1/embeddings"] = "/v1/embeddings"

_SEVERAL_TEXTS = Note("inputs", "mapped", "the texts of an input are joined by line ends")


class VectorSize(Struct, frozen=True):
    """Number of values in a model's vectors."""

    usual: int
    longest: int
    can_be_less: bool


class _Vector(Struct):
    embedding: tuple[float, ...]
    index: int | None = None
    """Its place among the inputs; that in the list where it is absent."""


class _Usage(Struct):
    prompt_tokens: int | None = None


class _Body(Struct):
    data: list[_Vector] = []
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Row(Struct):
    id: str | None = None


_BODY = Reader(_Body)
_ROW = Reader(_Row)


@dataclass(frozen=True, kw_only=True)
class EmbeddingServer:
    """Translates embedding records to lines and result rows to vectors."""

    provider: str
    """Its name in notes and refusals."""
    sizes: Mapping[str, VectorSize]
    """By model. Other models get the length that is asked for, and know best."""
    dimensions: Literal["dimensions", "output_dimension"]
    """The parameter that sets the length of the vectors."""
    names_model: bool
    """Whether lines name the model."""
    id_in_row: bool
    """Whether an answer's id is its row's."""
    most_inputs: int | None = None
    """Of one line."""
    write: Callable[[str, dict[str, object], list[Note], int], Line]
    """Custom id, body, notes, number of inputs → the line."""
    body_of: Callable[[bytes], Raw | RecordError | Unfinished]
    """A result row → the response in it."""

    def line(self, custom_id: str, request: EmbeddingRequest, model: str) -> Line:
        """The line that asks for the vectors. Raises `Refused`."""
        count = len(request.inputs)
        notes: list[Note] = []
        texts = joined_texts(request, f"is an image; {self.provider} embeds only text", notes)
        body: dict[str, object] = {"model": model} if self.names_model else {}
        body["input"] = texts[0] if len(texts) == 1 else texts
        dimensions = self._dimensions(request, model, notes)
        if dimensions is not None:
            body[self.dimensions] = dimensions
        if request.purpose is not None:
            notes.append(self._dropped("purpose", "embeds queries and documents alike"))
        if request.normalize is False:
            notes.append(Note("normalize", "dropped", f"{self.provider}'s vectors always have length 1"))
        if request.truncate in ("start", "end"):
            notes.append(self._dropped("truncate", "refuses a text that is too long"))
        return self.write(custom_id, body, notes, count)

    def answer(
        self, row: bytes, asked: Callable[[], EmbeddingRequest]
    ) -> EmbeddingAnswer | RecordError | Unfinished:
        """The vectors in a row, in the order of the inputs, or the error in their place."""
        body = self.body_of(row)
        if not isinstance(body, Raw):
            return body
        try:
            read = _BODY.decode(body)
            answer_id = _ROW.decode(row).id if self.id_in_row else read.id
        except (ValueError, RecursionError) as error:
            return unreadable(error)
        places = [place if vector.index is None else vector.index for place, vector in enumerate(read.data)]
        vectors = sorted(zip(places, read.data, strict=True), key=lambda placed: placed[0])
        found = [place for place, _ in vectors]
        wanted = len(asked().inputs)
        if found != list(range(wanted)):
            return RecordError(502, f"the provider gave the vectors {found}, {wanted} were asked for")
        return EmbeddingAnswer(
            tuple(vector.embedding for _, vector in vectors),
            id=answer_id or "",
            model=read.model or "",
            input_tokens=None if read.usage is None else read.usage.prompt_tokens,
        )

    def _dropped(self, field: str, why: str) -> Note:
        return Note(field, "dropped", f"{self.provider} {why}")

    def _dimensions(self, request: EmbeddingRequest, model: str, notes: list[Note]) -> int | None:
        """The length of the vectors to ask for; None where the model gives it anyway.

        A length that was asked for is kept to or refused. The dialect's usual one is kept to where the model
        is known to have it, so that the vectors fit into the index that the application has.
        """
        size = self.sizes.get(model)
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


def joined_texts(request: EmbeddingRequest, no_images: str, notes: list[Note]) -> list[str]:
    """The texts of each input as one. Raises `Refused` for images, with the message `no_images`."""
    return [_text(parts, f"inputs[{index}]", no_images, notes) for index, parts in enumerate(request.inputs)]


def _text(parts: Sequence[TextPart | ImagePart], path: str, no_images: str, notes: list[Note]) -> str:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, ImagePart):
            raise Refused(path, no_images)
        texts.append(part.text)
    if len(texts) > 1:
        notes.append(_SEVERAL_TEXTS)
    return "\n".join(texts)
