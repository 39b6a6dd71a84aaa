"""The media of a job, fetched from S3 into its spool.

Each object is fetched once, as long as there is room for it, or by each process that needs it at the same
time. What S3 refuses is kept too, so that a record gives the same error whenever it is looked at.
"""

import os
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Self

from anyio.from_thread import start_blocking_portal

from addon.jobs.processes.media_store import MediaStore
from addon.storage.s3 import S3, Access, Location, S3Refused
from addon.storage.unfinished_files import unfinished
from translators.bedrock.s3_media import S3Medium
from translators.errors import Refused

_REFUSED = ".refused"


class MediaCache:
    """Fetches objects and keeps them."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._s3 = S3(store.section, own=store.own)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._stack.enter_context(start_blocking_portal())
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def content(self, medium: S3Medium, field: str) -> bytes:
        """The bytes of an object. Raises `Refused` naming the field, `S3Unavailable`."""
        name = sha256(f"{medium.bucket_owner} {medium.uri}".encode()).hexdigest()
        path = self._store.folder / name
        refused = path.with_suffix(_REFUSED)
        while not refused.is_file():
            try:
                return path.read_bytes()
            except FileNotFoundError:  # not there yet, or another process made room
                self._fetch_or_refuse(medium, path, refused)
        raise Refused(field, refused.read_text(encoding="utf-8"))

    def _fetch_or_refuse(self, medium: S3Medium, path: Path, refused: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._fetch(medium, path)
        except S3Refused as error:
            part = unfinished(refused)
            part.write_text(str(error), encoding="utf-8")
            part.replace(refused)
        else:
            self._make_room(path)

    def _fetch(self, medium: S3Medium, path: Path) -> None:
        store = self._store
        if not store.section.allows(medium.uri):
            raise S3Refused(f"{medium.uri} is outside the places that [s3] allowed names")
        try:
            location = Location.parse(medium.uri)
        except ValueError as error:
            raise S3Refused(str(error)) from error
        access = Access(
            region=store.access.region, role_arn=store.access.role_arn, bucket_owner=medium.bucket_owner
        )
        own = unfinished(path)
        self._portal.call(self._s3.fetch, location, access, own, store.most_bytes)
        own.replace(path)

    def _make_room(self, newest: Path) -> None:
        """Remove the oldest media beyond what is kept."""
        media = []
        for entry in os.scandir(self._store.folder):
            with suppress(FileNotFoundError):  # another process makes room too
                if "." not in entry.name:
                    status = entry.stat()
                    media.append((status.st_mtime_ns, status.st_size, entry.path))
        total = sum(size for _, size, _ in media)
        for _, size, path in sorted(media):
            if total <= self._store.kept:
                return
            if path != str(newest):
                total -= size
                Path(path).unlink(missing_ok=True)
