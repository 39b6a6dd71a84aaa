"""Runs jobs in this process, as a member of all processes that share the job database."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace

from anyio import to_thread
from sqlalchemy.engine import make_url

from addon.jobs import workflow
from addon.jobs.database import sqlite
from addon.jobs.database.store import Store
from addon.jobs.fleet import engine, retention
from addon.jobs.fleet.engine import Engine
from addon.jobs.fleet.executors import Executors, Member
from addon.jobs.fleet.membership import Membership
from addon.jobs.key_vault import SECRET_KEY_VARIABLE
from addon.jobs.resources import Resources

logger = logging.getLogger(__name__)

LOCK_INTERVAL = 1.0
"""Seconds between two attempts of a process that only accepts jobs to become the one that runs them."""

CRITICAL_SECONDS = 5.0
"""Seconds that calls which spend money get to be answered when the process ends."""

SUBMIT_SECONDS = 5.0
"""Seconds that queueing a job may take. A stored job that is not queued is found by the next comparison."""


class OtherSecret(Exception):
    """Another member encrypts callers' keys with another secret; the message is one line."""


class Runner:
    """Runs jobs, one instance per process.

    Every process that uses a PostgreSQL database may run jobs. Of the processes that share an embedded one,
    one does; the others accept jobs for it, and one of them takes its place when it ends.
    """

    def __init__(self, resources: Resources, store: Store, member: Member) -> None:
        self._resources = resources
        self._url = resources.store.url
        self._lock = sqlite.RunnerLock(self._url)
        self._is_embedded = make_url(self._url).get_backend_name() == "sqlite"
        self._executors = Executors(store, resources.config.jobs.heartbeat)
        self._member = member
        self._membership: Membership | None = None
        self._engine: Engine | None = None
        self._dbos = asyncio.Lock()
        """Held while DBOS starts, stops or takes a job."""
        self._standby: asyncio.Task[None] | None = None
        self._messages: set[asyncio.Task[None]] = set()
        self._retention: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Resume the jobs that an earlier process left, and accept new ones. Raises `OtherSecret`."""
        await to_thread.run_sync(self._check_secret)
        workflow.use(self._resources)
        workflow.stopping.clear()
        works = self._resources.workers.total_tokens > 0
        runs = works and await to_thread.run_sync(self._lock.acquire)
        try:
            await self._start(runs=runs)
        except BaseException:
            await to_thread.run_sync(self._lock.release)
            raise
        if works and not runs:
            logger.info("another process runs the jobs of %s", make_url(self._url).render_as_string())
            self._standby = asyncio.get_running_loop().create_task(self._take_over(), name="stand by")
        if works:
            removal = retention.keep_removing(self._resources)
            self._retention = asyncio.get_running_loop().create_task(removal, name="retention")

    async def close(self) -> None:
        """Leave running jobs as they are and hand them over; another process resumes them."""
        for task in filter(None, (self._standby, self._retention)):
            task.cancel()
        async with self._dbos:
            await self._stop()
        await to_thread.run_sync(self._lock.release)
        workflow.use(None)

    async def submit(self, job_id: str) -> None:
        """Queue a stored job; a job that is queued or runs already is not started twice."""
        try:
            async with asyncio.timeout(SUBMIT_SECONDS), self._dbos:
                await workflow.start_job(job_id, 0)
        except TimeoutError:
            logger.warning("job %s is stored and will be queued later", job_id)

    def nudge(self, job_id: str) -> None:
        """Have a job check now whether it was stopped, whichever process runs it."""
        self._send(workflow.wake(job_id))

    def _send(self, message: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(_logged(message), name="message to a job")
        self._messages.add(task)
        task.add_done_callback(self._messages.discard)

    def _check_secret(self) -> None:
        """Raise `OtherSecret` if a living member of a fleet has another secret than this process."""
        if self._is_embedded:
            return
        for other in self._executors.living():
            if other.key != self._member.key:
                raise OtherSecret(
                    f"the secret that encrypts callers' keys differs from that of {other.id}: "
                    f"set {SECRET_KEY_VARIABLE} to the same value for all proxies and workers"
                )

    async def _take_over(self) -> None:
        while True:
            await asyncio.sleep(LOCK_INTERVAL)
            if not await to_thread.run_sync(self._lock.acquire):
                continue
            logger.info("this process runs the jobs now")
            try:
                async with self._dbos:
                    await self._stop()
                    await self._start(runs=True)
                return
            except Exception:
                logger.exception("Taking over the jobs failed; trying again")
                await to_thread.run_sync(self._lock.release)

    async def _start(self, *, runs: bool) -> None:
        resources = self._resources
        jobs = resources.config.jobs
        member = replace(self._member, role="runs" if runs else "accepts")
        self._membership = Membership(self._executors, member, resources.store, jobs.heartbeat)
        self._engine = Engine(
            self._url,
            member.id,
            runs=runs,
            poll_interval=resources.poll_interval,
            shards_in_flight=jobs.shards_in_flight,
        )
        workflow.stopping.clear()
        await self._membership.join()
        await self._engine.launch()
        if runs:
            await engine.forget_earlier_versions()
            if self._is_embedded:
                await self._membership.take_over_all()
            await self._membership.reconcile()
        self._membership.start(runs=runs)

    async def _stop(self) -> None:
        if self._membership is None or self._engine is None:
            return
        await self._membership.stop()
        workflow.stopping.set()
        try:
            await self._membership.drain()
            await self._wait_for_calls()
            await self._engine.drain()
            await self._membership.leave()
        except Exception:
            # the database is away; the others notice that this process is silent
            logger.warning("The jobs of this process could not be handed over", exc_info=True)
        await self._engine.close()

    async def _wait_for_calls(self) -> None:
        """Wait a little for calls that spend money."""
        calls = self._resources.creating
        limit = asyncio.get_running_loop().time() + CRITICAL_SECONDS
        while calls and asyncio.get_running_loop().time() < limit:  # noqa: ASYNC110 - they end by themselves
            await asyncio.sleep(0.02)


async def _logged(message: Coroutine[None, None, None]) -> None:
    try:
        await message
    except Exception:
        logger.warning("A message to a job was not sent; the job looks at its state by itself", exc_info=True)
