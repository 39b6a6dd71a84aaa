"""Reading and writing the jobs' S3 objects, with the proxy's own credentials or the job's role.

obstore moves the bytes. botocore knows who we are and where S3 is: credentials, endpoints, regions.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, override

import anyio
import botocore.session
import obstore
from anyio.to_thread import run_sync
from botocore import UNSIGNED
from botocore import exceptions as aws
from botocore.config import Config
from botocore.credentials import Credentials, DeferredRefreshableCredentials, create_assume_role_refresher
from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import S3Store

from addon.config import S3Section
from addon.outbound import proxy_for

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta
    from obstore.store import ClientConfig, S3Config, S3Credential

PART = 8 << 20
"""Bytes of one part of a multipart upload; S3 takes 10,000 parts of at least 5 MiB."""
PARTS_IN_FLIGHT = 4
SLICE = 16 << 20
"""Bytes that one request of a download asks for."""
SUFFIX = ".jsonl"

_CONTENT_TYPE: Attributes = {"Content-Type": "application/octet-stream"}
# A part or a slice must make it within the minute: a line of 140 kB/s does for the one, obstore goes on
# where it was cut for the other.
_CLIENT: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "120s"}
# obstore reads HTTPS_PROXY unless it is given a proxy; this one is never used.
_NO_PROXY: ClientConfig = {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*,0.0.0.0/0,::/0"}
# botocore hands out nothing that lives less than ten minutes.
_CREDENTIALS_LAST = timedelta(minutes=10)
_ROLE_SESSION = "bedrock-batch-proxy"

_STATUS = re.compile(r"status code: (\d{3})( [\w ]+)?")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_SYSTEM_SAID = re.compile(r'(?:message|error): "([^"]+)"')
_KIND = re.compile(r"kind: (\w+)")
_PASSING_STATUS = frozenset({301, 307, 408, 409, 429})
"""301 and 307 are what S3 answers while a new bucket's name spreads through DNS."""
_PASSING_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "RequestTimeout"}
)
"""Codes with status 400 or 403 that go away once the machine's login or clock is put right."""
_PASSING_TROUBLE = (
    aws.HTTPClientError,
    aws.ConnectionError,
    aws.CredentialRetrievalError,
    aws.MetadataRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.LoginError,
)

# mitmproxy lets every debug message through, and botocore's hold signatures and session tokens.
logging.getLogger("botocore").setLevel(logging.INFO)


class S3Refused(Exception):
    """S3 says no, and will say no again: no such bucket or key, access denied, the object has changed."""


class S3Unavailable(Exception):
    """S3 could not be asked, or has trouble of its own; the same call may succeed later."""


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
    """On whose behalf and how a job's objects are touched."""

    region: str
    """The job's; the bucket's own is found out where S3 tells it."""
    role_arn: str | None = None
    """The job's role, assumed when `[s3] assume_role` says so."""
    bucket_owner: str | None = None
    """The account that must own the bucket, when the caller named one."""
    kms_key: str | None = None
    """Key id, ARN or alias that what is written gets encrypted with."""


@dataclass(frozen=True)
class InputObject:
    """A file of records."""

    key: str
    size: int
    """Bytes."""
    etag: str | None
    """Of the version that was listed; a later one is not read."""


class S3:
    """The S3 that the section and the environment name, as AWS's own tools would find it.

    Every method raises `S3Refused` and `S3Unavailable`. `own` are the addresses this process listens on,
    which are never used as a proxy.
    """

    def __init__(self, section: S3Section, *, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self._section = section
        self._own = own
        self._session = botocore.session.get_session()
        self._session.set_default_client_config(self._config("sts", "us-east-1"))
        self._making = threading.Lock()  # botocore's sessions make one client at a time
        self._limiter = anyio.CapacityLimiter(8)
        self._clients: dict[str, Any] = {}
        self._assumed: dict[str, Credentials] = {}
        self._regions: dict[str, str] = {}

    async def inputs(self, location: Location, access: Access) -> list[InputObject]:
        """The object if its name ends in `.jsonl`, else every such object below the folder, by key.

        AWS takes one file or a folder whose files may be nested, and only names that end in `.jsonl`
        (AWS: batch-inference-data). Empty when there is none.
        """
        async with self._store(location, access) as store:
            if location.key.endswith(SUFFIX):
                found = await _found(store, location.key)
                if found is not None:
                    return [_input(found)]
            folder = location.key.rstrip("/") or None
            listed: list[InputObject] = []
            async for page in obstore.list(store, folder, chunk_size=1000):
                listed.extend(_input(meta) for meta in page if meta["path"].endswith(SUFFIX))
            return sorted(listed, key=lambda item: item.key)

    async def download(self, bucket: str, source: InputObject, access: Access, path: Path) -> None:
        """Copy the object into the file, which appears whole or not at all.

        An object that is no longer the one that was listed is refused.
        """
        part = anyio.Path(path.with_name(f"{path.name}.part"))
        location = Location(bucket, source.key)
        async with self._store(location, access) as store, await part.open("wb") as file:
            for start in range(0, source.size, SLICE):
                wanted = (start, min(start + SLICE, source.size))
                result = await obstore.get_async(
                    store, source.key, options={"range": wanted, "if_match": source.etag}
                )
                await file.write(await result.bytes_async())
        size = (await part.stat()).st_size
        if size != source.size:
            raise S3Unavailable(f"{location}: {size} bytes came instead of {source.size}")
        await part.replace(path)

    async def upload(self, bucket: str, key: str, access: Access, parts: Sequence[Path]) -> None:
        """Write the files, one after the other, as one object. Memory stays flat."""
        sizes = [(await anyio.Path(part).stat()).st_size for part in parts]
        if sum(sizes) <= PART:
            await self.put(bucket, key, access, b"".join([block async for block in _blocks(parts)]))
            return
        async with self._store(Location(bucket, key), access) as store:
            await obstore.put_async(
                store,
                key,
                _blocks(parts),
                attributes=_CONTENT_TYPE,
                chunk_size=PART,
                max_concurrency=PARTS_IN_FLIGHT,
            )

    async def put(self, bucket: str, key: str, access: Access, data: bytes) -> None:
        """Write a small object."""
        async with self._store(Location(bucket, key), access) as store:
            await obstore.put_async(store, key, data, attributes=_CONTENT_TYPE, use_multipart=False)

    async def reachable(self, location: Location, access: Access) -> None:
        """Ask for a listing of the place; comes back when S3 gives one, empty or not."""
        async with self._store(location, access) as store:
            listing = obstore.list(store, location.key.rstrip("/") or None, chunk_size=1)
            with suppress(InvalidPathError):  # a listing, of keys that obstore cannot spell
                await anext(listing, None)

    @asynccontextmanager
    async def _store(self, location: Location, access: Access) -> AsyncIterator[S3Store]:
        """The bucket, opened. Turns what AWS's libraries raise into `S3Refused` or `S3Unavailable`."""
        try:
            yield await run_sync(self._opened, location, access, limiter=self._limiter)
        except (BaseError, FileNotFoundError, aws.BotoCoreError, aws.ClientError) as error:
            if isinstance(error, FileNotFoundError) and error.errno is not None:
                raise  # a file of ours; S3's come without a number
            self._regions.pop(location.bucket, None)  # it may have been made anew elsewhere
            # Not chained: S3 repeats session tokens in the bodies of some errors.
            raise _trouble(location, error) from None

    def _opened(self, location: Location, access: Access) -> S3Store:
        credentials = self._credentials(access)
        credentials.get_frozen_credentials()  # what goes wrong here has words; inside obstore it has none
        region = self._region(location.bucket, access.region)
        endpoint: str = self._client(region).meta.endpoint_url

        async def provider() -> S3Credential:
            return await run_sync(_frozen, credentials, limiter=self._limiter)

        return S3Store(
            location.bucket,
            config=_store_config(endpoint, region, access),
            client_options=self._client_options(endpoint, access),
            retry_config={"max_retries": 4},
            credential_provider=provider,
        )

    def _client_options(self, endpoint: str, access: Access) -> ClientConfig:
        options: ClientConfig = {**_CLIENT, "allow_http": endpoint.startswith("http://")}
        proxy = proxy_for(endpoint, os.environ, self._own)
        options.update(_NO_PROXY if proxy is None else {"proxy_url": proxy})
        if (bundle := self._session.get_config_variable("ca_bundle")) is not None:
            options["root_certificate"] = Path(bundle).read_bytes()
        if access.bucket_owner is not None:
            options["default_headers"] = {"x-amz-expected-bucket-owner": access.bucket_owner}
        return options

    def _credentials(self, access: Access) -> Credentials:
        """Those of the proxy's own chain, or of the job's role. Raises botocore's errors."""
        role = access.role_arn if self._section.assume_role else None
        with self._making:
            if role is None:
                found = self._session.get_credentials()
                if found is None:
                    raise aws.NoCredentialsError
                return found
            if role not in self._assumed:
                sts = self._session.create_client(
                    "sts", region_name=access.region, config=self._config("sts", access.region)
                )
                asked = {"RoleArn": role, "RoleSessionName": _ROLE_SESSION}
                refresh = create_assume_role_refresher(sts, asked)
                self._assumed[role] = DeferredRefreshableCredentials(refresh, "sts-assume-role")
            return self._assumed[role]

    def _region(self, bucket: str, asked: str) -> str:
        """Where the bucket is, as S3 tells anyone who asks for its head; `asked` if it tells nothing."""
        if bucket not in self._regions:
            try:
                answer = self._client(asked).head_bucket(Bucket=bucket)
            except aws.ClientError as error:
                answer = error.response
            told = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
            if told is None:
                return asked
            self._regions[bucket] = told
        return self._regions[bucket]

    def _client(self, region: str) -> Any:
        """botocore's S3 client: it knows the endpoints of all partitions and whose variables name another."""
        with self._making:
            if region not in self._clients:
                config = self._config("s3", region).merge(
                    Config(signature_version=UNSIGNED, s3={"addressing_style": "path"})
                )
                self._clients[region] = self._session.create_client(
                    "s3", region_name=region, endpoint_url=self._section.endpoint_url, config=config
                )
            return self._clients[region]

    def _config(self, service: str, region: str) -> Config:
        """Patience and proxies of botocore's own calls."""
        set_by = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
        address = next(filter(None, map(os.environ.get, set_by)), f"https://{service}.{region}.amazonaws.com")
        proxy = proxy_for(address, os.environ, self._own)
        return Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            proxies={} if proxy is None else {"http": proxy, "https": proxy},
        )


def _store_config(endpoint: str, region: str, access: Access) -> S3Config:
    config: S3Config = {
        "aws_endpoint_url_s3": endpoint.rstrip("/"),
        "region": region,
        "virtual_hosted_style_request": False,
    }
    if access.kms_key is not None:
        config["server_side_encryption"] = "aws:kms"
        config["sse_kms_key_id"] = access.kms_key
    return config


def _frozen(credentials: Credentials) -> S3Credential:
    frozen = credentials.get_frozen_credentials()
    return {
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        "token": frozen.token,
        "expires_at": datetime.now(UTC) + _CREDENTIALS_LAST,
    }


async def _found(store: S3Store, key: str) -> ObjectMeta | None:
    try:
        # Not a HEAD, whose refusals have no words. The body is never read.
        return (await obstore.get_async(store, key)).meta
    except FileNotFoundError:
        return None


def _input(meta: ObjectMeta) -> InputObject:
    return InputObject(meta["path"], meta["size"], meta["e_tag"])


async def _blocks(paths: Sequence[Path]) -> AsyncIterator[bytes]:
    for path in paths:
        async with await anyio.open_file(path, "rb") as file:
            while block := await file.read(PART):
                yield block


def _trouble(location: Location, error: Exception) -> S3Refused | S3Unavailable:
    """What happened at the place, in AWS's words, and whether it may pass. Status before text."""
    match error:
        case aws.ClientError():
            said, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            passing, words = _passes(status, said["Code"]), f"{said['Code']}: {said['Message']}"
        case aws.BotoCoreError():
            passing, words = isinstance(error, _PASSING_TROUBLE), str(error)
        case InvalidPathError():
            passing, words = False, str(error).partition("\n")[0]
        case _:
            passing, words = _obstore_said(str(error))
    return (S3Unavailable if passing else S3Refused)(f"{location}: {words}")


def _obstore_said(text: str) -> tuple[bool, str]:
    """Its errors hold status and body as text only, and the system's words in a dump of Rust structures."""
    summary, _, dump = text.partition("\n\nDebug source")
    answer = _STATUS.search(summary)
    if answer is None:
        details = [*_KIND.findall(dump)[:1], *_SYSTEM_SAID.findall(dump)[:1]]
        return True, ", ".join([summary.rpartition(" - ")[2].strip()[:200], *details])
    status, code, message = int(answer[1]), _CODE.search(summary), _MESSAGE.search(summary)
    if status == 412:
        return False, "the object has changed since it was listed"
    if code is None or message is None:
        return _passes(status, ""), f"HTTP {answer[0].partition(': ')[2]}"
    return _passes(status, code[1]), f"{code[1]}: {unescape(message[1])}"


def _passes(status: int, code: str) -> bool:
    return status >= 500 or status in _PASSING_STATUS or code in _PASSING_CODES
