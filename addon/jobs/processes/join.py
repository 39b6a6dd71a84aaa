"""Joins results with the input records, in input order, with the help of worker processes."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import FileIO
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from addon.jobs.processes import damaged_rows
from addon.jobs.processes.error_groups import ErrorGroups, bounded, count_error, merged_groups
from addon.jobs.processes.file_copy import copy
from addon.jobs.processes.input_blocks import SIZE, InputBlock, blocks_of
from addon.jobs.processes.input_reader import BUFFER, InputFile, Located, records_in
from addon.jobs.processes.line_blocks import in_order
from addon.jobs.processes.lines import sendable, translator_of
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.note_counts import NoteCounts, count_note, merged
from addon.jobs.processes.pool import HERE, Workers
from addon.jobs.processes.result_rows import Place, Precedence, RowTable
from addon.jobs.processes.s3_media import Media
from addon.jobs.processes.split import Cut
from addon.jobs.spool import Spool
from translators.bedrock.records import InputRecord, output_line, read
from translators.errors import RecordError
from translators.providers.batch_file import Unfinished
from translators.providers.damaged_json import repaired
from translators.translation import Route
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
    errors: ErrorGroups = field(default_factory=dict)
    """The failed records in groups."""
    output_bytes: dict[str, int] = field(default_factory=dict[str, int])
    """Bytes of the range's rows in each output object, by its number (as JSON has them, a text)."""

    def count(self, record_id: str, outcome: ModelOutput | RecordError | None) -> None:
        """Count the outcome of a record."""
        if outcome is None:
            self.left_out += 1
        elif isinstance(outcome, RecordError):
            self.failed += 1
        else:
            self.succeeded += 1
            self.input_tokens += outcome.input_tokens
            self.output_tokens += outcome.output_tokens
            for note in outcome.notes:
                count_note(self.notes, note, record_id)

    def add(self, later: "Tally") -> None:
        self.succeeded += later.succeeded
        self.failed += later.failed
        self.left_out += later.left_out
        self.input_tokens += later.input_tokens
        self.output_tokens += later.output_tokens
        self.notes = merged([self.notes, later.notes])
        if later.errors:
            self.errors = merged_groups([self.errors, later.errors])


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


@dataclass(kw_only=True)
class BlockOutput:
    """The output of the records in a block."""

    records: int = 0
    tally: Tally = field(default_factory=Tally)
    files: dict[int, Path] = field(default_factory=dict[int, Path])
    """The output rows, by input object."""


def join(wanted: Range, workers: Workers = HERE, size: int = SIZE) -> Tally:
    """Write the range's part of each output object, as workers make them from blocks of that size.

    Every record of the range gives exactly one row, or none if unprocessed ones are left out.
    """
    cut, first = wanted.cut, wanted.cut.start.record
    table = RowTable.of(wanted.results, wanted.route.provider, wanted.job_id, cut, workers, size)
    shared = replace(wanted, inputs=())  # a block has those that it needs
    tally, blocks = Tally(), blocks_of(wanted.inputs, size, cut.start)
    with Spool(wanted.folder).own_folder() as making, _Parts(wanted, making) as parts:

        def submit(block: InputBlock, index: int) -> Future[BlockOutput]:
            section = table.section(index, block.lines)
            return workers.submit(join_block, shared, making, section, block, index)

        for _, made in in_order(blocks, submit, workers.in_flight, first, first + cut.records):
            tally.add(made.tally)
            for number, path in made.files.items():
                size = parts.append(number, path)
                tally.output_bytes[str(number)] = tally.output_bytes.get(str(number), 0) + size
    tally.errors = bounded(tally.errors)
    return tally


def join_block(wanted: Range, making: Path, table: RowTable, block: InputBlock, index: int) -> BlockOutput:
    """Write the output rows of the range's records in a block, whose first one has that index, into files in
    the folder `making`. Runs in a worker process."""
    made, output = BlockOutput(), dict[int, BinaryIO]()
    end = wanted.cut.start.record + wanted.cut.records
    with ExitStack() as stack:
        results = [stack.enter_context(path.open("rb", BUFFER)) for path in wanted.results]
        outcome = _outcomes(wanted, table, results, stack.enter_context(Media(wanted.media)))
        for located in islice(records_in(block.spans, read, index), max(0, end - index)):
            made.records += 1
            file = output.get(located.object)
            if file is None:
                path = making / f"{block.name}-{located.object}"
                file = output[located.object] = stack.enter_context(path.open("wb", BUFFER))
                made.files[located.object] = path
            result = outcome(located)
            made.tally.count(located.record_id, result)
            if result is None:
                continue
            content: bytes | RecordError
            if isinstance(result, RecordError):
                count_error(made.tally.errors, result, located.index, located.record_id)
                content = result
            else:
                content = result.json
            file.write(output_line(located.record_id, located.record.model_input, content))
    return made


def _outcomes(
    wanted: Range, table: RowTable, files: Sequence[BinaryIO], media: Media
) -> Callable[[Located[InputRecord]], ModelOutput | RecordError | None]:
    translator = translator_of(wanted.route)

    def row(place: Place | None) -> bytes | None:
        if place is None:
            return None
        file = files[place.file]
        file.seek(place.offset)
        line = file.read(place.length)
        return repaired(line) if place.damaged else line

    def outcome(located: Located[InputRecord]) -> ModelOutput | RecordError | None:
        index, model_input = located.index, located.record.model_input
        places = table.of_record(index)
        if places:
            unreadable = [place for place in places if place and place.precedence is Precedence.UNREADABLE]
            if unreadable:
                return damaged_rows.unreadable(row(unreadable[0]) or b"")
            result = translator.model_output(model_input, *map(row, places))
            if not isinstance(result, Unfinished):
                return result
            return wanted.refused_records.get(index, wanted.unprocessed)
        if index in wanted.refused_records:
            return wanted.refused_records[index]
        line = sendable(translator, wanted.job_id, index, located.record, wanted.max_bytes, media)
        if isinstance(line, RecordError):
            return line
        return wanted.refusals.get(line.group, wanted.unprocessed)

    return outcome


class _Parts:
    """The part files of a range, one per input object; they appear whole or not at all."""

    def __init__(self, wanted: Range, making: Path) -> None:
        self._spool = Spool(wanted.folder)
        self._number = wanted.number
        self._making = making
        self._files: dict[int, tuple[FileIO, Path]] = {}
        self._stack = ExitStack()
        self._buffer = bytearray(BUFFER)

    def __enter__(self) -> "_Parts":
        return self

    def append(self, index: int, made: Path) -> int:
        """Move rows of an input object to the end of its part; how many bytes."""
        if index not in self._files:
            path = self._spool.part(index, self._number)
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._stack.enter_context((self._making / f"part-{index}").open("wb", 0))
            self._files[index] = (file, path)
        size = made.stat().st_size
        with made.open("rb", 0) as rows:
            copy(rows, self._files[index][0], size, self._buffer)
        made.unlink()
        return size

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._stack.close()
        if kind is None:
            for file, path in self._files.values():
                Path(file.name).replace(path)
