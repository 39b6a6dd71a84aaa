"""Reading and writing the jobs' S3 objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from addon.config import S3Section


class S3Refused(Exception):
    """S3 says no, and will say no again: no such bucket or key, access denied."""


class S3Unavailable(Exception):
    """S3 could not be asked or had trouble of its own; the same call may succeed later."""


@dataclass(frozen=True)
class Location:
    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket, key)


@dataclass(frozen=True, kw_only=True)
class Access:
    region: str
    role_arn: str | None = None
    bucket_owner: str | None = None
    kms_key: str | None = None


@dataclass(frozen=True)
class InputObject:
    key: str
    size: int
    etag: str | None


class S3:
    def __init__(self, section: S3Section) -> None:
        self._section = section

    async def inputs(self, location: Location, access: Access) -> list[InputObject]:
        raise NotImplementedError

    async def download(self, bucket: str, source: InputObject, access: Access, path: Path) -> None:
        raise NotImplementedError

    async def upload(self, bucket: str, key: str, access: Access, parts: Sequence[Path]) -> None:
        raise NotImplementedError

    async def put(self, bucket: str, key: str, access: Access, data: bytes) -> None:
        raise NotImplementedError

    async def reachable(self, location: Location, access: Access) -> None:
        raise NotImplementedError
