"""A record of a job as people see it: its four documents, its outcome, what was dropped or mapped."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

type Outcome = Literal["succeeded", "failed", "not processed", "running", "unknown"]
"""`not processed`: the job ended before; `unknown`: the job is over, and what could tell is gone."""

MOST_BYTES = 64 << 20
"""Of a document; one that is longer is not shown."""


class NoSuchRecord(Exception):
    """What was asked for is no record of the job; the message says how many there are."""


class UnknownOutcome(Exception):
    """What became of a job's records cannot be read; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One of a record's four documents."""

    content: bytes | None
    place: str
    """Where it is: `s3://… line 3`, a batch's id, `translated again`."""
    missing: str | None = None
    """Why there is no content."""


@dataclass(frozen=True, kw_only=True)
class RecordDocuments:
    """A record on both sides."""

    job_id: str
    number: int
    """From 1, in the order of the input."""
    record_id: str
    """Empty where the input cannot be read and nothing else tells."""
    custom_ids: tuple[str, ...]
    """Its ids at the provider; several where it was sent in parts."""
    outcome: Outcome
    error: tuple[int, str] | None
    input: Document
    """The line of the job's input."""
    sent: Document
    """The provider's line."""
    received: Document
    """The provider's row."""
    output: Document
    """The line of the job's output."""
    notes: tuple[str, ...]
    """What was dropped or mapped, of the request and of the answer."""


class ErrorGroup(NamedTuple):
    """Failed records with the same error."""

    code: int
    """0 where errors of several codes are counted together."""
    shape: str
    message: str
    """Of the first example."""
    count: int  # type: ignore[assignment]  # it hides a tuple's method, which nobody calls
    number: int
    """Of the first example, from 1."""
    record_id: str


class RecordLine(NamedTuple):
    """A record in a list."""

    number: int
    record_id: str
    outcome: Outcome
    error: tuple[int, str] | None
