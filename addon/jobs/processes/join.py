"""Joins results with the input records, in input order. Runs in a worker process."""

import codecs
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from msgspec import Struct

from addon.jobs.processes import damaged_rows
from addon.jobs.processes.input_reader import BUFFER, InputFile, Located, records
from addon.jobs.processes.lines import sendable
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.note_counts import NoteCounts, count_note
from addon.jobs.processes.s3_media import Media
from addon.jobs.processes.split import Cut, Request, is_in, request_of
from addon.jobs.spool import Spool
from translators.bedrock.records import InputRecord, output_line, read
from translators.errors import RecordError
from translators.providers.batch_file import Receipt, Unfinished
from translators.providers.damaged_json import repaired
from translators.providers.registry import provider
from translators.translation import Route, Translator
from translators.wire import ModelOutput

NO_RESULT = RecordError(500, "the provider's batch ended without a result for this record")


@dataclass(kw_only=True)
class Tally:
    """Counts of a range's records by outcome, and their tokens."""

    succeeded: int = 0
    failed: int = 0
    left_out: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    notes: NoteCounts = field(default_factory=dict)
    """Notes on what was dropped or mapped in the answers."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A range of records to be joined."""

    job_id: str
    number: int
    """The first shard's."""
    cut: Cut
    route: Route
    inputs: tuple[InputFile, ...]
    results: tuple[Path, ...]
    """Result files of all its shards and their rounds, oldest first."""
    folder: Path
    max_bytes: int
    media: MediaStore | None = None
    unprocessed: RecordError | None
    """The error row of a record that was sent and has no result; None leaves it out."""
    refusals: Mapping[str, RecordError] = MappingProxyType({})
    """By group: the error row of records in a batch that was refused as a whole."""
    refused_records: Mapping[int, RecordError] = MappingProxyType({})
    """By index: the error row of records that the provider named where it refused their batch."""


class _Precedence(IntEnum):
    """Precedence of result rows: a row replaces earlier ones of at most its own rank, but never a final
    one."""

    NOT_PROCESSED = 0
    FAILED_FOR_NOW = 1
    UNREADABLE = 2
    FINAL = 3


class _Place(Struct, frozen=True, gc=False):
    """Of a row in the result files. One is made for each row, which a dataclass would be slow at."""

    file: int
    offset: int
    length: int
    precedence: _Precedence
    failed: bool
    damaged: bool
    """It is no valid JSON."""


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
        if place.precedence >= _Precedence.UNREADABLE
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
    return sum(place.precedence is _Precedence.FAILED_FOR_NOW for place in places.values())


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


def readable_rows(results: Sequence[Path], kind: str) -> tuple[int, int]:
    """Number of result rows that can be read, if need be after a repair, and of those that cannot."""
    receipt = provider(kind).receipt
    readable = unreadable = 0
    for path in results:
        with path.open("rb") as file:
            to_first_row(file)
            for line in filter(bytes.strip, file):
                try:
                    receipt(line)
                except (ValueError, RecursionError):
                    if damaged_rows.receipt_of(line, receipt) is None:
                        unreadable += 1
                        continue
                readable += 1
    return readable, unreadable


def _index(results: Sequence[Path], kind: str, job_id: str) -> dict[Request, _Place]:
    """The place of each line's row: the first final one, else the last of the highest precedence."""
    receipt = provider(kind).receipt
    places: dict[Request, _Place] = {}
    for number, path in enumerate(results):
        with path.open("rb") as file:
            offset = to_first_row(file)
            for line in file:
                if line.strip():
                    damaged = False
                    row: Receipt | None
                    try:
                        row = receipt(line)
                    except (ValueError, RecursionError):
                        damaged = True
                        row = damaged_rows.receipt_of(line, receipt)
                    if row is None:
                        request = damaged_rows.request_in(line, job_id)
                        precedence, failed = _Precedence.UNREADABLE, True
                    else:
                        request = _request(row.custom_id, job_id)
                        precedence, failed = _precedence(row), row.status is not None
                    if request is not None:
                        earlier = places.get(request)
                        if earlier is None or (
                            earlier.precedence < _Precedence.FINAL and earlier.precedence <= precedence
                        ):
                            places[request] = _Place(number, offset, len(line), precedence, failed, damaged)
                offset += len(line)
    return places


def _request(custom_id: str, job_id: str) -> Request | None:
    """The line of the job that a row is about, if any."""
    try:
        return request_of(custom_id, job_id)
    except ValueError:
        return None


def _precedence(row: Receipt) -> _Precedence:
    if row.final:
        return _Precedence.FINAL
    return _Precedence.FAILED_FOR_NOW if row.finished else _Precedence.NOT_PROCESSED


def join(wanted: Range) -> Tally:
    """Write the range's part of each output object.

    Every record of the range gives exactly one row, or none if unprocessed ones are left out.
    """
    tally = Tally()
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb", BUFFER)) for path in wanted.results]
        media = stack.enter_context(Media(wanted.media))
        outcome = _outcomes(wanted, files, media)
        parts = stack.enter_context(_Parts(wanted))
        for located in islice(records(wanted.inputs, read, wanted.cut.start), wanted.cut.records):
            result = outcome(located)
            if result is None:
                tally.left_out += 1
                parts.touch(located)
            elif isinstance(result, RecordError):
                tally.failed += 1
                parts.write(located, result)
            else:
                tally.succeeded += 1
                tally.input_tokens += result.input_tokens
                tally.output_tokens += result.output_tokens
                for note in result.notes:
                    count_note(tally.notes, note, located.record_id)
                parts.write(located, result.json)
    return tally


def _outcomes(
    wanted: Range, files: Sequence[BinaryIO], media: Media
) -> Callable[[Located[InputRecord]], ModelOutput | RecordError | None]:
    translator = Translator(wanted.route)
    places = _index(wanted.results, wanted.route.provider, wanted.job_id)
    parts = {request.record: request.parts for request in places if request.parts > 1}
    unreadable = {
        request.record: [request]
        for request, place in places.items()
        if place.precedence is _Precedence.UNREADABLE
    }

    def row(request: Request) -> bytes | None:
        place = places.get(request)
        if place is None:
            return None
        file = files[place.file]
        file.seek(place.offset)
        line = file.read(place.length)
        return repaired(line) if place.damaged else line

    def outcome(located: Located[InputRecord]) -> ModelOutput | RecordError | None:
        index, count = located.index, parts.get(located.index, 1)
        rows = [row(Request(index, part, count)) for part in range(count)]
        if rows != [None]:
            if index in unreadable:
                return damaged_rows.unreadable(next(filter(None, map(row, unreadable[index]))))
            result = translator.model_output(located.record.model_input, *rows)
            if not isinstance(result, Unfinished):
                return result
            return wanted.refused_records.get(index, wanted.unprocessed)
        if index in wanted.refused_records:
            return wanted.refused_records[index]
        line = sendable(translator, wanted.job_id, located.index, located.record, wanted.max_bytes, media)
        if isinstance(line, RecordError):
            return line
        return wanted.refusals.get(line.group, wanted.unprocessed)

    return outcome


class _Parts:
    """The part files of a range, one per input object; they appear whole or not at all."""

    def __init__(self, wanted: Range) -> None:
        self._number = wanted.number
        self._spool = Spool(wanted.folder)
        self._files: dict[int, tuple[BinaryIO, Path]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "_Parts":
        return self

    def touch(self, located: Located[InputRecord]) -> None:
        """Have a part for this record's object even if none of its records is written."""
        self._file(located.object)

    def write(self, located: Located[InputRecord], outcome: bytes | RecordError) -> None:
        record = located.record
        self._file(located.object).write(output_line(located.record_id, record.model_input, outcome))

    def _file(self, index: int) -> BinaryIO:
        if index not in self._files:
            path = self._spool.part(index, self._number)
            path.parent.mkdir(parents=True, exist_ok=True)
            file: BinaryIO = self._stack.enter_context(path.with_suffix(".part").open("wb", BUFFER))
            self._files[index] = (file, path)
        return self._files[index][0]

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._stack.close()
        if kind is None:
            for _, path in self._files.values():
                path.with_suffix(".part").replace(path)
