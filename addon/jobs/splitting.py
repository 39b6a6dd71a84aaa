"""Checking a job's input and cutting it into shards. Runs in a worker process, on files."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from addon.jobs.ranges import InputFile, Located, Start, records
from addon.jobs.spool import Spool
from translators.bedrock.converse import Note
from translators.errors import RecordError
from translators.providers.rows import Line
from translators.translation import Route, Translator


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one provider batch may hold."""

    requests: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One shard: a contiguous range of records."""

    start: Start
    records: int
    lines: int


@dataclass(kw_only=True)
class Plan:
    """How a job is split."""

    cuts: list[Cut] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    """Records of each input object."""
    report: dict[str, dict[str, object]] = field(default_factory=dict)
    """What could not be said to the provider as it was asked: count and one example each."""

    def note(self, note: Note, record_id: str) -> None:
        detail = f" ({note.detail})" if note.detail else ""
        entry = self.report.setdefault(
            f"{note.effect} {note.field}{detail}", {"count": 0, "example": record_id}
        )
        entry["count"] = int(str(entry["count"])) + 1


def custom_id(job_id: str, index: int) -> str:
    """The id of a record at the provider: unique in the job, at most 64 characters of `[a-z0-9-]`."""
    return f"{job_id}-{index}"


def record_index(custom_id: str) -> int:
    """The record that a provider's result row belongs to. Raises `ValueError`."""
    return int(custom_id.rpartition("-")[2])


def prepared(translator: Translator, job_id: str, located: Located, max_bytes: int) -> Line | RecordError:
    """The provider's line for a record, or why it cannot be sent."""
    line = translator.line(custom_id(job_id, located.index), located.record.model_input)
    if isinstance(line, Line) and len(line.data) >= max_bytes:
        return RecordError(
            400,
            f"modelInput: is {len(line.data)} bytes as a line for the provider, "
            f"which takes batches of at most {max_bytes} bytes",
        )
    return line


def split(job_id: str, inputs: Sequence[InputFile], route: Route, limits: Limits, folder: Path) -> Plan:
    """Check every line, translate it, and write each shard's lines. Raises `BadLine`."""
    translator = Translator(route)
    plan = Plan(counts=[0] * len(inputs))
    with closing(_ShardWriter(Spool(folder), limits, plan)) as writer:
        for located in records(inputs):
            plan.counts[located.object] += 1
            line = prepared(translator, job_id, located, limits.bytes)
            if isinstance(line, Line):
                for note in line.notes:
                    plan.note(note, located.record_id)
                writer.add(located, line.data)
            else:
                writer.add(located, None)
    return plan


class _ShardWriter:
    """Fills shard after shard, each within the limits."""

    def __init__(self, spool: Spool, limits: Limits, plan: Plan) -> None:
        self._spool = spool
        self._limits = limits
        self._plan = plan
        self._file: BinaryIO | None = None
        self._cut: Cut | None = None
        self._bytes = 0

    def add(self, located: Located, data: bytes | None) -> None:
        size = 0 if data is None else len(data) + 1
        if self._cut is not None and self._is_full(self._cut, size):
            self.close()
        if self._cut is None:
            self._open(located)
        assert self._cut is not None
        self._cut = replace(
            self._cut, records=self._cut.records + 1, lines=self._cut.lines + (data is not None)
        )
        if data is not None:
            assert self._file is not None
            self._file.write(data + b"\n")
            self._bytes += size

    def _is_full(self, cut: Cut, size: int) -> bool:
        return cut.records >= self._limits.requests or self._bytes + size > self._limits.bytes

    def _open(self, located: Located) -> None:
        start = Start(
            record=located.index,
            object=located.object,
            offset=located.offset,
            line_number=located.line_number,
        )
        self._cut = Cut(start=start, records=0, lines=0)
        self._bytes = 0
        path = self._spool.lines(len(self._plan.cuts), 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def close(self) -> None:
        if self._file is not None and self._cut is not None:
            self._file.close()
            self._plan.cuts.append(self._cut)
        self._file = self._cut = None


def unanswered_lines(
    job_id: str,
    inputs: Sequence[InputFile],
    cut: Cut,
    route: Route,
    max_bytes: int,
    answered: frozenset[int],
    path: Path,
) -> int:
    """Write the lines of a shard's records that have no answer yet; how many there are."""
    translator = Translator(route)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    count = 0
    with temporary.open("wb") as file:
        for located in records(inputs, cut.start):
            if located.index >= cut.start.record + cut.records:
                break
            if located.index in answered:
                continue
            line = prepared(translator, job_id, located, max_bytes)
            if isinstance(line, Line):
                file.write(line.data + b"\n")
                count += 1
    temporary.replace(path)
    return count
