"""Going on with another provider when the first one refuses the whole job.

A job is pinned to its provider once a batch was accepted, or a shard whose records are asked for one by one
was not refused before the first answer: from then on there are answers that are paid for.
"""

from datetime import timedelta

from addon.jobs.batch_states import NO_ROOM
from addon.jobs.job_run import Context
from addon.jobs.retrying import passes, utc_now
from addon.jobs.tables import BatchRow, Job

_NOT_ACCEPTED = frozenset({"failed", NO_ROOM})


async def falls_back(context: Context, job: Job, attempt: int) -> bool:
    """Whether another provider takes the job; it has it then."""
    if job.attempt > attempt:  # an earlier attempt of this step saw to it
        return True
    if not job.fallbacks or context.patience.is_over(job):
        return False
    shards = [shard for shard in await context.off_loop(context.store.shards, job.id) if shard.lines]
    refusals = {shard.refusal for shard in shards}
    batches = await context.off_loop(context.store.batches, job.id)
    if not shards or None in refusals or any(map(_is_accepted, batches)):
        return False
    await context.off_loop(context.spool(job.id).remove_all_but_input)
    await context.off_loop(context.store.fall_back, job.id, utc_now(), "; ".join(sorted(map(str, refusals))))
    return True


def _is_accepted(row: BatchRow) -> bool:
    return row.batch_id is not None and row.state not in _NOT_ACCEPTED


def words(job: Job, why: str) -> str:
    """Why nobody took the job."""
    return "; ".join([*job.refusals, f"{job.provider}: {why}"]) if job.refusals else why


class Outage:
    """How long a provider's outage is waited out before anything was accepted."""

    def __init__(self, context: Context, job: Job) -> None:
        after = timedelta(seconds=context.config.jobs.fall_back_after)
        self._until = utc_now() + after if job.fallbacks else None

    def passes(self, error: Exception) -> bool:
        """Whether waiting may cure this, and nobody else is due instead."""
        return passes(error) and (self._until is None or utc_now() < self._until)
