"""Whether a shard needs another batch, after one that is over."""

import logging
from datetime import timedelta

from addon.jobs.batch_states import DIRECT, NO_ROOM, OF_OTHERS, WITHOUT_RESULTS
from addon.jobs.batches.results import collected
from addon.jobs.inputs.provider_file import file_of
from addon.jobs.job_run import Context, cut_of
from addon.jobs.processes.join import failed_for_now, is_of_others
from addon.jobs.retrying import Interrupted, utc_now
from addon.jobs.tables import BatchRow, Job, Shard
from translators.errors import ProviderError

logger = logging.getLogger(__name__)

LONGEST_WAIT_FOR_ROOM = 600.0
"""Seconds between two attempts; each makes a batch that fails, and their number is limited, too."""


async def goes_on(context: Context, job: Job, shard: Shard, round_: int) -> bool:
    """Whether another round is due, and the job still has time: the batch expired at the provider, had no
    room there, or was not ours after all; or records failed for a reason that may pass."""
    if file_of(job) is not None:
        return False  # its lines are not ours to be sent again
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    if row.state == NO_ROOM:
        await _wait_for_room(context, job, row)
    again = (
        row.state in {"expired", NO_ROOM}
        or await _is_of_others(context, job, shard, row)
        or await _failed_for_now(context, job, row)
    )
    return again and not context.patience.is_over(await context.patience.job(job.id))


async def _wait_for_room(context: Context, job: Job, row: BatchRow) -> None:
    """Longer from attempt to attempt, or until the job is stopped."""
    until = utc_now() + timedelta(
        seconds=min(LONGEST_WAIT_FOR_ROOM, context.poll_interval * 2 ** min(row.round, 10))
    )
    while (left := (min(until, job.deadline) - utc_now()).total_seconds()) > 0:
        await context.patience.pause(job.id, left)
        if context.patience.is_over(await context.patience.job(job.id)):
            break
    await context.patience.say(job.id, None)


async def _failed_for_now(context: Context, job: Job, row: BatchRow) -> bool:
    """Whether there are records to be sent again because they failed for a passing reason; they are not
    counted as failed then."""
    nothing_failed = row.succeeded > 0 and row.failed == 0
    if nothing_failed or row.state in WITHOUT_RESULTS or row.batch_id == DIRECT:
        return False
    rows = await context.off_loop(context.store.batches, job.id, row.shard)
    if sum(other.asked_again > 0 for other in rows[: row.round]) >= context.config.jobs.retry_rounds:
        return False
    try:
        files = await collected(context, job, row)
    except (ProviderError, Interrupted):
        return False  # the join asks again, and says what is wrong
    failed = await context.in_process(failed_for_now, files, context.route(job).provider, job.id)
    await context.off_loop(context.store.change_batch, job.id, row.shard, row.round, asked_again=failed)
    return failed > 0


async def _is_of_others(context: Context, job: Job, shard: Shard, row: BatchRow) -> bool:
    """Whether a batch that was found by size and time turns out to be somebody else's; it stays known, so
    that it is not found again."""
    if not row.adopted or context.target(job).provider.marks_batches or row.state in {"running", "failed"}:
        return False
    if row.state == OF_OTHERS:  # an earlier attempt of this step found out
        return True
    try:
        files = await collected(context, job, row)
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
