"""Files of lines as the bodies of requests."""

from collections.abc import Iterator
from os import SEEK_END
from typing import IO

_BLOCK = 1 << 16


class Piece:
    """A part of a file as the body of a request; read anew each time it is sent."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._length
        while block := self._file.read(min(left, _BLOCK)):
            left -= len(block)
            yield block


def size_of(lines: IO[bytes]) -> int:
    """How many bytes the file has."""
    return lines.seek(0, SEEK_END)
