"""Reads the records of a job's input in order, from any record on, at most one line in memory."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

from translators.bedrock.records import (
    LONGEST_LINE,
    AnyRecord,
    NotARecord,
    UnsendableRecord,
    generated_id,
    read_long,
)

BUFFER = 1 << 18
"""Bytes that files are read and written in: with fewer, system calls cost more than copying."""
_PIECE = 1 << 20
"""Bytes of a long line in memory at a time."""


@dataclass(frozen=True)
class InputFile:
    """A spooled input object, and its URI for error texts."""

    path: Path
    key: str

    def open(self) -> BinaryIO:
        """The file, which the caller closes."""
        return self.path.open("rb", BUFFER)


class Readable(Protocol):
    """An input object, on this machine or elsewhere."""

    @property
    def key(self) -> str: ...

    def open(self) -> AbstractContextManager[BinaryIO]: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Whole lines of an input object that follow each other."""

    object: int
    file: Readable
    offset: int = 0
    end: int = sys.maxsize
    """The offset behind the last one."""
    line_number: int = 1
    """The first one's."""


@dataclass(frozen=True)
class Start:
    """The beginning of a range of records."""

    record: int = 0
    object: int = 0
    offset: int = 0
    line_number: int = 1


class Located[Record: AnyRecord](Struct, frozen=True, gc=False):
    """A record and its position. One is made for each record, which a dataclass would be slow at."""

    index: int
    object: int
    offset: int
    line_number: int
    record: Record

    @property
    def record_id(self) -> str:
        return self.record.record_id if self.record.record_id is not None else generated_id(self.index)


class BadLine(ValueError):
    """A line of the input is not a record; the message names the object and the 1-based line."""


def records[Record: AnyRecord](
    inputs: Sequence[Readable], reads: Callable[[bytes], Record | None], start: Start | None = None
) -> Iterator[Located[Record | UnsendableRecord]]:
    """All records from `start` on, each line read by `reads`, which returns None for a blank one.

    Raises `BadLine`.
    """
    begin = start or Start()
    spans = [Span(number, inputs[number]) for number in range(begin.object, len(inputs))]
    if spans:
        spans[0] = replace(spans[0], offset=begin.offset, line_number=begin.line_number)
    return records_in(spans, reads, begin.record)


def records_in[Record: AnyRecord](
    spans: Sequence[Span], reads: Callable[[bytes], Record | None], index: int
) -> Iterator[Located[Record | UnsendableRecord]]:
    """The records of these lines as in `records`; the first one has that index."""
    for span in spans:
        number, offset, end, line_number = span.object, span.offset, span.end, span.line_number
        with span.file.open() as file:
            file.seek(offset)
            while offset < end and (line := file.readline(LONGEST_LINE + 1)):
                record: Record | UnsendableRecord | None
                try:
                    record = reads(line) if len(line) <= LONGEST_LINE else _long(file, offset)
                except NotARecord as error:
                    raise BadLine(f"{span.file.key}, line {line_number}: {error}") from error
                if record is not None:
                    yield Located(index, number, offset, line_number, record)
                    index += 1
                offset = offset + len(line) if len(line) <= LONGEST_LINE else file.tell()
                line_number += 1


def _long(file: BinaryIO, offset: int) -> UnsendableRecord | None:
    """The record of the long line there; leaves the file at the line's end. Raises `NotARecord`."""
    file.seek(offset)

    def pieces() -> Iterator[bytes]:
        while piece := file.readline(_PIECE):
            yield piece
            if piece.endswith(b"\n"):
                break

    def part(begin: int, end: int) -> bytes:
        after = file.tell()
        file.seek(offset + begin)
        found = file.read(end - begin)
        file.seek(after)
        return found

    return read_long(pieces(), part)
