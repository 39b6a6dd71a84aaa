"""Lines that go into a batch and rows that come out of it, as every provider module speaks of them."""

from collections.abc import Sequence

from msgspec import Struct

from translators.bedrock.converse import Note
from translators.errors import is_transient


class Line(Struct, frozen=True, gc=False):
    """One line of a batch's input, without its line end."""

    data: bytes
    notes: tuple[Note, ...] = ()
    group: str = ""
    """Lines of different groups cannot share a batch."""
    weight: int = 1
    """How many requests it counts as where a batch is limited (OpenAI: each input of an embedding)."""


def once_each(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A record's notes for its line."""
    return tuple(notes) if len(notes) < 2 else tuple(dict.fromkeys(notes))  # few have two


class Unfinished(Struct, frozen=True):
    """A result row that says the record was not processed (the batch expired or was cancelled)."""

    reason: str


class Receipt(Struct, frozen=True):
    """What a result row says before it is translated."""

    custom_id: str
    finished: bool
    """False where the record was not processed."""
    status: int | None = None
    """The HTTP status of a failure, where the provider gives one."""

    @property
    def final(self) -> bool:
        """Whether asking again would bring nothing new: answered, or refused for a reason that stays."""
        return self.finished and not (self.status is not None and is_transient(self.status))
