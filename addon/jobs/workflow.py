"""The life of a job, as a durable workflow: prepare, one queued child per shard, publish; from the beginning
with the next provider when the first one refuses the job.

    run_job    Submitted → Validating → Scheduled → InProgress → Completed | PartiallyCompleted | Expired |
               Stopped | Failed
    run_shard  send → watch, in rounds while records are left that are worth asking for again

Workflows resume after a crash where they were; every step looks first at what an earlier attempt did.
Steps hand over nothing but numbers and yes or no: ids, counts and states live in the store, records in
the spool.
"""

import asyncio
import logging
from itertools import count
from typing import Protocol

from dbos import DBOS, SetWorkflowID

from addon.jobs import fallback, per_record, publication
from addon.jobs.batches import lifecycle, resend
from addon.jobs.inputs import provider_file, s3_folder
from addon.jobs.job_run import Context
from addon.jobs.retrying import Interrupted, JobFailed, utc_now
from addon.jobs.tables import Job, Shard
from translators.bedrock.jobs import JobStatus

logger = logging.getLogger(__name__)

JOBS = "jobs"
SHARDS = "shards"
"""The queues of the two workflows."""

_contexts: list[Context] = []
"""What this process's workflows work with. DBOS is one per process, and so are its workflows."""

ending = asyncio.Event()
"""The engine stops: what fails from now on does so for that, and goes on in the next process."""


def use(wanted: Context | None) -> None:
    """Say what workflows work with from now on."""
    _contexts[:] = [] if wanted is None else [wanted]


def context() -> Context:
    return _contexts[0]


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
        if ending.is_set():
            raise
        # Without this the application would poll for ever. Nothing is removed: what is paid for stays.
        logger.exception("job %s failed", job_id)
        await fail(job_id, f"{type(error).__name__}: {error}")
    await clear(job_id)


async def _run_shards(job_id: str, attempt: int, shards: int) -> None:
    handles = []
    for number in range(shards):
        with SetWorkflowID(f"{job_id}-{attempt}-{number}"):
            handles.append(await DBOS.enqueue_workflow_async(SHARDS, run_shard, job_id, number))
    failures = []
    for handle in handles:
        try:
            await handle.get_result(polling_interval_sec=min(1.0, context().poll_interval))
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


@DBOS.workflow()
async def run_shard(job_id: str, shard: int) -> None:
    """One shard, from its lines to the provider's last word on them."""
    for round_ in count():
        if not await send(job_id, shard, round_):
            break
        await watch(job_id, shard, round_)
        if not await goes_on(job_id, shard, round_):
            break


@DBOS.step()
async def prepare(job_id: str) -> int:
    """Fetch, check and split the input; how many shards there are, 0 when the job is over already."""
    await _advance(job_id, "Validating")

    async def attempt() -> None:
        await s3_folder.prepare(context(), await _job(job_id))

    try:
        await context().patience.until_done(job_id, "reading the input", attempt)
    except JobFailed as error:
        await provider_file.abandon(context(), await _job(job_id))
        await _end(job_id, "Failed", str(error))
        return 0
    except Interrupted:
        job = await _job(job_id)
        await provider_file.abandon(context(), job)
        await _end(job_id, "Stopped" if job.stop_requested else "Expired")
        return 0
    await _advance(job_id, "Scheduled")
    return len(await context().off_loop(context().store.shards, job_id))


@DBOS.step()
async def send(job_id: str, shard: int, round_: int) -> bool:
    """Have a batch at the provider; False when this round makes none."""
    row = await context().off_loop(context().store.shard, job_id, shard)
    job = await _job(job_id)
    sent = await _way(job).send(context(), job, row, round_)
    if sent:
        await context().off_loop(context().store.begin, job_id, utc_now())
    return sent


@DBOS.step()
async def watch(job_id: str, shard: int, round_: int) -> None:
    """Wait for the batch's end."""
    job = await _job(job_id)
    row = await context().off_loop(context().store.shard, job_id, shard)
    await _way(job).watch(context(), job, row, round_)


@DBOS.step()
async def goes_on(job_id: str, shard: int, round_: int) -> bool:
    """Whether records are left for another round, and the job has time for it."""
    row = await context().off_loop(context().store.shard, job_id, shard)
    return await resend.goes_on(context(), await _job(job_id), row, round_)


@DBOS.step()
async def falls_back(job_id: str, attempt: int) -> bool:
    """Whether the provider refused the job and another one takes it."""
    return await fallback.falls_back(context(), await _job(job_id), attempt)


@DBOS.step()
async def leaders(job_id: str) -> list[int]:
    """The first shard of each range of records."""
    return [shard.number for shard in await context().off_loop(context().store.shards, job_id) if shard.leads]


@DBOS.step()
async def join(job_id: str, leader: int) -> None:
    """Turn a range's results into rows."""

    async def attempt() -> None:
        row = await context().off_loop(context().store.shard, job_id, leader)
        await publication.join_range(context(), await _job(job_id), row)

    if (await _job(job_id)).ended is not None:
        return
    try:
        await context().patience.until_done(job_id, "writing rows", attempt, give_up=_gives_up)
    except (Interrupted, JobFailed) as error:
        await _end(job_id, "Failed", str(error))


@DBOS.step()
async def publish(job_id: str) -> None:
    """Write the output, the manifest, and last the status."""
    job = await _job(job_id)
    shards = list(await context().off_loop(context().store.shards, job_id))
    if job.ended is not None:
        return
    refusals = {shard.refusal for shard in shards}
    nothing_came = None not in refusals and not any(shard.succeeded for shard in shards)
    if nothing_came and all(shard.lines for shard in shards):
        await _end(job_id, "Failed", fallback.words(job, "; ".join(sorted(map(str, refusals)))))
        return
    await context().off_loop(context().store.begin, job_id, utc_now())
    status = publication.outcome(job, shards)

    async def attempt() -> None:
        await publication.publish(context(), await _job(job_id))

    try:
        if status != "Expired":
            await context().patience.until_done(
                job_id,
                "writing the output",
                attempt,
                curable=publication.may_be_written_later,
                give_up=_gives_up,
            )
    except (Interrupted, JobFailed) as error:
        await _end(job_id, "Failed", f"the output could not be written: {error}")
        return
    await _end(job_id, status)


@DBOS.step()
async def fail(job_id: str, message: str) -> None:
    """End a job that met what nobody thought of."""
    await _end(job_id, "Failed", message)


@DBOS.step()
async def clear(job_id: str) -> None:
    """Remove the spooled files, unless results are in them that could not be delivered."""
    job = await _job(job_id)
    undelivered = job.status == "Failed" and job.succeeded > 0
    if not undelivered:
        await context().off_loop(context().spool(job_id).remove)
    context().patience.forget(job_id)


class Way(Protocol):
    """How a shard's records are answered: in batches, or one by one."""

    async def send(self, context: Context, job: Job, shard: Shard, round_: int) -> bool: ...

    async def watch(self, context: Context, job: Job, shard: Shard, round_: int) -> None: ...


def _way(job: Job) -> Way:
    return per_record if job.mode == "direct" else lifecycle


def _gives_up(job: Job) -> bool:
    return context().patience.is_late(job, grace=context().patience.hours(publication.GRACE_HOURS))


async def _job(job_id: str) -> Job:
    return await context().patience.job(job_id)


async def _advance(job_id: str, status: JobStatus) -> None:
    await context().off_loop(context().store.advance, job_id, status, utc_now())


async def _end(job_id: str, status: JobStatus, message: str | None = None) -> None:
    if await context().off_loop(context().store.end, job_id, status, utc_now(), message):
        logger.info("job %s is %s%s", job_id, status, f": {message}" if message else "")
