"""One round of one shard at the provider: upload, create, watch."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from addon.jobs.batch_states import NO_ROOM
from addon.jobs.batches import create
from addon.jobs.batches.results import have_results, may_come_back
from addon.jobs.fallback import Outage
from addon.jobs.inputs.provider_file import file_of
from addon.jobs.inputs.s3_folder import have_inputs
from addon.jobs.job_run import Context, cut_of, opened
from addon.jobs.processes.join import answered
from addon.jobs.processes.split import line_count, unanswered_lines
from addon.jobs.retrying import Interrupted, NotConfigured, utc_now
from addon.jobs.tables import BatchRow, Job, Shard
from addon.providers.transport import Unreachable
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission

logger = logging.getLogger(__name__)

FIRST_PAUSES = (1.0, 2.0, 5.0)
"""Seconds before the first looks at a new batch, where the poll interval is not shorter: small batches
end within minutes."""

GRACE_HOURS = 1
"""How long after the deadline a cancelled batch may take to end, or a dead provider to come back."""


async def send(context: Context, job: Job, shard: Shard, round_: int) -> bool:
    """Have a provider batch for this round; False when none was made: nothing to send, refused, or over.

    Raises nothing that a restart would not cure.
    """
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    if row.batch_id is not None:
        return True
    if row.intended is None and context.patience.is_over(job):
        return False
    try:
        lines = await lines_of(context, job, shard, round_)
        if lines is None:
            return False
        submission = await _uploaded(context, job, shard, row, lines)
        async with create.turn(context, job, row):
            await _created(context, job, row, submission, lines)
    except ProviderError as error:
        await context.off_loop(context.store.refuse, shard, error.message, error.status)
        return False
    except (Unreachable, NotConfigured) as error:  # another provider is due
        await context.off_loop(context.store.refuse, shard, str(error), 503)
        return False
    except Interrupted:
        return False
    return True


async def _created(context: Context, job: Job, row: BatchRow, submission: Submission, lines: Path) -> None:
    creation = create.Creation(context, job, row, submission, lines)
    batch = await creation.batch()
    await context.off_loop(
        context.store.change_batch,
        job.id,
        row.shard,
        row.round,
        batch_id=batch.id,
        raw_status=batch.raw_status,
        adopted=creation.found,
    )


async def _uploaded(context: Context, job: Job, shard: Shard, row: BatchRow, lines: Path) -> Submission:
    """What the batch is made of, handed over."""
    submission = Submission(
        marker=Marker(job=job.id, shard=shard.number, round=row.round),
        model=job.model,
        group=shard.group,
        lines=await context.in_process(line_count, lines) if row.round else shard.lines,
        input_id=row.input_id or "",
    )
    if row.input_id is not None:
        return submission

    async def upload() -> str:
        endpoint = await context.endpoint(job)
        async with context.transfers:
            with await context.off_loop(opened, lines) as file:
                return await context.transport.play(
                    context.target(job).provider.batches.upload(endpoint, submission, file)
                )

    input_id = await _input_without_room(context, row)
    if input_id is None:
        input_id = await context.patience.until_done(
            job.id, "uploading to the provider", upload, curable=Outage(context, job).passes
        )
    await context.off_loop(context.store.change_batch, job.id, shard.number, row.round, input_id=input_id)
    return replace(submission, input_id=input_id)


async def _input_without_room(context: Context, row: BatchRow) -> str | None:
    """The same lines, uploaded for a batch that the provider had no room for."""
    if row.round == 0:
        return None
    before = await context.off_loop(context.store.batch, row.job_id, row.shard, row.round - 1)
    return before.input_id if before.state == NO_ROOM else None


async def lines_of(context: Context, job: Job, shard: Shard, round_: int) -> Path | None:
    """The file of lines of this round, made again when this machine does not have it; None without a line."""
    path = context.spool(job.id).lines(shard.number, round_)
    if round_ == 0 and shard.lines == 0:
        return None
    if round_ == 0 and await context.off_loop(path.is_file):
        return path
    if file_of(job) is not None:  # the lines are at the provider
        await context.off_loop(path.parent.mkdir, parents=True, exist_ok=True)
        await context.off_loop(path.touch)
        return path
    done = await _answered(context, job, shard, round_)
    count = await context.in_process(
        unanswered_lines,
        job.id,
        await have_inputs(context, job),
        cut_of(shard),
        context.route(job),
        context.limits(job).bytes,
        done,
        path,
    )
    return path if count else None


async def _answered(context: Context, job: Job, shard: Shard, before: int) -> frozenset[int]:
    """The records that earlier rounds answered for good."""
    files = await have_results(context, job, shard)
    if before == 0 or not files:
        return frozenset()
    return await context.in_process(answered, files, context.route(job).provider, job.id)


async def watch(context: Context, job: Job, shard: Shard, round_: int) -> None:
    """Wait until the batch is over; cancel it when the job is stopped or its time is up."""
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    assert row.batch_id is not None
    batch_id = row.batch_id
    cancelled = row.state != "running"
    looks = 0
    while True:
        job = await context.patience.job(job.id)
        over = context.patience.is_over(job)
        batch = await _look(context, job, batch_id, cancel=over and not cancelled)
        cancelled = cancelled or over
        if batch is not None:
            await _note(context, job, row, batch)
            if batch.state != "running":
                return
        if context.patience.is_late(job, grace=context.patience.hours(GRACE_HOURS)):
            return
        pause = FIRST_PAUSES[looks] if looks < len(FIRST_PAUSES) else context.poll_interval
        looks += 1
        left = (job.deadline - utc_now()).total_seconds() if not over else pause
        await context.patience.pause(job.id, max(0.01, min(pause, context.poll_interval, left)))


async def _look(context: Context, job: Job, batch_id: str, *, cancel: bool) -> Batch | None:
    """How the batch stands; None when that is not to be had now: the job's state has changed meanwhile, or
    it cannot be cancelled."""
    batches = context.target(job).provider.batches
    grace: timedelta = context.patience.hours(GRACE_HOURS)

    async def look() -> Batch:
        endpoint = await context.endpoint(job)
        conversation = batches.cancel(endpoint, batch_id) if cancel else batches.retrieve(endpoint, batch_id)
        return await context.transport.play(conversation)

    def late(latest: Job) -> bool:
        stops_now = latest.stop_requested and not cancel and not job.stop_requested
        return stops_now or context.patience.is_late(latest, grace=grace)

    try:
        return await context.patience.until_done(
            job.id, "asking the provider for the batch", look, curable=may_come_back(context), give_up=late
        )
    except Interrupted:
        return None
    except ProviderError as error:
        if cancel:
            logger.warning("job %s: batch %s cannot be cancelled: %s", job.id, batch_id, error)
            return None
        return Batch(id=batch_id, state="failed", raw_status="gone", errors=(error.message,))


async def _note(context: Context, job: Job, row: BatchRow, batch: Batch) -> None:
    waits = batch.had_no_room and file_of(job) is None  # of a file there, no further batch is made
    await context.off_loop(
        context.store.change_batch,
        row.job_id,
        row.shard,
        row.round,
        state=NO_ROOM if waits else batch.state,
        raw_status=batch.raw_status,
        succeeded=batch.succeeded,
        failed=batch.failed,
        result_files=list(batch.result_files),
    )
    if waits:
        await context.patience.say(row.job_id, f"room at the provider: {'; '.join(batch.errors)}")
    elif batch.state == "failed":
        shard = await context.off_loop(context.store.shard, row.job_id, row.shard)
        why = "; ".join(batch.errors) or f"the provider says {batch.raw_status!r}"
        await context.off_loop(context.store.refuse, shard, why, 400)
    await context.off_loop(context.store.count, row.job_id, utc_now())
