"""The durable workflows of a job: one for the job, one queued child for each shard.

    run_job    Submitted → Validating → Scheduled → InProgress → Completed | PartiallyCompleted | Expired |
               Stopped | Failed: prepare, wait for the shards, join each range, publish; again from the
               beginning with the next provider if the first one refuses the job
    run_shard  upload → create → look … → fetch, in rounds while records are left that are worth sending again

The store holds what is true, so a workflow only repeats two things: a step, which does what the store shows
to be next, and a wait, which a message ends early. A step is one short action that may be repeated at any
time, here or in another process. After some steps a workflow starts its successor and ends: its history
stays short.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from anyio import to_thread
from dbos import DBOS, SetWorkflowID

from addon.jobs import fallback, leftovers, publication
from addon.jobs.batches import lifecycle
from addon.jobs.database.tables import Shard, utc_now
from addon.jobs.direct import per_record
from addon.jobs.errors import JobFailed
from addon.jobs.inputs.source import input_source
from addon.jobs.job_run import JobRun
from addon.jobs.resources import Resources
from addon.jobs.retrying import pause_after, waited_out
from translators.bedrock.jobs import JobStatus

logger = logging.getLogger(__name__)

JOBS = "jobs"
SHARDS = "shards"
"""The queues of the two workflows."""

WAKE = "wake"
"""Topic of messages that end a wait."""
STEPS = 100
"""Steps of a workflow until its successor goes on."""
LONGEST_WAIT_FOR_SHARDS = 15.0
"""Seconds; each shard ends the wait when it is finished."""

_resources: list[Resources] = []
"""Those of this process, if it is launched. DBOS is one per process, and so are its workflows."""

running: set[asyncio.Task[object]] = set()
"""The tasks of workflows in this process."""

stopping = asyncio.Event()
"""DBOS stops: failures from now on are caused by that, and another process continues."""


def use(resources: Resources | None) -> None:
    """Set the resources of all workflows from now on."""
    _resources[:] = [] if resources is None else [resources]


def job_workflow(job_id: str, generation: int) -> str:
    """Id of a job's workflow."""
    return f"{job_id}:{generation}"


def shard_workflow(job_id: str, attempt: int, shard: int, generation: int) -> str:
    """Id of a shard's workflow."""
    return f"{job_id}:{attempt}:{shard}:{generation}"


class Next(NamedTuple):
    """What follows a step of a job, as numbers that DBOS can store."""

    pause: float | None
    """Seconds to wait; None: the job is over."""
    attempt: int = 0
    shards: tuple[int, ...] = ()
    """Shards to run."""
    ranges: tuple[int, ...] = ()
    """The first shards of the ranges to join."""


@DBOS.workflow(max_recovery_attempts=None)
async def run_job(job_id: str, generation: int) -> None:
    """One job, from where it is to its terminal status."""
    await _kept(_run_job(job_id, generation))


async def _run_job(job_id: str, generation: int) -> None:
    started = -1
    for _ in range(STEPS):
        pause, attempt, shards, ranges = await next_of_job(job_id)
        if pause is None:
            return
        if shards and attempt != started:
            for number in shards:
                await start_shard(job_id, attempt, number, 0)
            started = attempt
        if ranges:
            pause = max(await asyncio.gather(*(join(job_id, number) for number in ranges)))
        if pause > 0:
            await DBOS.recv_async(WAKE, timeout_seconds=pause)
    await start_job(job_id, generation + 1)


@DBOS.workflow(max_recovery_attempts=None)
async def run_shard(job_id: str, attempt: int, shard: int, generation: int) -> None:
    """One shard, from where it is to the provider's final results."""
    await _kept(_run_shard(job_id, attempt, shard, generation))


async def _run_shard(job_id: str, attempt: int, shard: int, generation: int) -> None:
    for _ in range(STEPS):
        pause = await next_of_shard(job_id, attempt, shard)
        if pause is None:
            await wake_job(job_id)
            return
        if pause > 0:
            await DBOS.recv_async(WAKE, timeout_seconds=pause)
    await start_shard(job_id, attempt, shard, generation + 1)


async def start_job(job_id: str, generation: int) -> None:
    """Queue a workflow of a job, unless it exists."""
    with SetWorkflowID(job_workflow(job_id, generation)):
        await DBOS.enqueue_workflow_async(JOBS, run_job, job_id, generation)


async def start_shard(job_id: str, attempt: int, shard: int, generation: int) -> None:
    """Queue a workflow of a shard, unless it exists."""
    with SetWorkflowID(shard_workflow(job_id, attempt, shard, generation)):
        await DBOS.enqueue_workflow_async(SHARDS, run_shard, job_id, attempt, shard, generation)


async def _kept(work: Awaitable[None]) -> None:
    """Await a workflow's work; an error of the shutdown does not become the workflow's."""
    task = asyncio.current_task()
    assert task is not None
    running.add(task)
    try:
        await work
    except Exception:
        if stopping.is_set():
            await asyncio.Event().wait()
        raise
    finally:
        running.discard(task)


@DBOS.step()
async def next_of_job(job_id: str) -> Next:
    """Do what is next for the job itself."""
    run = await _load(job_id)

    async def remember(moment: datetime | None) -> None:
        await run.resources.store.change(job_id, utc_now(), failing_since=moment)

    since = run.job.failing_since
    return await _settled(run, None, since, remember, lambda: _advance_job(run), lambda pause: Next(pause))


async def _advance_job(run: JobRun) -> Next:
    store, job = run.resources.store, run.job
    if job.ended is not None:
        await _clear(run)
        await leftovers.delete_all(run)
        return Next(None)
    shards = list(await store.shards(job.id))
    if not shards:
        await _prepare(run)
        return Next(0)
    if unfinished := tuple(shard.number for shard in shards if not shard.finished):
        ready = _answered_ranges(shards)
        return Next(LONGEST_WAIT_FOR_SHARDS, job.attempt, shards=unfinished, ranges=ready)
    if await fallback.falls_back(run):
        return Next(0)
    if ranges := tuple(shard.number for shard in shards if shard.leads and not shard.joined):
        return Next(0, ranges=ranges)
    await _publish(run, shards)
    return Next(0)


def _answered_ranges(shards: Sequence[Shard]) -> tuple[int, ...]:
    """The ranges that can be joined while other shards run: one that the provider refused may go to another
    provider with them."""
    running = {shard.first_record for shard in shards if not shard.finished or shard.refusal is not None}
    return tuple(
        shard.number
        for shard in shards
        if shard.leads and not shard.joined and shard.first_record not in running
    )


async def _prepare(run: JobRun) -> None:
    """Fetch, check and split the input."""
    store = run.resources.store
    if run.is_over():
        await run.source.abandon(run)
        await _end(run.id, "Stopped" if run.job.stop_requested else "Expired")
        return
    await store.advance(run.id, "Validating", utc_now())
    try:
        with waited_out("reading the input"):
            await publication.check_output(run)
            await run.source.plan(run)
    except JobFailed as error:
        await run.source.abandon(run)
        await _end(run.id, "Failed", str(error))
        return
    await store.advance(run.id, "Scheduled", utc_now())


@DBOS.step()
async def next_of_shard(job_id: str, attempt: int, number: int) -> float | None:
    """Do what is next for a shard; the seconds until the step after that, None when it is finished."""
    run, store = await _load(job_id), _resources[0].store
    if run.job.attempt != attempt:
        return None  # its provider refused the job
    shard = await store.shard(job_id, number)
    if shard.finished:
        return None

    async def remember(moment: datetime | None) -> None:
        await store.change_shard(job_id, number, failing_since=moment)

    advance = _send_one_by_one if run.job.mode == "direct" else lifecycle.advance
    pause: float | None = await _settled(
        run, number, shard.failing_since, remember, lambda: advance(run, shard), lambda pause: pause
    )
    if pause is None:
        await store.change_shard(job_id, number, finished=True)
    elif not run.job.total and (await store.latest_batch(job_id, number)).batch_id is not None:
        await store.begin(job_id, utc_now())
    return pause


async def _send_one_by_one(run: JobRun, shard: Shard) -> float | None:
    row = await run.resources.store.latest_batch(run.id, shard.number)
    if row.batch_id is None:
        if not await per_record.send(run, shard, row):
            return None
        await run.resources.store.begin(run.id, utc_now())
    elif row.state != "running":
        return None
    await per_record.watch(run, shard, await run.resources.store.latest_batch(run.id, shard.number))
    return None


@DBOS.step()
async def join(job_id: str, leader: int) -> float:
    """Turn a range's results into output rows; the seconds until it is tried again, 0 after success."""
    run = await _load(job_id)

    async def remember(moment: datetime | None) -> None:
        await run.resources.store.change(job_id, utc_now(), failing_since=moment)

    async def work() -> float:
        row = await run.resources.store.shard(job_id, leader)
        if run.job.ended is not None or row.joined:
            return 0
        if _is_too_late_to_publish(run):
            await _end(job_id, "Failed", f"the output could not be made: {run.job.waiting}")
            return 0
        try:
            with waited_out("writing rows"):
                await publication.join_range(run, row)
        except JobFailed as error:
            await _end(job_id, "Failed", str(error))
        return 0

    return await _settled(run, leader, run.job.failing_since, remember, work, lambda pause: pause or 0)


async def _publish(run: JobRun, shards: list[Shard]) -> None:
    """Write the output, the manifest, and last the status."""
    refusals = {shard.refusal for shard in shards}
    no_results = None not in refusals and not any(shard.succeeded for shard in shards)
    if no_results and all(shard.lines for shard in shards):
        reason = "; ".join(sorted(map(str, refusals)))
        await _end(run.id, "Failed", fallback.refusal_message(run.job, reason))
        return
    await run.resources.store.begin(run.id, utc_now())
    status = publication.outcome(run.job, shards)
    try:
        if status != "Expired":
            with waited_out("writing the output", publication.may_be_written_later):
                await publication.publish(await run.reload())
    except Exception as error:
        if not _is_too_late_to_publish(run) and not isinstance(error, JobFailed):
            raise
        await _end(run.id, "Failed", f"the output could not be written: {error}")
        return
    await _end(run.id, status)


async def _clear(run: JobRun) -> None:
    """Remove the spooled files, unless they hold results that could not be delivered; the provider's results
    are kept for a while, but for those of direct mode, which the database has."""
    if run.has_undelivered_results:
        return
    keeps = run.resources.config.jobs.keep_results_hours > 0 and run.job.mode != "direct"
    await to_thread.run_sync(run.spool.remove_all_but_results if keeps else run.spool.remove)


async def _settled[Result](
    run: JobRun,
    shard: int | None,
    since: datetime | None,
    remember: Callable[[datetime | None], Awaitable[None]],
    work: Callable[[], Awaitable[Result]],
    paused: Callable[[float | None], Result],
) -> Result:
    """The result of `work`, or the pause after an error that passes.

    Another error fails the job: without that the application would poll for ever. Paid results stay in the
    spool.
    """
    try:
        result = await work()
    except Exception as error:
        if stopping.is_set():
            await asyncio.Event().wait()
        try:
            pause: float | None = await pause_after(run, error, since, shard)
        except Exception:
            logger.exception("job %s failed", run.id)
            await _end(run.id, "Failed", run.masked(f"{type(error).__name__}: {error}"))
            return paused(0)
        if since is None:
            await remember(utc_now())
        return paused(pause)
    if since is not None:
        await remember(None)
        await run.show_waiting(None)
    return result


def _is_too_late_to_publish(run: JobRun) -> bool:
    return run.is_late(grace_hours=publication.GRACE_HOURS)


@DBOS.step()
async def wake_job(job_id: str) -> None:
    """End the wait of a job's own workflow."""
    await wake(job_id, run_job.__qualname__)


async def wake(job_id: str, name: str | None = None) -> None:
    """End the waits of a job's workflows, or of those with this name."""
    live = await DBOS.list_workflows_async(
        workflow_id_prefix=f"{job_id}:",
        name=name,
        status=["PENDING", "ENQUEUED"],
        load_input=False,
        load_output=False,
    )
    for workflow in live:
        await DBOS.send_async(workflow.workflow_id, True, WAKE)


async def _load(job_id: str) -> JobRun:
    resources = _resources[0]
    job = await resources.job(job_id)
    return JobRun(resources=resources, job=job, source=input_source(job))


async def _end(job_id: str, status: JobStatus, message: str | None = None) -> None:
    await leftovers.remember_endpoint(await _load(job_id))
    if await _resources[0].store.end(job_id, status, utc_now(), message):
        logger.info("job %s is %s%s", job_id, status, f": {message}" if message else "")
