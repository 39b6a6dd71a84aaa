"""Files of lines as bodies of HTTP requests, read from the file while they are sent and anew each time."""

from collections.abc import Iterator
from os import SEEK_END
from typing import IO

_BLOCK = 1 << 16


def size_of(lines: IO[bytes]) -> int:
    """The size of the file in bytes."""
    return lines.seek(0, SEEK_END)


class FileRange:
    """A range of a file's bytes."""

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


class JsonArray:
    """The lines of a file as members of a JSON array, for providers that take a batch's requests in one call.

    `beginning` and `end` are the JSON around the members, the brackets included.
    """

    def __init__(self, lines: IO[bytes], beginning: bytes, end: bytes) -> None:
        self._lines = lines
        self._beginning = beginning
        self._end = end

    @property
    def size(self) -> int:
        """In bytes. A comma takes the place of each line end but the last."""
        return max(0, size_of(self._lines) - 1) + len(self._beginning) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        self._lines.seek(0)
        yield self._beginning
        separator = b""
        for line in self._lines:
            yield separator
            yield line.removesuffix(b"\n")
            separator = b","
        yield self._end
