"""Moving a job to another provider when the first one refuses it as a whole.

A job stays with its provider once a batch was accepted or may have been, or a record that is sent by itself
was answered: from then on there are results that are paid for.
"""

from datetime import timedelta

from anyio import to_thread

from addon.jobs import leftovers
from addon.jobs.database.tables import NAMED, NO_ROOM, BatchRow, Job, Shard, utc_now
from addon.jobs.job_run import JobRun

_NOT_ACCEPTED = frozenset({"failed", NO_ROOM, NAMED})


async def falls_back(run: JobRun) -> bool:
    """Move the job, all of whose shards are finished, to its next provider if this one refused it; whether it
    was moved."""
    job, store = run.job, run.resources.store
    if not job.fallbacks or run.is_over():
        return False
    shards = [shard for shard in await store.shards(job.id) if shard.lines]
    refusals = {shard.refusal for shard in shards}
    if not shards or None in refusals or any(map(_may_be_accepted, await store.batches(job.id))):
        return False
    await leftovers.delete_before_fallback(run)
    await to_thread.run_sync(run.spool.remove_all_but_input)
    await store.fall_back(job.id, job.attempt, utc_now(), "; ".join(sorted(map(str, refusals))))
    return True


def _may_be_accepted(row: BatchRow) -> bool:
    if row.batch_id is None:
        return row.creation in {"intended", "unknown"}
    return row.state not in _NOT_ACCEPTED


def refusal_message(job: Job, reason: str) -> str:
    """The refusals of all providers of a job, the last with this reason."""
    return "; ".join([*job.refusals, f"{job.provider}: {reason}"]) if job.refusals else reason


def is_outage_over(run: JobRun, shard: Shard) -> bool:
    """Whether a shard has waited for its provider for so long that it is time for the job's next one."""
    if not run.job.fallbacks or shard.failing_since is None:
        return False
    after = timedelta(seconds=run.resources.config.jobs.fall_back_after)
    return utc_now() >= shard.failing_since + after
