"""Copies parts of files."""

from io import FileIO


def copy(source: FileIO, target: FileIO, size: int, buffer: bytearray) -> None:
    """Append the next `size` bytes of one unbuffered file to another. Raises `EOFError` if there are fewer.

    The buffer is used again: memory that is new for each piece takes longer than copying it.
    """
    view = memoryview(buffer)
    while size:
        count = source.readinto(view[: min(size, len(view))])
        if not count:
            raise EOFError(f"{source.name} lacks {size} bytes")
        size -= count
        written = 0
        while written < count:
            written += target.write(view[written:count])
