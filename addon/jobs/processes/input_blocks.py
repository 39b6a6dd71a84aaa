"""Cuts a job's input into blocks of whole lines, which workers read from the files themselves."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO

from addon.jobs.processes.input_reader import BUFFER, InputFile, Span, Start

SIZE = 4 << 20
"""Bytes of a block, before its last line is completed."""


@dataclass(frozen=True, slots=True)
class InputBlock:
    """Whole lines that follow each other, of one object or several small ones."""

    spans: tuple[Span, ...]
    lines: int

    @property
    def name(self) -> str:
        """Another one for each block of a job."""
        return f"{self.spans[0].object:06d}-{self.spans[0].offset}"


def blocks_of(
    inputs: Sequence[InputFile], size: int = SIZE, start: Start | None = None
) -> Iterator[InputBlock]:
    """The input from `start` on, in blocks of at least so many bytes, but for the last one."""
    begin = start or Start()
    spans: list[Span] = []
    lines, missing, buffer = 0, size, bytearray(BUFFER)
    for number in range(begin.object, len(inputs)):
        file = inputs[number]
        offset, line_number = (begin.offset, begin.line_number) if number == begin.object else (0, 1)
        with file.path.open("rb", 0) as opened:
            opened.seek(offset)
            while True:
                length, count = _measured(opened, missing, buffer)
                if not length:
                    break
                spans.append(Span(number, file, offset, offset + length, line_number))
                offset, line_number = offset + length, line_number + count
                lines, missing = lines + count, missing - length
                if missing <= 0:
                    yield InputBlock(tuple(spans), lines)
                    spans, lines, missing = [], 0, size
    if spans:
        yield InputBlock(tuple(spans), lines)


def _measured(file: FileIO, least: int, buffer: bytearray) -> tuple[int, int]:
    """The length and number of the next whole lines that have so many bytes or end the file.

    Leaves the file at their end. Reads it in pieces, however long a line is.
    """
    view = memoryview(buffer)
    length = lines = 0
    is_ended = True
    while count := file.readinto(view):
        found = buffer.find(b"\n", max(least - length - 1, 0), count)
        end = found + 1 or count
        length += end
        lines += buffer.count(b"\n", 0, end)
        if found >= 0:
            file.seek(end - count, os.SEEK_CUR)
            return length, lines
        is_ended = view[count - 1] == ord("\n")
    return length, lines + (not is_ended)
