"""What the steps of a job work with, and small questions they all ask."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from weakref import WeakValueDictionary

import anyio
import anyio.to_process
import anyio.to_thread

from addon.jobs.processes.input_reader import InputFile, Start
from addon.jobs.processes.pool import at_low_priority
from addon.jobs.processes.split import Cut, Limits
from addon.jobs.retrying import NotConfigured, Patience
from addon.jobs.spool import Spool
from addon.jobs.store import Store
from addon.jobs.tables import Job, Shard
from addon.providers.credentials import NoKey, access_headers
from addon.providers.google_auth import GoogleLogin, LoginRefused
from addon.providers.transport import Transport
from addon.settings.config import Config, NoAddress, Target
from addon.storage.s3 import S3, Access, Location
from translators.errors import ProviderError
from translators.providers.conversation import Endpoint
from translators.providers.registry import UnknownProvider
from translators.translation import Route

TRANSFERS = 2


class Decrypts(Protocol):
    """Opens keys that callers brought."""

    def decrypt(self, data: bytes) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts of the running proxy or worker that jobs use."""

    config: Config
    store: Store
    keys: Decrypts
    s3: S3
    transport: Transport
    patience: Patience
    poll_interval: float
    """Seconds between looks at a provider's batch."""
    workers: anyio.CapacityLimiter
    """Worker processes that translate at the same time."""
    transfers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(TRANSFERS))
    """Files on their way at the same time; more would only make the proxy's other clients wait."""
    login: GoogleLogin = field(default_factory=GoogleLogin)
    """Who this machine is at Google."""
    turns: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[str, ...], asyncio.Lock], repr=False
    )
    """Who creates batches with a key; the keys are a part of the names."""

    async def in_process[Result](self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run CPU work in a worker process; cancelled work is killed, never awaited."""
        return await anyio.to_process.run_sync(
            at_low_priority, function, *arguments, cancellable=True, limiter=self.workers
        )

    async def off_loop[Result](
        self, function: Callable[..., Result], *arguments: Any, **values: Any
    ) -> Result:
        """Call what touches the disk or the database off the event loop."""
        return await anyio.to_thread.run_sync(lambda: function(*arguments, **values))

    def spool(self, job_id: str) -> Spool:
        return Spool(self.config.spool / job_id)

    def target(self, job: Job) -> Target:
        """The provider the job goes to, in the way it was sent there from the beginning.

        Raises `NotConfigured` when its section is gone.
        """
        try:
            target = self.config.target(job.provider)
        except UnknownProvider as error:
            raise NotConfigured(str(error)) from error
        begun = {"kind": job.kind, "endpoint": job.endpoint, "mode": job.mode}
        return replace(target, section=target.section.model_copy(update=begun))

    async def endpoint(self, job: Job) -> Endpoint:
        """Where the provider is, with the caller's key or else ours. Raises `NotConfigured`."""
        target = self.target(job)
        brought = await self.off_loop(self.store.encrypted_key, job.id)
        key = self.keys.decrypt(brought) if brought is not None else target.key()
        try:
            base_url, staging = target.base_url(), target.staging()
        except NoAddress as error:
            raise NotConfigured(str(error)) from error
        return Endpoint(base_url=base_url, headers=await self._headers(target, key), staging=staging)

    async def _headers(self, target: Target, key: str | None) -> dict[str, str]:
        """What carries the key, or else who this machine is. Raises `NotConfigured`, `ProviderError` when
        that is refused, `LoginUnavailable`."""
        try:
            return await access_headers(target, key, self.login)
        except NoKey as error:
            raise NotConfigured(f"no key for {target.name}: {error}") from error
        except LoginRefused as error:
            raise ProviderError(401, str(error)) from error

    def limits(self, job: Job) -> Limits:
        target = self.target(job)
        return Limits(requests=target.max_requests, bytes=target.max_bytes)

    def route(self, job: Job) -> Route:
        return Route(
            model_id=job.request["modelId"],
            invocation_type=job.request.get("modelInvocationType") or "InvokeModel",
            provider=job.kind,
            model=job.model,
            endpoint=job.endpoint,
        )


def input_location(job: Job) -> Location:
    return Location.parse(job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])


def output_location(job: Job) -> Location:
    return Location.parse(job.request["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])


def input_access(job: Job) -> Access:
    data = job.request["inputDataConfig"]["s3InputDataConfig"]
    return Access(region=job.region, role_arn=job.request["roleArn"], bucket_owner=data.get("s3BucketOwner"))


def output_access(job: Job) -> Access:
    data = job.request["outputDataConfig"]["s3OutputDataConfig"]
    return Access(
        region=job.region,
        role_arn=job.request["roleArn"],
        bucket_owner=data.get("s3BucketOwner"),
        kms_key=data.get("s3EncryptionKeyId"),
    )


def input_files(job: Job, spool: Spool) -> tuple[InputFile, ...]:
    """The spooled copies of the job's input objects, in order."""
    bucket = input_location(job).bucket
    return tuple(
        InputFile(spool.input(index), f"s3://{bucket}/{entry['key']}")
        for index, entry in enumerate(job.inputs)
    )


def cut_of(shard: Shard) -> Cut:
    """The range of records that a stored shard covers."""
    return Cut(
        start=Start(
            record=shard.first_record,
            object=shard.object,
            offset=shard.offset,
            line_number=shard.line_number,
        ),
        records=shard.records,
        lines=shard.lines,
        group=shard.group,
    )


def is_whole(path: Path, size: int) -> bool:
    """Whether a spooled copy is there and complete."""
    return path.is_file() and path.stat().st_size == size


def opened(path: Path) -> BinaryIO:
    """A file of bytes to read."""
    return path.open("rb")
