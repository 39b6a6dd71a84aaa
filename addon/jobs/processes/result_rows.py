"""Finds the rows of a job in result files, and which row counts for each of its lines."""

import codecs
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from msgspec import Struct

from addon.jobs.processes import damaged_rows
from addon.jobs.processes.input_blocks import InputBlock, blocks_of
from addon.jobs.processes.input_reader import BUFFER, InputFile, Span
from addon.jobs.processes.line_blocks import in_order
from addon.jobs.processes.pool import Workers
from addon.jobs.processes.split import Cut, Request, is_in, request_of
from translators.providers.batch_file import Receipt
from translators.providers.registry import provider


class Precedence(IntEnum):
    """Precedence of result rows: a row replaces earlier ones of at most its own rank, but never a final
    one."""

    NOT_PROCESSED = 0
    FAILED_FOR_NOW = 1
    UNREADABLE = 2
    FINAL = 3


class Place(Struct, frozen=True, gc=False):
    """The position of a row in the result files, and its kind.

    One is made for each row, which a dataclass would be slow at.
    """

    file: int
    offset: int
    length: int
    precedence: Precedence
    failed: bool
    damaged: bool
    """It is no valid JSON."""

    def replaces(self, earlier: "Place | None") -> bool:
        """Whether this row counts, and not an earlier one for the same line."""
        return earlier is None or (
            earlier.precedence < Precedence.FINAL and earlier.precedence <= self.precedence
        )


def to_first_row(file: BinaryIO) -> int:
    """Skip a byte order mark at the beginning of a file; the offset after it."""
    mark = file.read(len(codecs.BOM_UTF8))
    return file.seek(len(mark) if mark == codecs.BOM_UTF8 else 0)


def answered(results: Sequence[Path], kind: str, job_id: str) -> frozenset[Request]:
    """The lines of the job that have a final row in these result files, readable or not; where a line of a
    record failed, all lines of that record."""
    return answered_and_failed(results, kind, job_id)[0]


def answered_and_failed(results: Sequence[Path], kind: str, job_id: str) -> tuple[frozenset[Request], int]:
    """The lines as in `answered`, and how many of them failed."""
    final = {
        request: place.failed
        for request, place in _index(results, kind, job_id).items()
        if place.precedence >= Precedence.UNREADABLE
    }
    failed = {
        request._replace(part=part)
        for request, has_failed in final.items()
        if has_failed
        for part in range(request.parts)
    }
    return frozenset(final.keys() | failed), len(failed)


def failed_for_now(results: Sequence[Path], kind: str, job_id: str) -> int:
    """Number of the job's lines that failed in these result files for a temporary reason."""
    places = _index(results, kind, job_id)
    return sum(place.precedence is Precedence.FAILED_FOR_NOW for place in places.values())


def has_only_foreign_rows(results: Sequence[Path], kind: str, job_id: str, cut: Cut) -> bool:
    """Whether there are result rows, and none of them belongs to a record of this range."""
    receipt = provider(kind).receipt
    foreign = False
    for path in results:
        with path.open("rb") as file:
            to_first_row(file)
            for line in filter(bytes.strip, file):
                try:
                    custom_id = receipt(line).custom_id
                except (ValueError, RecursionError):
                    continue  # a row of no record
                if is_in(cut, custom_id, job_id):
                    return False
                foreign = True
    return foreign


class RowCounts(NamedTuple):
    """The number of rows in result files, by kind."""

    readable: int = 0
    """If need be after a repair."""
    unreadable: int = 0
    failed_for_now: int = 0
    """Readable ones, of any record or none."""


def row_counts(results: Sequence[Path], kind: str) -> RowCounts:
    """How many rows there are."""
    receipt = provider(kind).receipt
    readable = unreadable = failed_for_now = 0
    for path in results:
        with path.open("rb", BUFFER) as file:
            to_first_row(file)
            for line in filter(bytes.strip, file):
                row: Receipt | None
                try:
                    row = receipt(line)
                except (ValueError, RecursionError):
                    row = damaged_rows.receipt_of(line, receipt)
                if row is None:
                    unreadable += 1
                else:
                    readable += 1
                    failed_for_now += row.finished and not row.final
    return RowCounts(readable, unreadable, failed_for_now)


def _index(results: Sequence[Path], kind: str, job_id: str) -> dict[Request, Place]:
    """The place of each line's row: the first final one, else the last of the highest precedence."""
    places: dict[Request, Place] = {}
    for request, place in places_of(_spans(results), kind, job_id):
        if place.replaces(places.get(request)):
            places[request] = place
    return places


def _spans(results: Sequence[Path]) -> list[Span]:
    return [Span(number, InputFile(path, str(path))) for number, path in enumerate(results)]


def places_of(
    spans: Sequence[Span], kind: str, job_id: str, only: int | None = None
) -> Iterator[tuple[Request, Place]]:
    """The rows of the job, or only those of one record, among these lines of result files, with their
    places."""
    receipt = provider(kind).receipt
    needle = b"" if only is None else f"{job_id}-{only}".encode()
    for span in spans:
        with span.file.open() as file:
            offset = to_first_row(file) if span.offset == 0 else file.seek(span.offset)
            while offset < span.end and (line := file.readline()):
                length = len(line)
                if needle in line and line.strip():
                    damaged = False
                    row: Receipt | None
                    try:
                        row = receipt(line)
                    except (ValueError, RecursionError):
                        damaged = True
                        row = damaged_rows.receipt_of(line, receipt)
                    if row is None:
                        request = damaged_rows.request_in(line, job_id)
                        precedence, failed = Precedence.UNREADABLE, True
                    else:
                        request = _request(row.custom_id, job_id)
                        precedence, failed = _precedence(row), row.status is not None
                    if request is not None and (only is None or request.record == only):
                        yield request, Place(span.object, offset, length, precedence, failed, damaged)
                offset += length


def _request(custom_id: str, job_id: str) -> Request | None:
    """The line of the job that a row is about, if any."""
    try:
        return request_of(custom_id, job_id)
    except ValueError:
        return None


def _precedence(row: Receipt) -> Precedence:
    if row.final:
        return Precedence.FINAL
    return Precedence.FAILED_FOR_NOW if row.finished else Precedence.NOT_PROCESSED


_NUMBERS = 5
"""Of a row, in arrays: record, file, offset, length, and its other properties as one."""


@dataclass(slots=True)
class BlockRows:
    """The rows in a block of the result files."""

    records: int
    """Its lines; their number is exact, so that no block is done twice."""
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    """Of the rows that are whole answers."""
    are_in_order: bool = True
    """Whether those are of records that follow each other."""
    parts: list[tuple[Request, Place]] = field(default_factory=list[tuple[Request, Place]])
    """The rows of lines of which a record has several."""


def block_rows(kind: str, job_id: str, wanted: range, block: InputBlock, _index: int) -> BlockRows:
    """Find the rows of wanted records in a block of result files. Runs in a worker process."""
    found, following = BlockRows(records=block.lines), None
    for request, place in places_of(block.spans, kind, job_id):
        if request.record not in wanted:
            continue
        if request.parts > 1:
            found.parts.append((request, place))
            continue
        if following is not None and request.record != following:
            found.are_in_order = False
        following = request.record + 1
        found.numbers.extend(_as_numbers(request.record, place))
    return found


def _as_numbers(record: int, place: Place) -> tuple[int, ...]:
    code = place.precedence << 2 | place.failed << 1 | place.damaged
    return record, place.file, place.offset, place.length, code


class RowTable:
    """The places of the rows that count, of records that follow each other."""

    def __init__(self, first: int, records: int) -> None:
        self._first = first
        self._numbers = array("Q", bytes(8 * _NUMBERS * records))
        """Of each record; a length of 0 where it has no row."""
        self._parts: dict[int, dict[Request, Place]] = {}
        """By record."""

    @classmethod
    def of(
        cls, results: Sequence[Path], kind: str, job_id: str, cut: Cut, workers: Workers, size: int
    ) -> "RowTable":
        """The table of a range's records."""
        table, first = cls(cut.start.record, cut.records), cut.start.record
        files = [InputFile(path, str(path)) for path in results]
        submit = partial(workers.submit, block_rows, kind, job_id, range(first, first + cut.records))
        for _, rows in in_order(blocks_of(files, size), submit, workers.in_flight):
            table.add(rows)
        return table

    def add(self, rows: BlockRows) -> None:
        """Have the rows of a block, where no earlier ones count."""
        for request, place in rows.parts:
            of_record = self._parts.setdefault(request.record, {})
            if place.replaces(of_record.get(request)):
                of_record[request] = place
        numbers = rows.numbers
        if not numbers:
            return
        at = (numbers[0] - self._first) * _NUMBERS
        if rows.are_in_order and not any(self._numbers[at : at + len(numbers)]):
            self._numbers[at : at + len(numbers)] = numbers
        else:
            for at in range(0, len(numbers), _NUMBERS):
                self._add_one(numbers[at : at + _NUMBERS])

    def _add_one(self, numbers: array[int]) -> None:
        record = numbers[0]
        at = (record - self._first) * _NUMBERS
        if _place(numbers).replaces(self._whole(record)):
            self._numbers[at : at + _NUMBERS] = numbers

    def of_record(self, record: int) -> Sequence[Place | None]:
        """The rows that answer a record: one, or one for each of its parts, None where it is missing; empty
        if all are."""
        parts = self._parts.get(record)
        if parts:
            count = next(reversed(parts)).parts
            return [parts.get(Request(record, part, count)) for part in range(count)]
        place = self._whole(record)
        return () if place is None else (place,)

    def _whole(self, record: int) -> Place | None:
        at = (record - self._first) * _NUMBERS
        numbers = self._numbers[at : at + _NUMBERS]
        return _place(numbers) if numbers[3] else None

    def section(self, first: int, records: int) -> "RowTable":
        """The table of some of the records."""
        section = RowTable(first, 0)
        begin = first - self._first
        section._numbers = self._numbers[begin * _NUMBERS : (begin + records) * _NUMBERS]
        if self._parts:
            wanted = range(first, first + records)
            section._parts = {record: self._parts[record] for record in wanted if record in self._parts}
        return section


_PRECEDENCES = tuple(Precedence)


def _place(numbers: Sequence[int]) -> Place:
    _, file, offset, length, code = numbers
    return Place(file, offset, length, _PRECEDENCES[code >> 2], bool(code & 2), bool(code & 1))
