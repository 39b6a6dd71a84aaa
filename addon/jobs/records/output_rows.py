"""Reads the rows of a job's output, and pairs them with their records. Runs in worker processes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec
from msgspec import Struct

from addon.jobs.processes.input_reader import Readable, Start
from addon.jobs.records.documents import MOST_BYTES, RecordLine
from addon.jobs.records.input_records import FoundRecord, records_from

_PIECE = 1 << 20
_OTHERS = "the rows are of other records: the object was changed"
_FEWER = "it has fewer rows than the job wrote: the object was changed"


class NotOurRows(ValueError):
    """The object does not hold the rows that the job wrote."""


class _Error(Struct, rename="camel"):
    error_code: int
    error_message: str


class _Row(Struct, rename="camel"):
    record_id: str
    error: _Error | None = None


_ROW = msgspec.json.Decoder(_Row)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of records that follow each other, from a place on in an output object or a part of one."""

    file: Readable
    offset: int
    """Of the first row."""
    line_number: int | None
    """Of the first row; None if it is not known."""
    start: Start
    """Where the input of the first row begins, or of records before it that have no row."""
    are_complete: bool
    """Every record has a row; else those without one are found by their ids."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row, and what it says."""

    line: bytes
    line_number: int | None
    record_id: str
    error: tuple[int, str] | None


def row_of(rows: Rows, file: Readable | None, wanted: FoundRecord | int) -> Row | None:
    """The row of a record; None if it has none. `file` is the input, which is not needed where the rows are
    complete. Raises `NotOurRows`.
    """
    index = wanted if isinstance(wanted, int) else wanted.index
    if not rows.are_complete:
        found = pairs(rows, file, index + 1 - rows.start.record)
        return next((row for record, row in found if record.index == index), None)
    row = next(_rows(rows, skipped=index - rows.start.record), None)
    if row is None:
        raise NotOurRows(_FEWER)
    if not isinstance(wanted, int) and row.record_id != wanted.record_id:
        raise NotOurRows(_OTHERS)
    return row


def pairs(rows: Rows, file: Readable | None, count: int) -> Iterator[tuple[FoundRecord, Row | None]]:
    """So many records of the input, each with its row if it has one. Raises `NotOurRows`."""
    if file is None:
        raise ValueError("the input is needed")
    following = _rows(rows)
    row = next(following, None)
    for record in records_from(file, rows.start, count):
        if row is not None and row.record_id == record.record_id:
            yield record, row
            row = next(following, None)
        elif rows.are_complete:
            raise NotOurRows(_OTHERS if row is not None else _FEWER)
        else:
            yield record, None


def lines_of(rows: Rows, file: Readable | None, wanted: range, most: int, failed: bool) -> list[RecordLine]:
    """The records of these indices, or the failed ones of them, but not more than `most`. `file` is as in
    `row_of`."""
    found: list[RecordLine] = []
    for line in _lines(rows, file, wanted):
        if line.number > wanted.start and (not failed or line.outcome == "failed"):
            found.append(line)
            if len(found) == most:
                break
    return found


def _lines(rows: Rows, file: Readable | None, wanted: range) -> Iterator[RecordLine]:
    if rows.are_complete:
        found = _rows(rows, skipped=wanted.start - rows.start.record)
        for index, row in zip(wanted, found, strict=False):
            yield RecordLine(index + 1, row.record_id, "failed" if row.error else "succeeded", row.error)
        return
    for record, paired in pairs(rows, file, wanted.stop - rows.start.record):
        number, record_id = record.index + 1, record.record_id
        if paired is None:
            yield RecordLine(number, record_id, "not processed", None)
        else:
            yield RecordLine(number, record_id, "failed" if paired.error else "succeeded", paired.error)


def ids_of(file: Readable, start: Start, wanted: range) -> list[str]:
    """The ids of the records of these indices; `file` from `start` on is their input."""
    records = records_from(file, start, wanted.stop - start.record)
    return [record.record_id for record in records if record.index >= wanted.start]


def _rows(rows: Rows, *, skipped: int = 0) -> Iterator[Row]:
    with rows.file.open() as file:
        file.seek(rows.offset)
        for _ in range(skipped):
            if not _line(file)[0]:
                raise NotOurRows(_FEWER)
        number = None if rows.line_number is None else rows.line_number + skipped
        while True:
            length, line = _line(file)
            if not length:
                return
            yield _read(line, number)
            number = None if number is None else number + 1


def _line(file: BinaryIO) -> tuple[int, bytes | None]:
    """The length of the next line, and the line unless it is too long."""
    line = file.readline(MOST_BYTES + 1)
    if len(line) <= MOST_BYTES:
        return len(line), line
    length = len(line)
    while not line.endswith(b"\n") and (line := file.readline(_PIECE)):
        length += len(line)
    return length, None


def _read(line: bytes | None, line_number: int | None) -> Row:
    if line is None:
        raise NotOurRows(f"the row has more than {MOST_BYTES:,} bytes")
    try:
        found = _ROW.decode(line)
    except (ValueError, RecursionError) as error:
        raise NotOurRows(f"it cannot be read as a row of the output: {error}") from error
    failure = None if found.error is None else (found.error.error_code, found.error.error_message)
    return Row(line=line, line_number=line_number, record_id=found.record_id, error=failure)
