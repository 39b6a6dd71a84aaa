"""The parts of the process that all running jobs share."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
import anyio.to_process
from sqlalchemy.engine import make_url

from addon.jobs.coordinator import coordinated
from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.tables import Job
from addon.jobs.errors import JobFailed
from addon.jobs.key_vault import KeyVault
from addon.jobs.processes.pool import Workers, at_low_priority
from addon.providers.concurrency import ConcurrencyLimit
from addon.providers.google_auth import GoogleCredentials
from addon.providers.transport import Transport
from addon.settings.config import Config, Target
from addon.storage.disk_space import DiskSpace
from addon.storage.s3 import S3
from translators.providers.conversation import Endpoint

TRANSFERS = 2
COORDINATORS = 8


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
    coordinators: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(COORDINATORS))
    """Threads that hand parts of their work to worker processes."""
    creating: set[str] = field(default_factory=set[str])
    """Calls that create batches now, by the owners of their claims."""
    google: GoogleCredentials = field(default_factory=GoogleCredentials)
    """This machine's credentials at Google."""
    _direct_limits: dict[str, ConcurrencyLimit] = field(
        default_factory=dict[str, ConcurrencyLimit], init=False, repr=False
    )

    callers_endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint], repr=False)
    """By job: the endpoint with a caller's key, of jobs that are over and not cleared yet."""

    @cached_property
    def spool(self) -> Path:
        """The folder of running jobs' files, one for each database: two must not share one."""
        database = _identity(self.store.url)
        if database == _identity(self.config.database):
            return self.config.spool
        return self.config.folder / f"spool-{hashlib.sha256(database.encode()).hexdigest()[:16]}"

    @cached_property
    def downloads(self) -> anyio.CapacityLimiter:
        """Input objects that are downloaded at the same time."""
        return anyio.CapacityLimiter(self.config.jobs.downloads)

    @cached_property
    def disk(self) -> DiskSpace:
        return DiskSpace(self.spool, self.config.jobs.keep_free)

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

    async def on_all_cores[Result](self, coordinate: Callable[[Workers], Result]) -> Result:
        """Run a function in a thread, which has parts of its work done in worker processes."""
        in_flight = 2 * int(self.workers.total_tokens)
        return await coordinated(coordinate, self.in_process, in_flight, self.coordinators)


def _identity(database: str) -> str:
    """The part of an SQLAlchemy URL that identifies the database: neither password nor options, and of an
    SQLite file its whole path."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").absolute())
    return f"{url.host}:{url.port}/{url.database}"
