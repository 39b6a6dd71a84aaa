"""Checks a job's input and cuts it into shards, with the help of worker processes."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from addon.jobs.processes.file_copy import copy
from addon.jobs.processes.input_blocks import SIZE, blocks_of
from addon.jobs.processes.input_reader import BUFFER, InputFile, Start, records
from addon.jobs.processes.line_blocks import in_order
from addon.jobs.processes.lines import BlockLines, LineOptions, Portion, Sizes, block_lines, sendable
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.note_counts import NoteCounts, merged
from addon.jobs.processes.pool import HERE, Workers
from addon.jobs.processes.s3_media import Media
from addon.jobs.spool import Spool
from addon.storage.unfinished_files import unfinished
from translators.providers.batch_file import Line
from translators.translation import Route, Translator


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest provider batch."""

    requests: int
    """Sum of the weights of its lines."""
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One shard: a contiguous range of records, or those of them that may share a batch.

    Several shards cover the same range where its lines are of several groups; they follow each other.
    """

    start: Start
    records: int
    """The range's."""
    lines: int
    """The shard's; a record may have several."""
    group: str = ""


@dataclass(kw_only=True)
class Plan:
    """The shards of a job, and a report of its translation."""

    cuts: list[Cut] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    """Number of records of each input object."""
    report: NoteCounts = field(default_factory=dict)
    """Fields that translation dropped or changed."""


class Request(NamedTuple):
    """A line of a record, at its place among the record's lines."""

    record: int
    part: int = 0
    parts: int = 1


def request_of(custom_id: str, job_id: str) -> Request:
    """The line that a custom id belongs to. Raises `ValueError` if it is none of the job's."""
    job, _, place = custom_id.rpartition("-")
    if job == job_id and place.isascii():
        if place.isdecimal():
            return Request(int(place))
        numbers = place.split("_")
        if len(numbers) == 3 and all(map(str.isdecimal, numbers)) and int(numbers[1]) < int(numbers[2]):
            return Request(*map(int, numbers))
    raise ValueError(f"its custom_id {custom_id!r} is none of job {job_id}'s")


def record_index(custom_id: str, job_id: str) -> int:
    """The index of the record that a custom id belongs to. Raises `ValueError` if it is none of the job's."""
    return request_of(custom_id, job_id).record


def is_in(cut: Cut, custom_id: str, job_id: str) -> bool:
    """Whether a custom id belongs to a record of this range."""
    try:
        index = record_index(custom_id, job_id)
    except ValueError:
        return False
    return cut.start.record <= index < cut.start.record + cut.records


def split(
    job_id: str,
    inputs: Sequence[InputFile],
    route: Route,
    limits: Limits,
    folder: Path,
    media_store: MediaStore | None = None,
    *,
    workers: Workers = HERE,
    size: int = SIZE,
) -> Plan:
    """Check every line, translate it, and write each shard's lines, as workers make them from blocks of that
    size. Raises `BadLine`, `S3Unavailable`."""
    spool, plan = Spool(folder), Plan(counts=[0] * len(inputs))
    with spool.own_folder() as making, _ShardWriter(spool, making, limits, plan) as writer:
        options = LineOptions(
            job_id=job_id, route=route, max_bytes=limits.bytes, folder=making, media=media_store
        )
        submit = partial(workers.submit, block_lines, options)
        for _, done in in_order(blocks_of(inputs, size), submit, workers.in_flight):
            writer.add(done)
            for number, records in Counter(done.objects()).items():
                plan.counts[number] += records
            plan.report = merged([plan.report, done.report])
    return plan


@dataclass
class _Open:
    """A shard that is being written."""

    file: FileIO
    path: Path
    """Where it is when it is whole."""
    sizes: Sizes = field(default_factory=Sizes)


class _ShardWriter:
    """Writes range after range, with every shard within the limits."""

    def __init__(self, spool: Spool, making: Path, limits: Limits, plan: Plan) -> None:
        self._spool = spool
        self._making = making
        self._limits = limits
        self._plan = plan
        self._start: Start | None = None
        self._records = 0
        self._open: dict[str, _Open] = {}
        self._buffer = bytearray(BUFFER)

    def __enter__(self) -> "_ShardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None:
            self.close()
        for shard in self._open.values():
            shard.file.close()

    def add(self, block: BlockLines) -> None:
        """Move the lines of a block into the shards."""
        with ExitStack() as stack:
            files = {group: stack.enter_context(path.open("rb", 0)) for group, path in block.files.items()}
            begin = 0
            while begin < block.records:
                count = self._fitting(block, begin)
                if count == 0:
                    self.close()
                portion = block.portion(begin, begin + max(count, 1))
                self._take(portion, files)
                begin += portion.records
        for path in block.files.values():
            path.unlink()

    def _fitting(self, block: BlockLines, begin: int) -> int:
        """How many of the block's records from there on go into the range: all of them, as a rule."""
        most = min(block.records - begin, self._limits.requests - self._records)
        if most <= 0 or self._has_room_for(block.portion(begin, begin + most)):
            return max(most, 0)

        def is_full(count: int) -> bool:
            return not self._has_room_for(block.portion(begin, begin + count))

        return bisect_left(range(1, most + 1), True, key=is_full)

    def _has_room_for(self, portion: Portion) -> bool:
        return all(self._holds(group, sizes, portion.records) for group, sizes in portion.sizes.items())

    def _holds(self, group: str, more: Sizes, records: int) -> bool:
        shard = self._open.get(group)
        if shard is None and records == 1:
            return True  # another range would not have more room
        sizes = more if shard is None else shard.sizes.and_(more)
        return sizes.weight <= self._limits.requests and sizes.bytes <= self._limits.bytes

    def _take(self, portion: Portion, files: Mapping[str, FileIO]) -> None:
        if self._start is None:
            self._start = portion.start
        self._records += portion.records
        for group, sizes in portion.sizes.items():
            shard = self._open.get(group) or self._opened(group)
            shard.sizes = shard.sizes.and_(sizes)
            copy(files[group], shard.file, sizes.bytes, self._buffer)

    def _opened(self, group: str) -> _Open:
        path = self._spool.lines(len(self._plan.cuts) + len(self._open), 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[group] = _Open((self._making / path.name).open("wb", 0), path)
        return self._open[group]

    def close(self) -> None:
        """End the range."""
        start, records, shards = self._start, self._records, self._open
        self._start, self._records, self._open = None, 0, {}
        for shard in shards.values():
            shard.file.close()
            (self._making / shard.path.name).replace(shard.path)
        if start is not None:
            lines = {group: shard.sizes.lines for group, shard in shards.items()} or {"": 0}
            self._plan.cuts += [
                Cut(start=start, records=records, lines=count, group=group) for group, count in lines.items()
            ]


def unanswered_lines(
    job_id: str,
    inputs: Sequence[InputFile],
    cut: Cut,
    route: Route,
    max_bytes: int,
    answered: frozenset[Request],
    refused: frozenset[int],
    path: Path,
    media_store: MediaStore | None = None,
) -> int:
    """Write the lines of a shard that have no final row yet, but those of `refused` records; how many there
    are. Raises `S3Unavailable`."""
    translator = Translator(route)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(path)
    count = 0
    with temporary.open("wb") as file, Media(media_store) as media:
        reads = media.reading(translator.read)
        for located in islice(records(inputs, reads, cut.start), cut.records):
            if located.index in refused or Request(located.index) in answered:
                continue
            line = sendable(translator, job_id, located.index, located.record, max_bytes, media)
            if isinstance(line, Line) and line.group == cut.group:
                for part, data in enumerate(line.data.split(b"\n")):
                    if Request(located.index, part, line.lines) not in answered:
                        file.write(data + b"\n")
                        count += 1
    temporary.replace(path)
    return count


def line_count(path: Path) -> int:
    """Number of lines in a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)
