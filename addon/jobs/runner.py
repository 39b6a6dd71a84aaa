"""Starts and ends the durable engine, and hands jobs to it."""

import asyncio
import logging
from uuid import uuid4

from dbos import DBOS, SetWorkflowID
from sqlalchemy.engine import make_url

from addon.jobs import sqlite, workflow
from addon.jobs.job_run import Context

logger = logging.getLogger(__name__)

EXECUTOR = "local"
"""Whose unfinished workflows a process takes up when it starts to run jobs."""

WORKFLOW_VERSION = "1"
"""Changes only when running jobs could not go on with new code; a release alone never strands them."""


ASKING = 1.0
"""Seconds between two attempts of a process that only accepts jobs to become the one that runs them."""


class Runner:
    """Runs jobs. One per process; and of the processes that share an embedded database, one at a time.

    The others accept jobs, which that one runs, and stand ready to take its place.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = sqlite.Turn(context.store.url)
        self._engine = asyncio.Lock()
        self._standing_by: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Take up the jobs that an earlier process left, and be ready for new ones."""
        workflow.use(self._context)
        workflow.ending.clear()
        works = self._context.workers.total_tokens > 0
        runs = works and await self._context.off_loop(self._turn.take)
        await self._start(runs=runs)
        if works and not runs:
            logger.info("another process runs the jobs of %s", self._context.store.url)
            self._standing_by = asyncio.get_running_loop().create_task(self._take_over(), name="stand by")

    async def close(self) -> None:
        """Leave running jobs as they are; the next process takes them up."""
        if self._standing_by is not None:
            self._standing_by.cancel()
        workflow.ending.set()
        # It would tell of each workflow that it breaks off.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        async with self._engine:
            await self._context.off_loop(DBOS.destroy)
        await self._context.off_loop(self._turn.give_back)
        workflow.use(None)

    async def submit(self, job_id: str) -> None:
        """Queue a stored job; a job that is queued or runs already is not started twice."""
        async with self._engine:
            await _enqueue(job_id)

    def nudge(self, job_id: str) -> None:
        """Have a job look now whether it was stopped."""
        self._context.patience.nudge(job_id)

    async def _take_over(self) -> None:
        while not await self._context.off_loop(self._turn.take):  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(ASKING)
        logger.info("this process runs the jobs now")
        async with self._engine:
            await self._context.off_loop(DBOS.destroy)
            await self._start(runs=True)

    async def _start(self, *, runs: bool) -> None:
        store = self._context.store
        _configure(store.url, executor=EXECUTOR if runs else f"accepts-{uuid4()}")
        if not runs:
            DBOS.listen_queues([])
        DBOS.launch()
        often = min(1.0, self._context.poll_interval)
        await DBOS.register_queue_async(workflow.JOBS, polling_interval_sec=often)
        await DBOS.register_queue_async(
            workflow.SHARDS,
            worker_concurrency=self._context.config.jobs.shards_in_flight,
            polling_interval_sec=often,
        )
        if runs:
            for job_id in await self._context.off_loop(store.unfinished):
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
