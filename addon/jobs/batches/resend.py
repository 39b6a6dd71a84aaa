"""Decides whether a shard needs another batch after one that is over."""

import logging

from addon.jobs.batches.results import collected
from addon.jobs.database.tables import (
    DIRECT,
    FOREIGN,
    NAMED,
    NO_ROOM,
    WITHOUT_RESULTS,
    BatchRow,
    Shard,
    utc_now,
)
from addon.jobs.job_run import JobRun, cut_of
from addon.jobs.processes.result_rows import failed_for_now, has_only_foreign_rows
from translators.errors import ProviderError

logger = logging.getLogger(__name__)

LONGEST_WAIT_FOR_ROOM = 600.0
"""Seconds between two attempts; each creates a batch that fails, and their number is limited, too."""


async def goes_on(run: JobRun, shard: Shard, row: BatchRow, *, may_have_failed: bool) -> bool:
    """Whether another round is due and the job has time for it: the batch expired at the provider, had no
    room there, was refused for some of its requests, or was not ours; or records failed for a temporary
    reason, which they did not unless they `may_have_failed` so."""
    if run.source.at_provider:
        return False
    again = (
        row.state in {"expired", NO_ROOM, NAMED}
        or await _is_foreign(run, shard, row)
        or (may_have_failed and await _failed_for_now(run, row))
    )
    return again and not (await run.reload()).is_over()


def pause_for_room(run: JobRun, row: BatchRow) -> float:
    """Seconds until a batch that the provider had no room for is created again, longer from round to
    round."""
    return min(LONGEST_WAIT_FOR_ROOM, run.resources.poll_interval * float(2 ** min(row.round, 10)))


async def _failed_for_now(run: JobRun, row: BatchRow) -> bool:
    """Whether records of the batch are to be sent again because they failed for a temporary reason; they do
    not count as failed then.

    The rows say so, not the batch's counts: some providers count a row as completed that holds a status 429.
    """
    resources = run.resources
    if row.state in WITHOUT_RESULTS or row.batch_id == DIRECT:
        return False
    rows = await resources.store.batches(run.id, row.shard)
    if sum(other.asked_again > 0 for other in rows[: row.round]) >= resources.config.jobs.retry_rounds:
        return False
    try:
        files = await collected(run, row)
    except ProviderError:
        return False  # the join fetches them again, and reports the error
    failed = await resources.in_process(failed_for_now, files, run.job.kind, run.id)
    await resources.store.change_batch(run.id, row.shard, row.round, asked_again=failed)
    return failed > 0


async def _is_foreign(run: JobRun, shard: Shard, row: BatchRow) -> bool:
    """Whether a batch that was found by size and time is another application's. Its row is kept, so that it
    is not found again."""
    resources = run.resources
    if not row.adopted or run.target.provider.marks_batches or row.state in {"running", "failed"}:
        return False
    if row.state == FOREIGN:  # found by an earlier attempt of this step
        return True
    try:
        files = await collected(run, row)
    except ProviderError:
        return False  # the join fetches them again, and reports the error
    if not await resources.in_process(has_only_foreign_rows, files, run.job.kind, run.id, cut_of(shard)):
        return False
    logger.warning(
        "job %s: batch %s, found after a lost answer, is of others; the records are sent anew",
        run.id,
        row.batch_id,
    )
    await resources.store.change_batch(run.id, row.shard, row.round, state=FOREIGN, succeeded=0, failed=0)
    await resources.store.count(run.id, utc_now())
    text = "the batch that was found after a lost answer is another application's"
    await run.note("refused", text, shard=row.shard, batch=row.batch_id)
    return True
