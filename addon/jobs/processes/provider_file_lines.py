"""Converts lines and result rows of a file that an application uploaded itself to those of our jobs.

Runs in a worker process.
"""

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from addon.storage.unfinished_files import unfinished
from translators.bedrock.outlines import outline
from translators.bedrock.records import read


class _Line(Struct):
    custom_id: str
    body: Raw


class _Record(Struct, rename="camel"):
    record_id: str
    model_input: Raw


_LINE = msgspec.json.Decoder(_Line)
_ROW = msgspec.json.Decoder(dict[str, Raw])


def records_of(fetched: Sequence[Path], path: Path) -> int:
    """Write the lines of files as Bedrock records; how many. Raises `ValueError` naming a line."""
    count = 0
    part = unfinished(path)
    with part.open("wb") as records:
        for file in fetched:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    text = line.removeprefix(codecs.BOM_UTF8)
                    if not text or text.isspace():
                        continue
                    try:
                        found = _line(text)
                    except ValueError as error:
                        raise ValueError(f"line {number}: {error}") from error
                    records.write(msgspec.json.encode(_Record(found.custom_id, found.body)) + b"\n")
                    count += 1
    if count == 0:
        raise ValueError("there is no line in it")
    part.replace(path)
    return count


def _line(text: bytes) -> _Line:
    """The custom id and the body of a line, also of one that is nested too deeply. Raises `ValueError`."""
    try:
        return _LINE.decode(text)
    except RecursionError:
        spans = outline((text,)) or {}
        custom_id, body = (text[slice(*spans.get(name, (0, 0)))].strip() for name in ("custom_id", "body"))
        return _Line(msgspec.json.decode(custom_id, type=str), Raw(body))


def labelled(results: Sequence[Path], records: Path, job_id: str) -> None:
    """Replace the custom ids of result rows by those of our jobs.

    Rows of no line, and rows that were labelled before, stay unchanged.
    """
    with records.open("rb") as lines:
        found = filter(None, map(read, lines))
        places = {record.record_id: index for index, record in enumerate(found)}
    for path in results:
        part = unfinished(path)
        with path.open("rb") as rows, part.open("wb") as written:
            for row in rows:
                written.write(_labelled(row, places, job_id))
        part.replace(path)


def _labelled(row: bytes, places: Mapping[str | None, int], job_id: str) -> bytes:
    try:
        members = _ROW.decode(row)
        index = places.get(msgspec.json.decode(members["custom_id"], type=str))
    except (msgspec.DecodeError, KeyError, RecursionError):
        return row
    if index is None:
        return row
    return msgspec.json.encode({**members, "custom_id": f"{job_id}-{index}"}) + b"\n"
