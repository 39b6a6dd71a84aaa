"""The parts of the process that all running jobs share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Configuration, connections and limits."""

    config: Config
    executor: str
    """Id of this process in the fleet."""
    store: AsyncStore
    """Calls wait until the database is there."""
    keys: KeyVault
    s3: S3
    transport: Transport
    poll_interval: float
    """Seconds between two requests for the state of a provider's batch."""
    workers: anyio.CapacityLimiter
    """Worker processes that translate at the same time."""
    transfers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(TRANSFERS))
    """Uploads and downloads at the same time; more would delay the proxy's other clients."""
    creating: set[str] = field(default_factory=set[str])
    """Calls that create batches now, by the owners of their claims."""
    google: GoogleCredentials = field(default_factory=GoogleCredentials)
    """This machine's credentials at Google."""
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
