"""Starts and stops DBOS, and queues jobs in it."""

import asyncio
import logging
from uuid import uuid4

from anyio import to_thread
from dbos import DBOS, SetWorkflowID
from sqlalchemy.engine import make_url

from addon.jobs import sqlite, workflow
from addon.jobs.fleet import retention
from addon.jobs.resources import Resources

logger = logging.getLogger(__name__)

EXECUTOR = "local"
"""DBOS executor id of the process that runs jobs: it recovers the unfinished workflows of this id."""

WORKFLOW_VERSION = "1"
"""DBOS application version. Changes only if new code could not continue the running jobs."""

LOCK_INTERVAL = 1.0
"""Seconds between two attempts of a process that only accepts jobs to become the one that runs them."""


class Runner:
    """Runs jobs, one instance per process.

    Of the processes that share an embedded database one runs the jobs; the others accept jobs for it, and
    one of them takes its place when it ends.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._lock = sqlite.RunnerLock(resources.store.url)
        self._dbos = asyncio.Lock()
        """Held while DBOS starts, stops or takes a job."""
        self._standby: asyncio.Task[None] | None = None
        self._retention: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Resume the jobs that an earlier process left, and accept new ones."""
        workflow.use(self._resources)
        workflow.stopping.clear()
        works = self._resources.workers.total_tokens > 0
        runs = works and await to_thread.run_sync(self._lock.acquire)
        await self._start(runs=runs)
        if works and not runs:
            logger.info("another process runs the jobs of %s", self._resources.store.url)
            self._standby = asyncio.get_running_loop().create_task(self._take_over(), name="stand by")
        if works:
            removal = retention.keep_removing(self._resources)
            self._retention = asyncio.get_running_loop().create_task(removal, name="retention")

    async def close(self) -> None:
        """Leave running jobs as they are; the next process resumes them."""
        for task in filter(None, (self._standby, self._retention)):
            task.cancel()
        workflow.stopping.set()
        # DBOS would log an error for each workflow that it interrupts.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        async with self._dbos:
            await to_thread.run_sync(DBOS.destroy)
        await to_thread.run_sync(self._lock.release)
        workflow.use(None)

    async def submit(self, job_id: str) -> None:
        """Queue a stored job; a job that is queued or runs already is not started twice."""
        async with self._dbos:
            await _enqueue(job_id)

    def nudge(self, job_id: str) -> None:
        """Have a job check now whether it was stopped."""
        self._resources.wakeups.wake(job_id)

    async def _take_over(self) -> None:
        while not await to_thread.run_sync(self._lock.acquire):  # noqa: ASYNC110 - a file lock has no event
            await asyncio.sleep(LOCK_INTERVAL)
        logger.info("this process runs the jobs now")
        async with self._dbos:
            await to_thread.run_sync(DBOS.destroy)
            await self._start(runs=True)

    async def _start(self, *, runs: bool) -> None:
        resources = self._resources
        _configure(resources.store.url, executor=EXECUTOR if runs else f"accepts-{uuid4()}")
        if not runs:
            DBOS.listen_queues([])
        DBOS.launch()
        interval = min(1.0, resources.poll_interval)
        await DBOS.register_queue_async(workflow.JOBS, polling_interval_sec=interval)
        await DBOS.register_queue_async(
            workflow.SHARDS,
            worker_concurrency=resources.config.jobs.shards_in_flight,
            polling_interval_sec=interval,
        )
        if runs:
            for job_id in await resources.store.unfinished():
                await _enqueue(job_id)


async def _enqueue(job_id: str) -> None:
    with SetWorkflowID(job_id):
        await DBOS.enqueue_workflow_async(workflow.JOBS, workflow.run_job, job_id)


def _configure(url: str, *, executor: str) -> None:
    is_embedded = make_url(url).get_backend_name() == "sqlite"
    DBOS(
        config={
            "name": "bedrock-batch",
            "system_database_url": url,
            "db_engine_kwargs": sqlite.engine_arguments() if is_embedded else {},
            "application_version": WORKFLOW_VERSION,
            "executor_id": executor,
            "log_level": "ERROR",
        }
    )
