"""Makes the provider's lines of records, a block of input at a time. Runs in worker processes."""

from array import array
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from addon.jobs.processes.input_blocks import InputBlock
from addon.jobs.processes.input_reader import BUFFER, Located, Start, records_in
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.note_counts import NoteCounts, count_note
from addon.jobs.processes.s3_media import Media
from translators.bedrock.records import AnyRecord
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.translation import Route, Translator


def custom_id(job_id: str, index: int) -> str:
    """The id of a record at the provider: unique in the job, at most 64 characters of `[a-z0-9-]`."""
    return f"{job_id}-{index}"


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


@lru_cache(maxsize=2)
def translator_of(route: Route) -> Translator:
    """The translator of all blocks in a process."""
    return Translator(route)


@dataclass(frozen=True, kw_only=True)
class LineOptions:
    """The settings of a job's lines."""

    job_id: str
    route: Route
    max_bytes: int
    """Of a line, its end included."""
    folder: Path
    """Of the files of blocks."""
    media: MediaStore | None = None


class Sizes(NamedTuple):
    """The number, weight and bytes of the lines of one group."""

    lines: int = 0
    weight: int = 0
    bytes: int = 0

    def and_(self, more: "Sizes") -> "Sizes":
        return Sizes(self.lines + more.lines, self.weight + more.weight, self.bytes + more.bytes)


class Portion(NamedTuple):
    """Records that follow each other."""

    start: Start
    records: int
    sizes: dict[str, Sizes]
    """By group, in the order of their first lines."""


_NUMBERS = 7
"""Of a record, in `BlockLines.places`."""


@dataclass(slots=True)
class BlockLines:
    """The lines of a block, which are in files."""

    records: int = 0
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    """By group."""
    first: int = 0
    """The index of the first record."""
    places: array[int] = field(default_factory=lambda: array("Q"))
    """Of each record: object, offset, line number; group from 1, lines, weight, bytes, or four times 0."""
    report: NoteCounts = field(default_factory=dict)
    """Fields that translation dropped or changed."""

    def portion(self, begin: int, end: int) -> Portion:
        """The records from one place to another."""
        numbers = self.places[begin * _NUMBERS : end * _NUMBERS]
        groups, names, sizes = numbers[3::_NUMBERS], list(self.files), {}
        for group in filter(None, dict.fromkeys(groups)):
            columns: list[Iterable[int]] = [numbers[column::_NUMBERS] for column in (4, 5, 6)]
            if len(names) > 1:
                columns = [compress(column, map(group.__eq__, groups)) for column in columns]
            sizes[names[group - 1]] = Sizes(*map(sum, columns))
        return Portion(Start(self.first + begin, *numbers[:3]), end - begin, sizes)

    def objects(self) -> array[int]:
        """The input object of each record."""
        return self.places[::_NUMBERS]


def block_lines(options: LineOptions, block: InputBlock, index: int) -> BlockLines:
    """Write the lines of a block whose first record has that index. Raises `BadLine`, `S3Unavailable`."""
    translator = translator_of(options.route)
    done = BlockLines(first=index)
    with _Files(options.folder, block.name, done) as files, Media(options.media) as media:
        for located in records_in(block.spans, media.reading(translator.read), index):
            line = sendable(
                translator, options.job_id, located.index, located.record, options.max_bytes, media
            )
            if isinstance(line, Line):
                for note in line.notes:
                    count_note(done.report, note, located.record_id)
                files.add(located, line)
            else:
                done.places.extend((located.object, located.offset, located.line_number, 0, 0, 0, 0))
            done.records += 1
    return done


class _Files:
    """Writes the lines of a block, each group into a file of its own."""

    def __init__(self, folder: Path, name: str, done: BlockLines) -> None:
        self._folder = folder
        self._name = name
        self._done = done
        self._open: dict[str, tuple[int, BinaryIO]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def add(self, located: Located[AnyRecord], line: Line) -> None:
        number, file = self._open.get(line.group) or self._opened(line.group)
        size = file.write(line.data + b"\n")
        self._done.places.extend(
            (located.object, located.offset, located.line_number, number, line.lines, line.weight, size)
        )

    def _opened(self, group: str) -> tuple[int, BinaryIO]:
        number = len(self._open) + 1
        path = self._folder / f"{self._name}-{number}"
        file = self._stack.enter_context(path.open("wb", BUFFER))
        self._done.files[group] = path
        self._open[group] = (number, file)
        return self._open[group]
