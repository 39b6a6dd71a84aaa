"""Removal of what is no longer kept: jobs that ended long ago, with their rows, workflows and files on this
machine, and sooner their results on this machine."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from anyio import to_thread
from dbos import DBOS
from sqlalchemy import Select, delete, select

from addon.jobs import kept_results
from addon.jobs.database.store import Store
from addon.jobs.database.tables import AnswerBlock, BatchRow, Event, Job, JobKey, Shard, Tag, Token, utc_now
from addon.jobs.resources import Resources
from addon.jobs.spool import Spool
from translators.bedrock.jobs import TERMINAL

logger = logging.getLogger(__name__)

INTERVAL = 3600.0
"""Seconds between two removals."""

JOBS_AT_ONCE = 100


async def keep_removing(resources: Resources) -> None:
    """Remove old jobs and results now and every hour."""
    while True:
        try:
            removed = await remove_old_jobs(resources)
            hours = resources.config.jobs.keep_results_hours
            await kept_results.remove(resources, ended_before=utc_now() - timedelta(hours=hours))
        except Exception:
            logger.warning("Old jobs could not be removed; trying again later", exc_info=True)
        else:
            if removed:
                logger.info("%s jobs that ended long ago were removed", removed)
        await asyncio.sleep(INTERVAL)


async def remove_old_jobs(resources: Resources) -> int:
    """Remove the jobs that ended more than `[jobs] keep_days` ago; how many.

    The store's rows go last: what a crash leaves is removed the next time.
    """
    store, removed = resources.store, 0
    before = utc_now() - timedelta(days=resources.config.jobs.keep_days)
    while ids := await store.run(lambda store: _ended_before(store, before)):
        for job_id in ids:
            workflows = await DBOS.list_workflows_async(
                workflow_id_prefix=job_id, load_input=False, load_output=False
            )
            await DBOS.delete_workflows_async([found.workflow_id for found in workflows])
            await to_thread.run_sync(Spool(resources.spool / job_id).remove)
        await store.run(partial(_remove, ids, before))
        removed += len(ids)
    return removed


def _ended_before(store: Store, moment: datetime) -> Sequence[str]:
    """Ids of some jobs that ended before this moment."""
    with store.exclusive() as session:
        return session.scalars(_old_jobs(moment).limit(JOBS_AT_ONCE)).all()


def _remove(job_ids: Sequence[str], before: datetime, store: Store) -> None:
    """Remove those of the jobs that ended before this moment, with all that belongs to them; their tokens
    create new jobs from then on."""
    with store.exclusive() as session:
        ids = session.scalars(_old_jobs(before).where(Job.id.in_(job_ids))).all()
        for table in (AnswerBlock, BatchRow, Event, Shard, Tag, Token, JobKey):
            session.execute(delete(table).where(table.job_id.in_(ids)))
        session.execute(delete(Job).where(Job.id.in_(ids)))


def _old_jobs(ended_before: datetime) -> Select[str]:
    return select(Job.id).where(Job.ended < ended_before, Job.status.in_(TERMINAL))
