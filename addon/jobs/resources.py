"""The parts of the process that all running jobs share."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import anyio
import anyio.to_process

from addon.jobs.async_store import AsyncStore
from addon.jobs.errors import JobFailed
from addon.jobs.key_vault import KeyVault
from addon.jobs.processes.pool import at_low_priority
from addon.jobs.tables import Job
from addon.providers.concurrency import ConcurrencyLimit
from addon.providers.google_auth import GoogleCredentials
from addon.providers.transport import Transport
from addon.settings.config import Config, Target
from addon.storage.s3 import S3

TRANSFERS = 2


class Wakeups:
    """Sleeps of jobs that end early when the job should look at its state."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    async def sleep(self, job_id: str, seconds: float) -> None:
        event = self._events.setdefault(job_id, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    def wake(self, job_id: str) -> None:
        event = self._events.pop(job_id, None)
        if event is not None:
            event.set()

    def forget(self, job_id: str) -> None:
        self._events.pop(job_id, None)


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Configuration, connections and limits."""

    config: Config
    store: AsyncStore
    keys: KeyVault
    s3: S3
    transport: Transport
    poll_interval: float
    """Seconds between two requests for the state of a provider's batch."""
    workers: anyio.CapacityLimiter
    """Worker processes that translate at the same time."""
    transfers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(TRANSFERS))
    """Uploads and downloads at the same time; more would delay the proxy's other clients."""
    google: GoogleCredentials = field(default_factory=GoogleCredentials)
    """This machine's credentials at Google."""
    wakeups: Wakeups = field(default_factory=Wakeups)
    creation_locks: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[str, ...], asyncio.Lock], repr=False
    )
    """By provider, address and key: held while a batch without a marker is created."""

    _direct_limits: dict[str, ConcurrencyLimit] = field(
        default_factory=dict[str, ConcurrencyLimit], init=False, repr=False
    )

    def direct_limit(self, target: Target) -> ConcurrencyLimit:
        """The limit of direct calls to a provider section, which all jobs share."""
        limit = ConcurrencyLimit(target.section.concurrency)
        return self._direct_limits.setdefault(target.name, limit)

    async def job(self, job_id: str) -> Job:
        """The job as stored now. Raises `JobFailed` if there is none."""
        job = await self.store.job(job_id)
        if job is None:
            raise JobFailed(f"job {job_id} is not in the database")
        return job

    async def in_process[Result](self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run CPU work in a worker process, which is killed when the call is cancelled."""
        return await anyio.to_process.run_sync(
            at_low_priority, function, *arguments, cancellable=True, limiter=self.workers
        )
