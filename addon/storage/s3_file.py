"""An object in S3 as a file that is read from any place on. For threads and worker processes: it blocks."""

from __future__ import annotations

import io
import os
from collections.abc import Buffer, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast, override

import obstore
from anyio.from_thread import start_blocking_portal

from addon.storage.object_store import SLICE
from addon.storage.s3 import S3, Access, Location

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

    from addon.settings.config import S3Section

_FIRST_SLICE = 1 << 18
"""Bytes of the first request at a place; later ones ask for twice as many, up to `SLICE`."""


@dataclass(frozen=True, kw_only=True)
class S3File:
    """Where the object is, and how it is read."""

    section: S3Section
    own: frozenset[tuple[str, int]]
    """Addresses that are never used as a proxy."""
    access: Access
    location: Location
    etag: str | None = None
    """Of the version to read; any without one."""

    @property
    def key(self) -> str:
        """Its URI."""
        return str(self.location)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The object, at its beginning. Raises `S3Refused`, `S3Unavailable`, here and while it is read."""
        s3 = S3(self.section, own=self.own)
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(s3.opened(self.location, self.access)) as store,
        ):
            raw = _Slices(store, self.location.key, self.etag)
            yield cast("BinaryIO", io.BufferedReader(raw, SLICE))


class _Slices(io.RawIOBase):
    """Reads an object in few requests, of which small reads need small ones."""

    def __init__(self, store: S3Store, key: str, etag: str | None) -> None:
        self._store = store
        self._key = key
        self._only: GetOptions = {} if etag is None else {"if_match": etag}
        # Not a HEAD: its error responses have no body. The body of this one is never read.
        self._size = obstore.get(store, key, options=self._only).meta["size"]
        self._at = 0
        self._next = _FIRST_SLICE

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        length = min(len(view), self._next, self._size - self._at)
        if length <= 0:
            return 0
        wanted: GetOptions = {**self._only, "range": (self._at, self._at + length)}
        data = obstore.get(self._store, self._key, options=wanted).bytes()
        view[: len(data)] = data
        self._at += len(data)
        self._next = min(2 * self._next, SLICE)
        return len(data)

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset != self._at:
            self._at = max(0, base + offset)
            self._next = _FIRST_SLICE
        return self._at

    @override
    def tell(self) -> int:
        return self._at
