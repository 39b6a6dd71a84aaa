"""The provider's results of jobs that are over, which stay on this machine for a while.

People can look at what came back although the provider's files are deleted. Nothing depends on them.
"""

import logging
import os
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from anyio import to_thread
from sqlalchemy import select

from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job
from addon.jobs.resources import Resources
from addon.jobs.spool import Spool
from translators.bedrock.jobs import TERMINAL

logger = logging.getLogger(__name__)

_IDS_AT_ONCE = 500


async def remove(resources: Resources, *, ended_before: datetime) -> int:
    """Remove this machine's files of jobs that ended before; of how many jobs.

    Results that could not be delivered stay until the job itself is removed.
    """
    names = await to_thread.run_sync(_folders, resources.spool)
    removed = 0
    for begin in range(0, len(names), _IDS_AT_ONCE):
        some = names[begin : begin + _IDS_AT_ONCE]
        ids = await resources.store.run(partial(_over, some, ended_before))
        for job_id in ids:
            await to_thread.run_sync(Spool(resources.spool / job_id).remove)
        removed += len(ids)
    if removed:
        logger.info("the results of %s jobs that are over were removed from this machine", removed)
    return removed


def _folders(spool: Path) -> list[str]:
    return sorted(os.listdir(spool)) if spool.is_dir() else []


def _over(names: Sequence[str], ended_before: datetime, store: Store) -> Sequence[str]:
    """The jobs among these whose files may go."""
    undelivered = (Job.status == "Failed") & (Job.succeeded > 0)
    query = select(Job.id).where(
        Job.id.in_(names), Job.ended < ended_before, Job.status.in_(TERMINAL), ~undelivered
    )
    with store.reading() as session:
        return session.scalars(query).all()
