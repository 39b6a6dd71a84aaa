"""Reads and writes the jobs' S3 objects, with the proxy's own credentials or the job's role.

obstore transfers the bytes; `addon.storage.aws_session` supplies credentials, regions and endpoints.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self, override

import anyio
import obstore
from anyio.to_thread import run_sync
from botocore import exceptions as boto
from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import S3Store

from addon.settings.config import S3Section
from addon.storage import object_store
from addon.storage.aws_credentials import REFUSED_KEY_CODES, Chain
from addon.storage.aws_session import AwsSession
from addon.storage.unfinished_files import unfinished
from translators.errors import is_transient

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from obstore import Attributes, ObjectMeta
    from obstore.store import ClientConfig, S3Config, S3Credential

SUFFIX = ".jsonl"

_CONTENT_TYPE = "application/octet-stream"
_CREDENTIALS_LIFETIME = timedelta(minutes=10)

_TRANSIENT_IN_S3 = frozenset({301, 307, 409})
"""S3 redirects while the name of a new bucket spreads through DNS."""
_TRANSIENT_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "RequestTimeout"}
)
"""Codes with status 400 or 403 that end once the machine's login or clock is corrected."""
_NO_RESPONSE = (boto.HTTPClientError, boto.ConnectionError)
_TRANSIENT_ERRORS = (
    *_NO_RESPONSE,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
)


class S3Refused(Exception):
    """S3 refuses permanently: no such bucket or key, access denied, the object has changed."""


class S3Unavailable(Exception):
    """No response from S3, or a transient one; the same call may succeed later."""


@dataclass(frozen=True)
class Location:
    """An object, a folder, or with an empty key a whole bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """`s3://bucket`, `s3://bucket/key` or `s3://bucket/folder/`. Raises `ValueError`."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise ValueError(f"{uri!r} is not of the form s3://bucket/key")
        return cls(bucket, key)

    @override
    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, kw_only=True)
class Access:
    """The region, role, owner and encryption key with which a job's objects are read and written."""

    region: str
    """The job's, where S3 does not report the bucket's."""
    role_arn: str | None = None
    """The job's role, assumed with `[s3] assume_role`."""
    bucket_owner: str | None = None
    """The account that must own the bucket, when the caller named one."""
    kms_key: str | None = None
    """Key id, ARN or alias for the encryption of written objects."""


@dataclass(frozen=True)
class InputObject:
    """A file of records."""

    key: str
    size: int
    """Bytes."""
    etag: str | None
    """Of the listed version; a later one is not read."""


class S3:
    """S3 as configured by the section and the environment, in the order of AWS's own tools.

    Every method raises `S3Refused` and `S3Unavailable`. `own` are the addresses this process listens on,
    which are never used as a proxy.
    """

    def __init__(self, section: S3Section, *, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self.section = section
        self.own = frozenset(own)
        self._aws = AwsSession(section.endpoint_url, own)
        self._limiter = anyio.CapacityLimiter(8)  # an unreachable AWS must not occupy every thread

    async def inputs(self, location: Location, access: Access) -> list[InputObject]:
        """The object if its name ends in `.jsonl`, else every such object below the folder, by key.

        AWS takes one file or a folder, in which files may be nested, and only names that end in `.jsonl`
        (AWS: batch-inference-data). Empty when there is none.
        """
        if location.key.endswith(SUFFIX):
            async with self.opened(location, access) as store:
                found = await _found(store, location.key)
            if found is not None:
                return [_input(found)]
        listed: list[InputObject] = []
        async with self.opened(location, access, to_list=True) as store:
            async for page in obstore.list(store, location.key.rstrip("/") or None, chunk_size=1000):
                listed.extend(_input(meta) for meta in page if meta["path"].endswith(SUFFIX))
        return sorted(listed, key=lambda item: item.key)

    async def download(self, bucket: str, source: InputObject, access: Access, path: Path) -> None:
        """Copy the object into the file, which appears whole or not at all.

        Raises `S3Refused` for an object that has changed since it was listed.
        """
        part = anyio.Path(unfinished(path))
        location = Location(bucket, source.key)
        async with self.opened(location, access) as store:
            size = await object_store.download(store, source.key, source.size, source.etag, part)
        if size != source.size:
            raise S3Unavailable(f"{location}: {size} bytes came instead of {source.size}")
        await part.replace(path)

    async def fetch(self, location: Location, access: Access, path: Path, most_bytes: int) -> None:
        """Copy an object of at most so many bytes into the file, which appears whole or not at all."""
        async with self.opened(location, access) as store:
            found = await _found(store, location.key)
        if found is None:
            raise S3Refused(f"{location}: there is no such object")
        if found["size"] > most_bytes:
            raise S3Refused(f"{location}: has {found['size']} bytes, at most {most_bytes} can be sent")
        await self.download(location.bucket, _input(found), access, path)

    async def upload(self, bucket: str, key: str, access: Access, parts: Sequence[Path]) -> None:
        """Write the files, one after the other, as one object. Holds a few parts in memory at most."""
        sizes = [(await anyio.Path(part).stat()).st_size for part in parts]
        async with self.opened(Location(bucket, key), access) as store:
            await object_store.upload(store, key, _blocks(parts), sum(sizes), _CONTENT_TYPE)

    async def put(self, bucket: str, key: str, access: Access, data: bytes) -> None:
        """Write a small object."""
        async with self.opened(Location(bucket, key), access) as store:
            attributes: Attributes = {"Content-Type": _CONTENT_TYPE}
            await obstore.put_async(store, key, data, attributes=attributes, use_multipart=False)

    async def reachable(self, location: Location, access: Access) -> None:
        """Request a listing of the location; returns when S3 sends one, even if empty."""
        async with self.opened(location, access, to_list=True) as store:
            listing = obstore.list(store, location.key.rstrip("/") or None, chunk_size=1)
            with suppress(InvalidPathError):  # listed, but obstore cannot represent a key
                await anext(listing, None)

    @asynccontextmanager
    async def opened(
        self, location: Location, access: Access, *, to_list: bool = False
    ) -> AsyncIterator[S3Store]:
        """The bucket, opened. Maps exceptions of AWS's libraries to `S3Refused` or `S3Unavailable`."""
        chain = self._aws.chain()
        try:
            yield await run_sync(self._bucket, location.bucket, access, to_list, limiter=self._limiter)
        except (BaseError, FileNotFoundError, boto.BotoCoreError, boto.ClientError) as error:
            if isinstance(error, FileNotFoundError) and error.errno is not None:
                raise  # of a local file; S3's errors have no errno
            self._aws.forget_region(location.bucket)
            failure = await self._mapped(location, error, chain)
            # Not chained: S3 repeats session tokens in the bodies of some errors.
            raise failure from None

    async def _mapped(self, location: Location, error: Exception, chain: Chain) -> S3Refused | S3Unavailable:
        """The error with AWS's own text; one of a key that has been replaced since is transient."""
        failure = _failure(location, error)
        if isinstance(error, boto.BotoCoreError) and not isinstance(error, _NO_RESPONSE):
            self._aws.forget_credentials(chain)
        elif _code(error) in REFUSED_KEY_CODES:
            changed = await run_sync(self._aws.has_another_key, chain, limiter=self._limiter)
            return S3Unavailable(str(failure)) if changed else failure
        return failure

    def _bucket(self, bucket: str, access: Access, to_list: bool) -> S3Store:
        role = access.role_arn if self.section.assume_role else None
        keys = self._aws.credentials(role, access.region).get_frozen_credentials()  # obstore hides errors
        region = self._aws.region(bucket, access.region)
        owner = access.bucket_owner
        if to_list and owner is not None:
            # obstore 0.12.1 signs the owner's header on all requests but listings; S3 refuses it unsigned.
            self._aws.confirm_owner(bucket, owner, keys, region)
            owner = None
        endpoint = self._aws.s3_endpoint(region)

        return S3Store(
            bucket,
            config=_store_config(endpoint, region, access.kms_key),
            client_options=self._client_options(endpoint, owner),
            retry_config={"max_retries": object_store.RETRIES},
            # Not async: obstore calls it where no event loop runs.
            credential_provider=lambda: _credential(self._aws.credentials(role, access.region)),
        )

    def _client_options(self, endpoint: str, owner: str | None) -> ClientConfig:
        options = object_store.client_options(endpoint, self.own)
        if (bundle := self._aws.ca_bundle) is not None:
            options["root_certificate"] = Path(bundle).read_bytes()
        if owner is not None:
            options["default_headers"] = {"x-amz-expected-bucket-owner": owner}
        return options


def _store_config(endpoint: str, region: str, kms_key: str | None) -> S3Config:
    config: S3Config = {
        "aws_endpoint_url_s3": endpoint,
        "region": region,
        "virtual_hosted_style_request": False,
    }
    if kms_key is not None:
        config["server_side_encryption"] = "aws:kms"
        config["sse_kms_key_id"] = kms_key
    return config


def _credential(credentials: Credentials) -> S3Credential:
    frozen = credentials.get_frozen_credentials()
    return {
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        "token": frozen.token,
        "expires_at": datetime.now(UTC) + _CREDENTIALS_LIFETIME,
    }


async def _found(store: S3Store, key: str) -> ObjectMeta | None:
    try:
        # Not a HEAD: its error responses have no body. The body of this one is never read.
        return (await obstore.get_async(store, key)).meta
    except FileNotFoundError:
        return None


def _input(meta: ObjectMeta) -> InputObject:
    return InputObject(meta["path"], meta["size"], meta["e_tag"])


async def _blocks(paths: Sequence[Path]) -> AsyncIterator[bytes]:
    for path in paths:
        async with await anyio.open_file(path, "rb") as file:
            while block := await file.read(object_store.BLOCK):
                yield block


def _code(error: Exception) -> str:
    """AWS's code for the error; empty where it has none."""
    if isinstance(error, boto.ClientError):
        code: str = error.response["Error"]["Code"]
        return code
    return object_store.parsed(error).code


def _failure(location: Location, error: Exception) -> S3Refused | S3Unavailable:
    """The error with AWS's own text. An HTTP status decides before the text does."""
    match error:
        case boto.ClientError():
            body, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            transient, text = _is_transient(status, body["Code"]), f"{body['Code']}: {body['Message']}"
        case boto.NoCredentialsError():
            transient, text = False, "the proxy has no AWS credentials (variables, profile or instance role)"
        case boto.BotoCoreError():
            transient, text = isinstance(error, _TRANSIENT_ERRORS), str(error)
        case InvalidPathError():
            transient, text = False, str(error).partition("\n")[0]
        case _:
            transient, text = _parsed(error)
    return (S3Unavailable if transient else S3Refused)(f"{location}: {text}")


def _parsed(error: Exception) -> tuple[bool, str]:
    failure = object_store.parsed(error)
    if failure.status == 412:
        return False, "the object has changed since it was listed"
    return failure.status is None or _is_transient(failure.status, failure.code), failure.message


def _is_transient(status: int, code: str) -> bool:
    return is_transient(status) or status in _TRANSIENT_IN_S3 or code in _TRANSIENT_CODES
