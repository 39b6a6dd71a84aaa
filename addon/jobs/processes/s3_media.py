"""Puts the bytes of media in S3 into the records that name them, before they are translated."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from translators.bedrock import records
from translators.bedrock.records import AnyRecord, InputRecord
from translators.bedrock.s3_media import MARK, S3Medium, media_in_s3, with_bytes
from translators.errors import RecordError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from addon.jobs.processes.media_cache import MediaCache
    from addon.jobs.processes.media_store import MediaStore


class Media:
    """The media of a job's records. S3 is opened when the first one is needed."""

    def __init__(self, store: MediaStore | None) -> None:
        """Without a store, records stay as they are."""
        self._store = store
        self._stack = ExitStack()
        self._cache: MediaCache | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def reading(self, read: Callable[[bytes], AnyRecord | None]) -> Callable[[bytes], AnyRecord | None]:
        """`read`, which leaves the body undecoded where it names media in S3."""
        if self._store is None:
            return read
        return lambda line: records.read(line) if MARK in line else read(line)

    def filled(self, record: AnyRecord) -> AnyRecord | RecordError:
        """The record with the bytes of its media, or the error of one that cannot be had.

        Raises `S3Unavailable` where S3 may give it later.
        """
        if (
            self._store is None
            or not isinstance(record, InputRecord)
            or MARK not in bytes(record.model_input)
            or not (named := media_in_s3(record.model_input))
        ):
            return record
        contents: dict[S3Medium, bytes] = {}
        try:
            for path, medium in named.items():
                if medium not in contents:
                    contents[medium] = self._opened(self._store).content(medium, path)
                size = sum(len(contents[one]) for one in named.values() if one in contents)
                if size > self._store.most_bytes:
                    raise Refused(path, f"all media are {size} bytes, {self._store.most_bytes} can be sent")
        except Refused as refusal:
            return refusal.error
        return InputRecord(with_bytes(record.model_input, contents), record.record_id)

    def _opened(self, store: MediaStore) -> MediaCache:
        if self._cache is None:
            # Loads the clients of S3, which most jobs do not need here.
            from addon.jobs.processes.media_cache import MediaCache

            self._cache = self._stack.enter_context(MediaCache(store))
        return self._cache
