"""Checks a job's input and cuts it into shards. Runs in a worker process."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from addon.jobs.processes.input_reader import BUFFER, InputFile, Located, Start, records
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.note_counts import NoteCounts, count_note
from addon.jobs.processes.s3_media import Media
from addon.jobs.spool import Spool
from translators.bedrock.records import AnyRecord
from translators.errors import RecordError
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


def custom_id(job_id: str, index: int) -> str:
    """The id of a record at the provider: unique in the job, at most 64 characters of `[a-z0-9-]`."""
    return f"{job_id}-{index}"


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


def sendable(
    translator: Translator,
    job_id: str,
    index: int,
    record: AnyRecord,
    max_bytes: int,
    media: Media | None = None,
) -> Line | RecordError:
    """The provider's line for the record of this index, or why it cannot be sent."""
    if media is not None:
        filled = media.filled(record)
        if isinstance(filled, RecordError):
            return filled
        record = filled
    line = translator.line(custom_id(job_id, index), record)
    if isinstance(line, Line) and len(line.data) >= max_bytes:
        return RecordError(
            400,
            f"modelInput: is {len(line.data)} bytes as a line for the provider, "
            f"which takes batches of at most {max_bytes} bytes",
        )
    return line


def split(
    job_id: str,
    inputs: Sequence[InputFile],
    route: Route,
    limits: Limits,
    folder: Path,
    media_store: MediaStore | None = None,
) -> Plan:
    """Check every line, translate it, and write each shard's lines. Raises `BadLine`, `S3Unavailable`."""
    translator = Translator(route)
    plan = Plan(counts=[0] * len(inputs))
    with closing(_ShardWriter(Spool(folder), limits, plan)) as writer, Media(media_store) as media:
        for located in records(inputs, media.reading(translator.read)):
            plan.counts[located.object] += 1
            line = sendable(translator, job_id, located.index, located.record, limits.bytes, media)
            if isinstance(line, Line):
                for note in line.notes:
                    count_note(plan.report, note, located.record_id)
                writer.add(located, line)
            else:
                writer.add(located, None)
    return plan


@dataclass
class _Open:
    """A shard that is being written."""

    file: BinaryIO
    lines: int = 0
    weight: int = 0
    bytes: int = 0


class _ShardWriter:
    """Writes range after range, with every shard within the limits."""

    def __init__(self, spool: Spool, limits: Limits, plan: Plan) -> None:
        self._spool = spool
        self._limits = limits
        self._plan = plan
        self._start: Start | None = None
        self._records = 0
        self._open: dict[str, _Open] = {}

    def add(self, located: Located[AnyRecord], line: Line | None) -> None:
        if self._is_full(line):
            self.close()
        if self._start is None:
            self._start = Start(
                record=located.index,
                object=located.object,
                offset=located.offset,
                line_number=located.line_number,
            )
        self._records += 1
        if line is not None:
            shard = self._open.get(line.group) or self._opened(line.group)
            shard.file.write(line.data + b"\n")
            shard.lines += line.lines
            shard.weight += line.weight
            shard.bytes += len(line.data) + 1

    def _is_full(self, line: Line | None) -> bool:
        if self._records >= self._limits.requests:
            return True
        shard = self._open.get(line.group) if line is not None else None
        if line is None or shard is None:
            return False
        return (
            shard.weight + line.weight > self._limits.requests
            or shard.bytes + len(line.data) + 1 > self._limits.bytes
        )

    def _opened(self, group: str) -> _Open:
        path = self._spool.lines(len(self._plan.cuts) + len(self._open), 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open[group] = _Open(path.open("wb", BUFFER))
        return self._open[group]

    def close(self) -> None:
        """End the range."""
        start, records, shards = self._start, self._records, self._open
        self._start, self._records, self._open = None, 0, {}
        for shard in shards.values():
            shard.file.close()
        if start is not None:
            lines = {group: shard.lines for group, shard in shards.items()} or {"": 0}
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
    temporary = path.with_suffix(".part")
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
