"""Request bodies read from files, response bodies written to files; worker threads use the disk."""

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import override

import anyio
import anyio.to_thread
import httpx

from addon.providers.deadlines import Deadline
from addon.providers.partial_downloads import PartialDownload
from translators.providers.conversation import Lines

BLOCK = 1 << 20
"""Bytes that a worker thread reads or writes at once."""


def read_in_threads(request: httpx.Request) -> None:
    """Replace a body that is read from a file by one that does not block the event loop when it is read."""
    body = request.stream
    if isinstance(body, httpx.SyncByteStream) and not isinstance(body, httpx.ByteStream):
        request.stream = _FileBody(body)


class _FileBody(httpx.AsyncByteStream):
    """Each iteration starts at the beginning of the file."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._body)
        while block := await anyio.to_thread.run_sync(_block, pieces):
            yield block


def end_at(request: httpx.Request, deadline: Deadline) -> None:
    """Have a body break off at the deadline: a process that was paused must not send it afterwards."""
    body = request.stream
    assert isinstance(body, httpx.AsyncByteStream)
    request.stream = _EndingBody(body, deadline)


class _EndingBody(httpx.AsyncByteStream):
    def __init__(self, body: httpx.AsyncByteStream, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for block in self._body:
            if self._deadline.left <= 0:
                raise httpx.WriteTimeout("it is too late to send it")
            yield block


def _block(pieces: Iterator[bytes]) -> bytes:
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= BLOCK:
            break
    return bytes(block)


def path_in(folder: Path | None, name: str) -> Path:
    """The file of this name in the folder. Raises `ValueError` for a name that leads out of it."""
    if folder is None or Path(name).name != name or name in {"", ".."}:
        raise ValueError(f"{name!r} cannot be saved in {folder}: a folder and a plain file name are needed")
    return folder / name


async def save(response: httpx.Response, download: PartialDownload, lines: Lines | None) -> None:
    """Write the body, or the lines found in it, to a file that appears whole or not at all.

    Where the body is cut off, its beginning is kept for the next attempt.
    """
    part = anyio.Path(download.part)
    if lines is not None:
        async with await part.open("wb") as file:
            await file.write(await anyio.to_thread.run_sync(_joined, lines, await response.aread()))
    else:
        is_rest = await anyio.to_thread.run_sync(download.begin, response)
        async with await part.open("ab" if is_rest else "wb") as file:
            block = bytearray()
            try:
                async for piece in response.aiter_bytes():
                    block += piece
                    if len(block) >= BLOCK:
                        await file.write(block)
                        block.clear()
            finally:
                await file.write(block)
    await anyio.to_thread.run_sync(download.end)


def _joined(lines: Lines, body: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines(body))
