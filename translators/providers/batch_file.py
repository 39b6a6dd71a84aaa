"""Lines of a batch's input file and rows of its results, as all providers have them."""

from collections.abc import Sequence

from msgspec import Struct

from translators.bedrock.converse import Note
from translators.errors import RecordError, is_transient


class Line(Struct, frozen=True, gc=False):
    """A record's line of a batch's input, without its line end; or several lines, with line ends between."""

    data: bytes
    notes: tuple[Note, ...] = ()
    group: str = ""
    """Lines of different groups cannot share a batch."""
    weight: int = 1
    """Number of requests it counts as where a batch is limited (OpenAI: each input of an embedding)."""
    lines: int = 1
    """Several where the provider takes only a part of the record in one request. They stay in one batch, and
    their custom ids are those of `part_id`."""


def part_id(custom_id: str, part: int, parts: int) -> str:
    """The custom id of one of a record's several lines, in characters that every provider takes."""
    return f"{custom_id}_{part}_{parts}"


def joined(lines: Sequence[Line]) -> Line:
    """Several lines of one record as one."""
    if len(lines) == 1:
        return lines[0]
    return Line(
        b"\n".join([line.data for line in lines]),
        once_each([note for line in lines for note in line.notes]),
        lines[0].group,
        sum(line.weight for line in lines),
        len(lines),
    )


def once_each(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A record's notes without repetitions, in their order."""
    if len(notes) < 2 or (len(notes) == 2 and notes[0] != notes[1]):  # as most do, and hashes take longer
        return tuple(notes)
    return tuple(dict.fromkeys(notes))


class Unfinished(Struct, frozen=True):
    """A result row of a record that was not processed: the batch expired or was cancelled."""

    reason: str


class Receipt(Struct, frozen=True):
    """The part of a result row that is read before its translation."""

    custom_id: str
    finished: bool
    """False where the record was not processed."""
    status: int | None = None
    """The HTTP status of a failure, where the provider gives one."""

    @property
    def final(self) -> bool:
        """Whether sending the record again is pointless: it was answered, or refused for a lasting reason."""
        return self.finished and not (self.status is not None and is_transient(self.status))


EMPTY_ROW = RecordError(502, "the provider's result row holds neither a response nor an error")


def unreadable(error: Exception) -> RecordError:
    """The record's error where its result row, or the answer in it, has another form."""
    return RecordError(502, f"the provider's result row cannot be read: {error}")
