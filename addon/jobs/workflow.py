"""The durable workflows of a job: prepare, one queued child workflow per shard, publish; again from the
beginning with the next provider if the first one refuses the job.

    run_job    Submitted → Validating → Scheduled → InProgress → Completed | PartiallyCompleted | Expired |
               Stopped | Failed
    run_shard  send → watch, in rounds while records are left that are worth sending again

Workflows resume after a crash where they were; every step first checks what an earlier attempt did. Steps
return only numbers and booleans: ids, counts and states are in the store, records in the spool.
"""

import asyncio
import logging
from itertools import count
from typing import Protocol

from anyio import to_thread
from dbos import DBOS, SetWorkflowID

from addon.jobs import fallback, leftovers, per_record, publication
from addon.jobs.batches import lifecycle, resend
from addon.jobs.errors import Interrupted, JobFailed
from addon.jobs.inputs.source import input_source
from addon.jobs.job_run import JobRun
from addon.jobs.resources import Resources
from addon.jobs.retrying import until_done
from addon.jobs.tables import BatchRow, Shard, utc_now
from translators.bedrock.jobs import JobStatus

logger = logging.getLogger(__name__)

JOBS = "jobs"
SHARDS = "shards"
"""The queues of the two workflows."""

_resources: list[Resources] = []
"""Those of this process, if it is launched. DBOS is one per process, and so are its workflows."""

stopping = asyncio.Event()
"""DBOS stops: failures from now on are caused by that, and the next process continues."""


def use(resources: Resources | None) -> None:
    """Set the resources of all workflows from now on."""
    _resources[:] = [] if resources is None else [resources]


@DBOS.workflow()
async def run_job(job_id: str) -> None:
    """One job from Submitted to its terminal status."""
    try:
        for attempt in count():
            shards = await prepare(job_id)
            await _run_shards(job_id, attempt, shards)
            if not await falls_back(job_id, attempt):
                break
        await asyncio.gather(*(join(job_id, leader) for leader in await leaders(job_id)))
        await publish(job_id)
    except Exception as error:
        if stopping.is_set():
            raise
        # Without this the application would poll for ever. Paid results stay in the spool.
        logger.exception("job %s failed", job_id)
        await fail(job_id, f"{type(error).__name__}: {error}")
    await clear(job_id)
    try:
        await tidy(job_id)
    except Exception:  # the job has ended already
        if stopping.is_set():
            raise
        logger.exception("job %s: what it left at its provider was not deleted", job_id)


async def _run_shards(job_id: str, attempt: int, shards: int) -> None:
    handles = []
    for number in range(shards):
        with SetWorkflowID(f"{job_id}-{attempt}-{number}"):
            handles.append(await DBOS.enqueue_workflow_async(SHARDS, run_shard, job_id, number))
    failures = []
    for handle in handles:
        try:
            await handle.get_result(polling_interval_sec=min(1.0, _resources[0].poll_interval))
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


@DBOS.workflow()
async def run_shard(job_id: str, shard: int) -> None:
    """One shard, from its lines to the provider's final results."""
    for round_ in count():
        if not await send(job_id, shard, round_):
            break
        await watch(job_id, shard, round_)
        if not await goes_on(job_id, shard, round_):
            break


@DBOS.step()
async def prepare(job_id: str) -> int:
    """Fetch, check and split the input; the number of shards, 0 if the job is over already."""
    store = _resources[0].store
    await store.advance(job_id, "Validating", utc_now())
    run = await _load(job_id)

    async def attempt() -> None:
        if not await store.shards(job_id):
            await publication.check_output(run)
            await run.source.plan(run)

    try:
        await until_done(run, "reading the input", attempt)
    except (Interrupted, JobFailed) as error:
        await run.source.abandon(run)
        if isinstance(error, JobFailed):
            await _end(job_id, "Failed", str(error))
        else:
            await _end(job_id, "Stopped" if (await run.reload()).job.stop_requested else "Expired")
        return 0
    await store.advance(job_id, "Scheduled", utc_now())
    return len(await store.shards(job_id))


@DBOS.step()
async def send(job_id: str, shard: int, round_: int) -> bool:
    """Have a batch at the provider; False if this round makes none."""
    run, row, batch = await _load_batch(job_id, shard, round_)
    sent = await _execution(run).send(run, row, batch)
    if sent:
        await run.resources.store.begin(job_id, utc_now())
    return sent


@DBOS.step()
async def watch(job_id: str, shard: int, round_: int) -> None:
    """Wait for the batch's end."""
    run, row, batch = await _load_batch(job_id, shard, round_)
    await _execution(run).watch(run, row, batch)


@DBOS.step()
async def goes_on(job_id: str, shard: int, round_: int) -> bool:
    """Whether records are left for another round, and the job has time for it."""
    run, row, batch = await _load_batch(job_id, shard, round_)
    return await resend.goes_on(run, row, batch)


@DBOS.step()
async def falls_back(job_id: str, attempt: int) -> bool:
    """Whether the provider refused the job and it was moved to another one."""
    return await fallback.falls_back(await _load(job_id), attempt)


@DBOS.step()
async def leaders(job_id: str) -> list[int]:
    """The first shard of each range of records."""
    return [shard.number for shard in await _resources[0].store.shards(job_id) if shard.leads]


@DBOS.step()
async def join(job_id: str, leader: int) -> None:
    """Turn a range's results into output rows."""
    run = await _load(job_id)

    async def attempt() -> None:
        row = await run.resources.store.shard(job_id, leader)
        await publication.join_range(await run.reload(), row)

    if run.job.ended is not None:
        return
    try:
        await until_done(run, "writing rows", attempt, give_up=_is_too_late_to_publish)
    except (Interrupted, JobFailed) as error:
        await _end(job_id, "Failed", str(error))


@DBOS.step()
async def publish(job_id: str) -> None:
    """Write the output, the manifest, and last the status."""
    run = await _load(job_id)
    shards = list(await run.resources.store.shards(job_id))
    if run.job.ended is not None:
        return
    refusals = {shard.refusal for shard in shards}
    no_results = None not in refusals and not any(shard.succeeded for shard in shards)
    if no_results and all(shard.lines for shard in shards):
        reason = "; ".join(sorted(map(str, refusals)))
        await _end(job_id, "Failed", fallback.refusal_message(run.job, reason))
        return
    await run.resources.store.begin(job_id, utc_now())
    status = publication.outcome(run.job, shards)

    async def attempt() -> None:
        await publication.publish(await run.reload())

    try:
        if status != "Expired":
            await until_done(
                run,
                "writing the output",
                attempt,
                curable=publication.may_be_written_later,
                give_up=_is_too_late_to_publish,
            )
    except (Interrupted, JobFailed) as error:
        await _end(job_id, "Failed", f"the output could not be written: {error}")
        return
    await _end(job_id, status)


@DBOS.step()
async def fail(job_id: str, message: str) -> None:
    """End a job after an unexpected error."""
    await _end(job_id, "Failed", message)


@DBOS.step()
async def clear(job_id: str) -> None:
    """Remove the spooled files, unless they hold results that could not be delivered."""
    run = await _load(job_id)
    if not run.has_undelivered_results:
        await to_thread.run_sync(run.spool.remove)
    run.resources.wakeups.forget(job_id)


@DBOS.step()
async def tidy(job_id: str) -> None:
    """Delete what the job left at its provider."""
    run = await _load(job_id)
    await leftovers.delete_all(run)
    run.resources.wakeups.forget(job_id)


class ShardExecution(Protocol):
    """Sends a shard's records and fetches their results: in batches, or one by one."""

    async def send(self, run: JobRun, shard: Shard, row: BatchRow) -> bool: ...

    async def watch(self, run: JobRun, shard: Shard, row: BatchRow) -> None: ...


def _execution(run: JobRun) -> ShardExecution:
    return per_record if run.job.mode == "direct" else lifecycle


def _is_too_late_to_publish(run: JobRun) -> bool:
    return run.is_late(grace_hours=publication.GRACE_HOURS)


async def _load(job_id: str) -> JobRun:
    resources = _resources[0]
    job = await resources.job(job_id)
    return JobRun(resources=resources, job=job, source=input_source(job))


async def _load_batch(job_id: str, shard: int, round_: int) -> tuple[JobRun, Shard, BatchRow]:
    run, store = await _load(job_id), _resources[0].store
    return run, await store.shard(job_id, shard), await store.batch(job_id, shard, round_)


async def _end(job_id: str, status: JobStatus, message: str | None = None) -> None:
    await leftovers.remember_endpoint(await _load(job_id))
    if await _resources[0].store.end(job_id, status, utc_now(), message):
        logger.info("job %s is %s%s", job_id, status, f": {message}" if message else "")
