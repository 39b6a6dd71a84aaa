"""Translates single records again, in both directions. Runs in worker processes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from addon.jobs.processes.damaged_rows import unreadable
from addon.jobs.processes.input_reader import InputFile, Span
from addon.jobs.processes.lines import sendable, translator_of
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.result_rows import Place, Precedence, places_of
from addon.jobs.processes.s3_media import Media
from addon.jobs.processes.split import Request
from addon.jobs.records.documents import MOST_BYTES
from translators.bedrock.records import InputRecord, read
from translators.errors import RecordError
from translators.notes import Note
from translators.providers.batch_file import Line, Unfinished
from translators.providers.damaged_json import repaired
from translators.translation import Route


@dataclass(frozen=True, kw_only=True)
class Sending:
    """The settings of a job's lines."""

    job_id: str
    route: Route
    max_bytes: int
    media: MediaStore


class Sent(NamedTuple):
    """A record's line for the provider, or why there is none."""

    data: bytes | None
    error: tuple[int, str] | None = None
    notes: tuple[str, ...] = ()
    group: str = ""
    lines: int = 1


def sent(options: Sending, index: int, line: bytes) -> Sent:
    """The line of a record, as the job made it. Raises `S3Unavailable`."""
    translator = translator_of(options.route)
    with Media(options.media) as media:
        record = media.reading(translator.read)(line)
        if record is None:
            raise ValueError("the line is blank")
        made = sendable(translator, options.job_id, index, record, options.max_bytes, media)
    if isinstance(made, Line):
        return Sent(made.data, None, _texts(made.notes), made.group, made.lines)
    return Sent(None, (made.code, made.message))


class Answered(NamedTuple):
    """What a record's rows say. Neither an error nor a success: it was not processed."""

    succeeded: bool
    error: tuple[int, str] | None
    notes: tuple[str, ...]


def answered(route: Route, line: bytes, rows: Sequence[bytes | None]) -> Answered:
    """The outcome of a record whose provider's rows are these, as the job's output has it."""
    record = read(line)
    if not isinstance(record, InputRecord):
        raise ValueError("the line is blank")
    result = translator_of(route).model_output(record.model_input, *rows)
    if isinstance(result, Unfinished):
        return Answered(False, None, ())
    if isinstance(result, RecordError):
        return Answered(False, (result.code, result.message), ())
    return Answered(True, None, _texts(result.notes))


class FoundRows(NamedTuple):
    """The provider's rows of a record."""

    rows: tuple[bytes | None, ...] = ()
    """One, or one for each of its parts; None for one that is missing."""
    readable: tuple[bytes | None, ...] = ()
    """The same, as the job reads them: damaged ones are repaired."""
    files: tuple[int, ...] = ()
    """The result files that they are in."""
    is_final: bool = False
    unreadable: tuple[int, str] | None = None
    """The error of a record with a row that cannot be read."""
    too_long: bool = False


def rows_of(results: Sequence[Path], kind: str, job_id: str, index: int) -> FoundRows:
    """The rows that count for a record in these result files, oldest first."""
    spans = [Span(number, InputFile(path, str(path))) for number, path in enumerate(results)]
    places: dict[Request, Place] = {}
    for request, place in places_of(spans, kind, job_id, only=index):
        if place.replaces(places.get(request)):
            places[request] = place
    if not places:
        return FoundRows()
    parts = max(request.parts for request in places)
    of_parts = [places.get(Request(index, part, parts)) for part in range(parts)]
    there = [place for place in of_parts if place is not None]
    files = tuple(dict.fromkeys(place.file for place in there))
    is_final = len(there) == parts and all(place.precedence >= Precedence.UNREADABLE for place in there)
    if sum(place.length for place in there) > MOST_BYTES:
        return FoundRows(files=files, is_final=is_final, too_long=True)
    rows = tuple(None if place is None else _content(results[place.file], place) for place in of_parts)
    bad = [row for row, place in zip(rows, of_parts, strict=True) if place and _is_unreadable(place)]
    error = unreadable(bad[0] or b"") if bad else None
    readable = tuple(
        repaired(row) if row is not None and place is not None and place.damaged else row
        for row, place in zip(rows, of_parts, strict=True)
    )
    return FoundRows(rows, readable, files, is_final, (error.code, error.message) if error else None)


def _is_unreadable(place: Place) -> bool:
    return place.precedence is Precedence.UNREADABLE


def _content(path: Path, place: Place) -> bytes:
    with path.open("rb") as file:
        file.seek(place.offset)
        return file.read(place.length)


def _texts(notes: Iterable[Note]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note.text for note in notes))
