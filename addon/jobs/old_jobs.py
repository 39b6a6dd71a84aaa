"""The rows of jobs that ended long ago."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, select

from addon.jobs.store import Store
from addon.jobs.tables import AnswerBlock, BatchRow, Job, JobKey, Shard, Tag, Token
from translators.bedrock.jobs import TERMINAL


class OldJobs:
    """Finds and removes them; jobs that go on are never among them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ended_before(self, moment: datetime, limit: int) -> Sequence[str]:
        """Ids of some jobs that ended before this moment."""
        with self._store.exclusive() as session:
            return session.scalars(_ended_before(moment).limit(limit)).all()

    def remove(self, job_ids: Sequence[str], before: datetime) -> None:
        """Remove those of the jobs that ended before this moment, with all that belongs to them: tokens, too,
        which create new jobs from then on."""
        with self._store.exclusive() as session:
            ids = session.scalars(_ended_before(before).where(Job.id.in_(job_ids))).all()
            for table in (AnswerBlock, BatchRow, Shard, Tag, Token, JobKey):
                session.execute(delete(table).where(table.job_id.in_(ids)))
            session.execute(delete(Job).where(Job.id.in_(ids)))


def _ended_before(moment: datetime) -> Select[str]:
    return select(Job.id).where(Job.ended < moment, Job.status.in_(TERMINAL))
