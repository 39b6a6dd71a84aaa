"""The life of a job, as a durable workflow: prepare, one queued child per shard, publish.

    run_job    Submitted → Validating → Scheduled → InProgress → Completed | PartiallyCompleted | Expired |
               Stopped | Failed
    run_shard  upload → create → watch → collect, in rounds until nothing is left → join

Workflows resume after a crash where they were; every step looks first at what an earlier attempt did.
Steps hand over nothing but yes or no: ids, counts and states live in the store, records in the spool.
"""

import logging
from itertools import count

import anyio
import anyio.to_thread
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID
from sqlalchemy.engine import make_url

from addon.jobs import embedded, preparing, publishing, sending
from addon.jobs.context import Context
from addon.jobs.store import Job
from addon.jobs.waiting import Interrupted, JobFailed, utc_now
from translators.bedrock.jobs import JobStatus

logger = logging.getLogger(__name__)

WORKFLOW_VERSION = "1"
"""Changes only when running jobs could not go on with new code; a release alone never strands them."""

JOBS = "jobs"
SHARDS = "shards"
"""The queues of the two workflows."""


@DBOS.dbos_class()
class Runner(DBOSConfiguredInstance):
    """Runs jobs. One per process."""

    def __init__(self, context: Context) -> None:
        super().__init__(config_name="runner")
        self._context = context

    async def launch(self) -> None:
        """Take up the jobs that an earlier process left, and be ready for new ones."""
        store = self._context.store
        _configure(store.url)
        if self._context.workers.total_tokens == 0:
            DBOS.listen_queues([])
        DBOS.launch()
        often = min(1.0, self._context.poll_interval)
        await DBOS.register_queue_async(JOBS, polling_interval_sec=often)
        await DBOS.register_queue_async(
            SHARDS,
            worker_concurrency=self._context.config.jobs.shards_in_flight,
            polling_interval_sec=often,
        )
        for job_id in await self._context.stored(store.unfinished):
            await self.submit(job_id)

    async def close(self) -> None:
        """Leave running jobs as they are; the next process takes them up."""
        await anyio.to_thread.run_sync(DBOS.destroy)

    async def submit(self, job_id: str) -> None:
        """Queue a stored job; a job that is queued or runs already is not started twice."""
        with SetWorkflowID(job_id):
            await DBOS.enqueue_workflow_async(JOBS, self.run_job, job_id)

    def nudge(self, job_id: str) -> None:
        """Have a job look now whether it was stopped."""
        self._context.patience.nudge(job_id)

    @DBOS.workflow()
    async def run_job(self, job_id: str) -> None:
        """One job from Submitted to its terminal status."""
        shards = await self.prepare(job_id)
        handles = []
        for number in range(shards):
            with SetWorkflowID(f"{job_id}-{number}"):
                handles.append(await DBOS.enqueue_workflow_async(SHARDS, self.run_shard, job_id, number))
        for handle in handles:
            await handle.get_result(polling_interval_sec=min(1.0, self._context.poll_interval))
        await self.publish(job_id)
        await self.clear(job_id)

    @DBOS.workflow()
    async def run_shard(self, job_id: str, shard: int) -> None:
        """One shard, from its lines to its rows."""
        for round_ in count():
            if not await self.send(job_id, shard, round_):
                break
            await self.watch(job_id, shard, round_)
            if not await self.goes_on(job_id, shard, round_):
                break
        await self.join(job_id, shard)

    @DBOS.step()
    async def prepare(self, job_id: str) -> int:
        """Fetch, check and split the input; how many shards there are, 0 when the job is over already."""
        await self._advance(job_id, "Validating")

        async def attempt() -> None:
            await preparing.prepare(self._context, await self._job(job_id))

        try:
            await self._context.patience.until_done(job_id, "reading the input", attempt)
        except JobFailed as error:
            await self._end(job_id, "Failed", str(error))
            return 0
        except Interrupted:
            job = await self._job(job_id)
            await self._end(job_id, "Stopped" if job.stop_requested else "Expired")
            return 0
        await self._advance(job_id, "Scheduled")
        return len(await self._context.stored(self._context.store.shards, job_id))

    @DBOS.step()
    async def send(self, job_id: str, shard: int, round_: int) -> bool:
        """Have a batch at the provider; False when this round makes none."""
        row = await self._context.stored(self._context.store.shard, job_id, shard)
        sent = await sending.send(self._context, await self._job(job_id), row, round_)
        if sent:
            await self._context.stored(self._context.store.begin, job_id, utc_now())
        return sent

    @DBOS.step()
    async def watch(self, job_id: str, shard: int, round_: int) -> None:
        """Wait for the batch's end."""
        await sending.watch(self._context, job_id, shard, round_)

    @DBOS.step()
    async def goes_on(self, job_id: str, shard: int, round_: int) -> bool:
        """Whether records are left that the provider had no time for, and the job has."""
        row = await self._context.stored(self._context.store.shard, job_id, shard)
        return await sending.goes_on(self._context, await self._job(job_id), row, round_)

    @DBOS.step()
    async def join(self, job_id: str, shard: int) -> None:
        """Turn the shard's results into rows."""

        async def attempt() -> None:
            row = await self._context.stored(self._context.store.shard, job_id, shard)
            await publishing.join_shard(self._context, await self._job(job_id), row)

        try:
            await self._context.patience.until_done(job_id, "writing rows", attempt, give_up=self._gives_up)
        except (Interrupted, JobFailed) as error:
            await self._end(job_id, "Failed", str(error))

    @DBOS.step()
    async def publish(self, job_id: str) -> None:
        """Write the output, the manifest, and last the status."""
        job = await self._job(job_id)
        shards = list(await self._context.stored(self._context.store.shards, job_id))
        if job.ended is not None:
            return
        refusals = {shard.refusal for shard in shards}
        if None not in refusals and all(shard.lines for shard in shards):
            await self._end(job_id, "Failed", "; ".join(sorted(map(str, refusals))))
            return
        await self._context.stored(self._context.store.begin, job_id, utc_now())
        status = publishing.outcome(job, shards)

        async def attempt() -> None:
            await publishing.publish(self._context, await self._job(job_id))

        try:
            if status != "Expired":
                await self._context.patience.until_done(
                    job_id,
                    "writing the output",
                    attempt,
                    curable=publishing.may_be_written_later,
                    give_up=self._gives_up,
                )
        except (Interrupted, JobFailed) as error:
            await self._end(job_id, "Failed", f"the output could not be written: {error}")
            return
        await self._end(job_id, status)

    @DBOS.step()
    async def clear(self, job_id: str) -> None:
        """Remove the spooled files, unless results are in them that could not be delivered."""
        job = await self._job(job_id)
        undelivered = job.status == "Failed" and job.succeeded + job.failed > 0
        if not undelivered:
            await self._context.stored(self._context.spool(job_id).remove)
        self._context.patience.forget(job_id)

    def _gives_up(self, job: Job) -> bool:
        return self._context.patience.is_late(job, grace=self._context.patience.hours(publishing.GRACE_HOURS))

    async def _job(self, job_id: str) -> Job:
        return await self._context.patience.job(job_id)

    async def _advance(self, job_id: str, status: JobStatus) -> None:
        await self._context.stored(self._context.store.advance, job_id, status, utc_now())

    async def _end(self, job_id: str, status: JobStatus, message: str | None = None) -> None:
        if await self._context.stored(self._context.store.end, job_id, status, utc_now(), message):
            logger.info("job %s is %s%s", job_id, status, f": {message}" if message else "")


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
