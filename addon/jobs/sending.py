"""One round of one shard at the provider: upload, create, watch, collect."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from addon.jobs import creating
from addon.jobs.context import Context, cut_of, opened
from addon.jobs.joining import answered, is_of_others
from addon.jobs.preparing import have_inputs
from addon.jobs.splitting import line_count, unanswered_lines
from addon.jobs.tables import BatchRow, Job, Shard
from addon.jobs.waiting import Interrupted, passes, utc_now
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission

logger = logging.getLogger(__name__)

FIRST_PAUSES = (1.0, 2.0, 5.0)
"""Seconds before the first looks at a new batch, where the poll interval is not shorter: small batches
end within minutes."""

GRACE_HOURS = 1
"""How long after the deadline a cancelled batch may take to end, or a dead provider to come back."""

MISSING_HOURS = 1 / 12
"""How long a batch, or its results, must be missing to be believed gone: for some minutes after its creation
one of a provider's servers may know it and another not (anthropics/anthropic-sdk-python#1432)."""

DIRECT = "direct"
"""In the place of a batch's id: the records are asked for one by one."""

OF_OTHERS = "of others"
"""State of a batch that was taken for ours and is not."""


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
        async with creating.turn(context, job, row):
            await _created(context, job, row, submission, lines)
    except ProviderError as error:
        await _refuse(context, shard, error.message, error.status)
        return False
    except Interrupted:
        return False
    return True


async def _created(context: Context, job: Job, row: BatchRow, submission: Submission, lines: Path) -> None:
    creation = creating.Creation(context, job, row, submission, lines)
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

    input_id = await context.patience.until_done(job.id, "uploading to the provider", upload)
    await context.off_loop(context.store.change_batch, job.id, shard.number, row.round, input_id=input_id)
    return replace(submission, input_id=input_id)


async def lines_of(context: Context, job: Job, shard: Shard, round_: int) -> Path | None:
    """The file of lines of this round, made again when this machine does not have it; None without a line."""
    path = context.spool(job.id).lines(shard.number, round_)
    if round_ == 0 and shard.lines == 0:
        return None
    if round_ == 0 and await context.off_loop(path.is_file):
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


async def _refuse(context: Context, shard: Shard, message: str, status: int) -> None:
    await context.off_loop(
        context.store.change_shard, shard.job_id, shard.number, refusal=message, refusal_code=status
    )


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
            await _note(context, row, batch)
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
            job.id, "asking the provider for the batch", look, curable=_may_come_back(context), give_up=late
        )
    except Interrupted:
        return None
    except ProviderError as error:
        if cancel:
            logger.warning("job %s: batch %s cannot be cancelled: %s", job.id, batch_id, error)
            return None
        return Batch(id=batch_id, state="failed", raw_status="gone", errors=(error.message,))


def _may_come_back(context: Context) -> Callable[[Exception], bool]:
    """A batch is paid for: a key that is refused now may be right again; only what stays missing is gone."""
    since: datetime | None = None

    def curable(error: Exception) -> bool:
        nonlocal since
        if not isinstance(error, ProviderError) or error.status != 404:
            return passes(error) or (isinstance(error, ProviderError) and error.status in {401, 403})
        if since is None:
            since = utc_now()
        return utc_now() < since + context.patience.hours(MISSING_HOURS)

    return curable


async def _note(context: Context, row: BatchRow, batch: Batch) -> None:
    await context.off_loop(
        context.store.change_batch,
        row.job_id,
        row.shard,
        row.round,
        state=batch.state,
        raw_status=batch.raw_status,
        succeeded=batch.succeeded,
        failed=batch.failed,
        result_files=list(batch.result_files),
    )
    if batch.state == "failed":
        shard = await context.off_loop(context.store.shard, row.job_id, row.shard)
        await _refuse(
            context, shard, "; ".join(batch.errors) or f"the provider says {batch.raw_status!r}", 400
        )
    await context.off_loop(context.store.count, row.job_id, utc_now())


async def have_results(context: Context, job: Job, shard: Shard) -> tuple[Path, ...]:
    """The result files of all rounds that are over, fetched where this machine does not have them."""
    files: list[Path] = []
    for row in await context.off_loop(context.store.batches, job.id, shard.number):
        if row.batch_id is not None and row.state not in {"running", "failed", OF_OTHERS}:
            try:
                files.extend(await _collected(context, job, row))
            except ProviderError as error:
                await _refuse(context, shard, f"the results cannot be had: {error.message}", error.status)
    return tuple(files)


def _are_there(files: list[Path]) -> bool:
    return all(file.is_file() for file in files)


async def _collected(context: Context, job: Job, row: BatchRow) -> list[Path]:
    folder = context.spool(job.id).results(row.shard, row.round)
    assert row.batch_id is not None
    batch = Batch(
        id=row.batch_id,
        state="ended",
        raw_status=row.raw_status or "",
        result_files=tuple(row.result_files),
    )
    saved = [folder / name for name in row.saved or ()]
    if row.saved is not None and await context.off_loop(_are_there, saved):
        return saved
    if row.batch_id == DIRECT:
        return []  # answers of calls cannot be had a second time

    async def fetch() -> tuple[str, ...]:
        endpoint = await context.endpoint(job)
        await context.off_loop(folder.mkdir, parents=True, exist_ok=True)
        conversation = context.target(job).provider.batches.results(endpoint, batch)
        async with context.transfers:
            return await context.transport.play(conversation, folder=folder)

    grace = context.patience.hours(24)
    names = await context.patience.until_done(
        job.id,
        "fetching results from the provider",
        fetch,
        curable=_may_come_back(context),
        give_up=lambda latest: context.patience.is_late(latest, grace=grace),
    )
    await context.off_loop(context.store.change_batch, job.id, row.shard, row.round, saved=list(names))
    return [folder / name for name in names]


async def goes_on(context: Context, job: Job, shard: Shard, round_: int) -> bool:
    """Whether another round is due: the batch expired at the provider, or was not ours after all, and the job
    still has time."""
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    again = await _is_of_others(context, job, shard, row) or row.state == "expired"
    return again and not context.patience.is_over(job)


async def _is_of_others(context: Context, job: Job, shard: Shard, row: BatchRow) -> bool:
    """Whether a batch that was found by size and time turns out to be somebody else's; it stays known, so
    that it is not found again."""
    if not row.adopted or context.target(job).provider.marks_batches or row.state in {"running", "failed"}:
        return False
    if row.state == OF_OTHERS:  # an earlier attempt of this step found out
        return True
    try:
        files = await _collected(context, job, row)
    except (ProviderError, Interrupted):
        return False  # the join asks again, and says what is wrong
    kind = context.route(job).provider
    if not await context.in_process(is_of_others, files, kind, job.id, cut_of(shard)):
        return False
    logger.warning(
        "job %s: batch %s, found after a lost answer, is of others; the records are sent anew",
        job.id,
        row.batch_id,
    )
    await context.off_loop(
        context.store.change_batch, job.id, row.shard, row.round, state=OF_OTHERS, succeeded=0, failed=0
    )
    await context.off_loop(context.store.count, job.id, utc_now())
    return True
