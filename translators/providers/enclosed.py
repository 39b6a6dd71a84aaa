"""Lines of a file as the members of a JSON array, for providers that take a batch's requests in one call."""

from collections.abc import Iterator
from os import SEEK_END
from typing import IO

_BETWEEN = b","


class Enclosed:
    """The body of a call: the lines as they are, with commas between them, inside an envelope. Read from the
    file while it is sent, and from its beginning each time."""

    def __init__(self, lines: IO[bytes], beginning: bytes, end: bytes) -> None:
        self._lines = lines
        self._beginning = beginning
        self._end = end

    @property
    def size(self) -> int:
        """In bytes. A comma takes the place of each line end but the last."""
        return max(0, self._lines.seek(0, SEEK_END) - 1) + len(self._beginning) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        self._lines.seek(0)
        yield self._beginning
        between = b""
        for line in self._lines:
            yield between
            yield line.removesuffix(b"\n")
            between = _BETWEEN
        yield self._end
