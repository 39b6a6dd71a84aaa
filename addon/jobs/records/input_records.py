"""Finds records in a job's input. Runs in worker processes, with one line in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
from msgspec import Raw

from addon.jobs.processes.input_reader import Located, Readable, Span, Start, records_in
from translators.bedrock.records import InputRecord, generated_id, read

_SKIPPED = InputRecord(Raw(b"{}"))
"""Stands for a record that need not be decoded."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class FoundRecord:
    """A record and its line."""

    index: int
    object: int
    line_number: int
    record_id: str
    line: bytes | None
    """With its line end; None for a line that no parser takes, and that is too long to be shown."""


class LineReader:
    """Reads records and remembers the line of the last one."""

    def __init__(self, reads: Callable[[bytes], InputRecord | None]) -> None:
        self.line: bytes | None = None
        self._reads = reads

    def __call__(self, line: bytes) -> InputRecord | None:
        self.line = line
        return self._reads(line)

    def taken(self) -> bytes | None:
        """The line of the record that was read last; None for one that is too long."""
        line, self.line = self.line, None
        return line


def by_index(file: Readable, start: Start, index: int) -> FoundRecord | None:
    """The record of this index, in an input object that is read from `start` on."""
    reader = LineReader(_skip)
    found = records_in([_span(file, start)], reader, start.record)
    for located in found:
        line = reader.taken()
        if located.index == index:
            record = located.record if line is None else read(line)
            return _found(located, record, line)
    return None


def by_id(files: Sequence[Readable], record_id: str) -> FoundRecord | None:
    """The first record with this `recordId` of its own."""
    text = msgspec.json.encode(record_id)[1:-1]

    def reads(line: bytes) -> InputRecord | None:
        return read(line) if text in line or b"\\u" in line or b"\\/" in line else _skip(line)

    reader = LineReader(reads)
    for located in records_in([Span(number, file) for number, file in enumerate(files)], reader, 0):
        line = reader.taken()
        if located.record.record_id == record_id:
            return _found(located, located.record, line)
    return None


def records_from(file: Readable, start: Start, count: int) -> Iterator[FoundRecord]:
    """So many records of an input object."""
    reader = LineReader(read)
    for located in islice(records_in([_span(file, start)], reader, start.record), count):
        yield _found(located, located.record, reader.taken())


def _span(file: Readable, start: Start) -> Span:
    return Span(start.object, file, offset=start.offset, line_number=start.line_number)


def _skip(line: bytes) -> InputRecord | None:
    return _SKIPPED if line[:1] == b"{" or not _is_blank(line) else None


def _is_blank(line: bytes) -> bool:
    text = line.removeprefix(_BOM)
    return not text or text.isspace()


def _found(located: Located[InputRecord], record: InputRecord | None, line: bytes | None) -> FoundRecord:
    own = None if record is None else record.record_id
    return FoundRecord(
        index=located.index,
        object=located.object,
        line_number=located.line_number,
        record_id=generated_id(located.index) if own is None else own,
        line=line,
    )
