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
    first: int
    """The index of the first row's record, if every record has one."""
    are_complete: bool
    """Every record has a row; else those without one are found by their ids."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row, and what it says."""

    line: bytes | None
    """None for one that is too long to be shown."""
    line_number: int | None
    record_id: str
    error: tuple[int, str] | None


def row_of(rows: Rows, file: Readable, start: Start, wanted: FoundRecord | int) -> Row | None:
    """The row of a record; None if it has none. `file` from `start` on is the input of the rows.

    An index is enough where the rows are complete. Raises `NotOurRows`.
    """
    index = wanted if isinstance(wanted, int) else wanted.index
    if rows.are_complete:
        for number, row in enumerate(_rows(rows, skipped=index - rows.first), index):
            found = _read(row)
            if number == index and not isinstance(wanted, int) and found.record_id != wanted.record_id:
                raise NotOurRows("the row is another record's: the object was changed")
            return found
        return None
    for record, paired in pairs(rows, file, start, index + 1 - start.record):
        if record.index == index:
            return paired
    return None


def pairs(rows: Rows, file: Readable, start: Start, count: int) -> Iterator[tuple[FoundRecord, Row | None]]:
    """So many records of the input, each with its row if it has one. Raises `NotOurRows`."""
    skipped = start.record - rows.first if rows.are_complete else 0
    following = map(_read, _rows(rows, skipped=skipped))
    row = next(following, None)
    for record in records_from(file, start, count):
        if row is not None and row.record_id == record.record_id:
            yield record, row
            row = next(following, None)
        elif rows.are_complete:
            raise NotOurRows("the rows are of other records: the object was changed")
        else:
            yield record, None


def lines_of(
    rows: Rows, file: Readable, start: Start, wanted: range, most: int, failed: bool
) -> list[RecordLine]:
    """The records of these indices, or the failed ones of them, but not more than `most`. `file` from `start`
    on is the input of the rows."""
    found: list[RecordLine] = []
    for line in _lines(rows, file, start, wanted):
        if line.number > wanted.start and (not failed or line.outcome == "failed"):
            found.append(line)
            if len(found) == most:
                break
    return found


def _lines(rows: Rows, file: Readable, start: Start, wanted: range) -> Iterator[RecordLine]:
    if rows.are_complete:
        found = map(_read, _rows(rows, skipped=wanted.start - rows.first))
        for index, row in zip(wanted, found, strict=False):
            yield RecordLine(index + 1, row.record_id, "failed" if row.error else "succeeded", row.error)
        return
    for record, row in pairs(rows, file, start, wanted.stop - start.record):
        number, record_id = record.index + 1, record.record_id
        if row is None:
            yield RecordLine(number, record_id, "not processed", None)
        else:
            yield RecordLine(number, record_id, "failed" if row.error else "succeeded", row.error)


def ids_of(file: Readable, start: Start, wanted: range) -> list[str]:
    """The ids of the records of these indices; `file` from `start` on is their input."""
    records = records_from(file, start, wanted.stop - start.record)
    return [record.record_id for record in records if record.index >= wanted.start]


def _rows(rows: Rows, *, skipped: int) -> Iterator[tuple[bytes | None, int | None]]:
    with rows.file.open() as file:
        file.seek(rows.offset)
        for number in range(skipped):
            if not _line(file)[0]:
                raise NotOurRows(f"it has {number} rows where there were more: the object was changed")
        number = None if rows.line_number is None else rows.line_number + skipped
        while True:
            length, line = _line(file)
            if not length:
                return
            yield line, number
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


def _read(row: tuple[bytes | None, int | None]) -> Row:
    line, line_number = row
    if line is None:
        raise NotOurRows(f"the row has more than {MOST_BYTES:,} bytes")
    try:
        found = _ROW.decode(line)
    except (ValueError, RecursionError) as error:
        raise NotOurRows(f"it cannot be read as a row of the output: {error}") from error
    error = None if found.error is None else (found.error.error_code, found.error.error_message)
    return Row(line=line, line_number=line_number, record_id=found.record_id, error=error)
