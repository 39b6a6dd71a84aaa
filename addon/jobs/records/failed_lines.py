"""Writes the input lines of records that failed or were not processed. Runs in a worker process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from addon.jobs.processes.input_reader import BUFFER, Readable, Start
from addon.jobs.records.input_records import FoundRecord, records_from
from addon.jobs.records.output_rows import Rows, pairs
from translators.bedrock.records import InputRecord, read

_BOM = b"\xef\xbb\xbf"


class _WithId(Struct, rename="camel"):
    record_id: str
    model_input: Raw


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the lines of some records are."""

    file: Readable
    start: Start
    """A place in it, at or before the first record."""
    records: range
    """Their indices."""
    rows: Rows | None
    """Their output; None where all of them are wanted."""


def write_lines(sources: Sequence[Source], path: Path) -> int:
    """Write the lines to a file, byte for byte; how many. Raises `NotOurRows`, `BadLine`, what S3 raises.

    A record without a `recordId` gets the one that its row in the output has, so that people find it again.
    One whose line no parser takes is left out: it cannot be sent to any provider.
    """
    count = 0
    with path.open("wb", BUFFER) as written:
        for source in sources:
            for record in _wanted(source):
                if record.line is not None:
                    written.write(_line(record.line, record.record_id))
                    count += 1
    return count


def _wanted(source: Source) -> Iterator[FoundRecord]:
    end = source.records.stop
    if source.rows is None:
        found = records_from(source.file, source.start, end - source.start.record)
        yield from (record for record in found if record.index >= source.records.start)
        return
    for record, row in pairs(source.rows, source.file, end - source.rows.start.record):
        if record.index >= source.records.start and (row is None or row.error is not None):
            yield record


def _line(line: bytes, record_id: str) -> bytes:
    text = line.removeprefix(_BOM).rstrip(b"\r\n")
    record = read(text)
    if isinstance(record, InputRecord) and record.record_id is None:
        text = msgspec.json.encode(_WithId(record_id, record.model_input))
    return text + b"\n"
