"""Moving a job to another provider when the first one refuses it as a whole.

A job stays with its provider once a batch was accepted, or a record that is sent by itself was answered:
from then on there are results that are paid for.
"""

from collections.abc import Callable
from datetime import timedelta

from anyio import to_thread

from addon.jobs import leftovers
from addon.jobs.job_run import JobRun
from addon.jobs.retrying import passes
from addon.jobs.tables import NAMED, NO_ROOM, BatchRow, Job, utc_now

_NOT_ACCEPTED = frozenset({"failed", NO_ROOM, NAMED})


async def falls_back(run: JobRun, attempt: int) -> bool:
    """Move the job to its next provider if this one refused it; whether it was moved."""
    job, store = run.job, run.resources.store
    if job.attempt > attempt:  # an earlier attempt of this step moved it
        return True
    if not job.fallbacks or run.is_over():
        return False
    shards = [shard for shard in await store.shards(job.id) if shard.lines]
    refusals = {shard.refusal for shard in shards}
    if not shards or None in refusals or any(map(_is_accepted, await store.batches(job.id))):
        return False
    await leftovers.delete_before_fallback(run)
    await to_thread.run_sync(run.spool.remove_all_but_input)
    await store.fall_back(job.id, utc_now(), "; ".join(sorted(map(str, refusals))))
    return True


def _is_accepted(row: BatchRow) -> bool:
    return row.batch_id is not None and row.state not in _NOT_ACCEPTED


def refusal_message(job: Job, reason: str) -> str:
    """The refusals of all providers of a job, the last with this reason."""
    return "; ".join([*job.refusals, f"{job.provider}: {reason}"]) if job.refusals else reason


def outage_limit(run: JobRun) -> Callable[[Exception], bool]:
    """Whether to try again after an error: it is temporary, and it is not time for the next provider."""
    after = timedelta(seconds=run.resources.config.jobs.fall_back_after)
    until = utc_now() + after if run.job.fallbacks else None
    return lambda error: passes(error) and (until is None or utc_now() < until)
