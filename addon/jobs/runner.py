"""Starts and ends the durable engine, and hands jobs to it."""

import anyio.to_thread
from dbos import DBOS, SetWorkflowID
from sqlalchemy.engine import make_url

from addon.jobs import embedded, workflow
from addon.jobs.context import Context

WORKFLOW_VERSION = "1"
"""Changes only when running jobs could not go on with new code; a release alone never strands them."""


class Runner:
    """Runs jobs. One per process."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def launch(self) -> None:
        """Take up the jobs that an earlier process left, and be ready for new ones."""
        store = self._context.store
        workflow.use(self._context)
        _configure(store.url)
        if self._context.workers.total_tokens == 0:
            DBOS.listen_queues([])
        DBOS.launch()
        often = min(1.0, self._context.poll_interval)
        await DBOS.register_queue_async(workflow.JOBS, polling_interval_sec=often)
        await DBOS.register_queue_async(
            workflow.SHARDS,
            worker_concurrency=self._context.config.jobs.shards_in_flight,
            polling_interval_sec=often,
        )
        for job_id in await self._context.off_loop(store.unfinished):
            await self.submit(job_id)

    async def close(self) -> None:
        """Leave running jobs as they are; the next process takes them up."""
        await anyio.to_thread.run_sync(DBOS.destroy)
        workflow.use(None)

    async def submit(self, job_id: str) -> None:
        """Queue a stored job; a job that is queued or runs already is not started twice."""
        with SetWorkflowID(job_id):
            await DBOS.enqueue_workflow_async(workflow.JOBS, workflow.run_job, job_id)

    def nudge(self, job_id: str) -> None:
        """Have a job look now whether it was stopped."""
        self._context.patience.nudge(job_id)


def _configure(url: str) -> None:
    is_embedded = make_url(url).get_backend_name() == "sqlite"
    DBOS(
        config={
            "name": "bedrock-batch",
            "system_database_url": url,
            "db_engine_kwargs": embedded.engine_arguments() if is_embedded else {},
            "application_version": WORKFLOW_VERSION,
            "log_level": "ERROR",
        }
    )
