"""Calls that this process makes to providers and to S3, as they are reported to an observer."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, override

import httpx
from anyio.to_thread import run_sync

KEPT = 64 * 1024
"""Bytes of a body that are reported; of the files of batches, none are."""
_SMALL = 64 * 1024
"""Bytes that are hashed faster than a thread is begun."""


class CalledFor(NamedTuple):
    """The job that calls are made for, and its provider."""

    job: str = ""
    """Its id, or the id of a batch that was created outside this proxy; empty for none."""
    provider: str = ""


called_for: ContextVar[CalledFor] = ContextVar("called_for", default=CalledFor())  # noqa: B039  # it is immutable
"""Of the task that calls."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """What is known of a body."""

    size: int = 0
    sha256: str | None = None
    """In hexadecimal digits; None where it is not known."""
    content: bytes | None = b""
    """Its first `KEPT` bytes; None for a file of a batch."""
    place: str = ""
    """Where a file of a batch is."""

    @classmethod
    def of(cls, content: bytes) -> "Body":
        return cls(size=len(content), sha256=hashlib.sha256(content).hexdigest(), content=content[:KEPT])

    @classmethod
    def of_files(cls, paths: Sequence[Path]) -> "Body":
        """The files one after the other. Reads them all: for a worker thread."""
        digest, size = hashlib.sha256(), 0
        for path in paths:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
                    size += len(block)
        place = ", ".join(map(str, paths))
        return cls(size=size, sha256=digest.hexdigest(), content=None, place=place)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call and how it ended. Its headers, address and bodies hold what was sent, secrets included."""

    service: Literal["provider", "s3"]
    purpose: CalledFor = field(default_factory=called_for.get)
    method: str
    url: str
    request_headers: Sequence[tuple[str, str]] = ()
    request: Body = field(default_factory=Body)
    status: int | None = None
    """Of HTTP; None without a response."""
    response_headers: Sequence[tuple[str, str]] = ()
    response: Body = field(default_factory=Body)
    error: str | None = None
    """Why there is no response, or no usable one."""
    began: float
    """Seconds since 1970, as the next."""
    ended: float
    is_of_record: bool = False
    """It sends one record, of which a job may have a million."""


type Observer = Callable[[Call], None]
"""Called after each exchange, on the event loop; it must be quick, and must not raise."""


class CountedBody(httpx.AsyncByteStream):
    """A body that is sent from a file; counts and hashes what passes."""

    def __init__(self, body: httpx.AsyncByteStream, place: str) -> None:
        self._body = body
        self._place = place
        self._digest, self._size = hashlib.sha256(), 0

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._digest, self._size = hashlib.sha256(), 0
        async for block in self._body:
            self._size += len(block)
            if len(block) > _SMALL:
                await run_sync(self._digest.update, block)
            else:
                self._digest.update(block)
            yield block

    @property
    def body(self) -> Body:
        """What was sent so far."""
        return Body(size=self._size, sha256=self._digest.hexdigest(), content=None, place=self._place)


async def files_body(paths: Sequence[Path]) -> Body:
    """The files of a batch, read in a thread. A file that cannot be read is no reason to fail a transfer."""
    try:
        return await run_sync(Body.of_files, list(paths))
    except OSError as error:
        return Body(content=None, place=f"{', '.join(map(str, paths))}, which cannot be read: {error}")
