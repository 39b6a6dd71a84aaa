"""Removal of jobs that ended long ago: their rows, their workflows and their files on this machine."""

import asyncio
import logging
from datetime import timedelta

from anyio import to_thread
from dbos import DBOS

from addon.jobs.resources import Resources
from addon.jobs.spool import Spool
from addon.jobs.tables import utc_now

logger = logging.getLogger(__name__)

INTERVAL = 3600.0
"""Seconds between two removals."""

JOBS_AT_ONCE = 100


async def keep_removing(resources: Resources) -> None:
    """Remove old jobs now and every hour."""
    while True:
        try:
            removed = await remove_old_jobs(resources)
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
    while ids := await store.ended_before(before, JOBS_AT_ONCE):
        for job_id in ids:
            workflows = await DBOS.list_workflows_async(
                workflow_id_prefix=job_id, load_input=False, load_output=False
            )
            await DBOS.delete_workflows_async([found.workflow_id for found in workflows])
            await to_thread.run_sync(Spool(resources.spool / job_id).remove)
        await store.remove(ids, before)
        removed += len(ids)
    return removed
