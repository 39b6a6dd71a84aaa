"""How far jobs are and what happened to them, for those who follow several: one read for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from addon.jobs.database.store import Store
from addon.jobs.database.tables import BatchRow, Event, Job

SHOWN_BATCHES = 20


type Change = tuple[datetime, int, datetime | None]
"""When a job was modified, the number of its last event, and when something last happened."""


class JobProgress(NamedTuple):
    """The columns of a job that change while it runs."""

    id: str
    name: str
    provider: str
    model: str
    status: str
    message: str | None
    waiting: str | None
    submitted: datetime
    modified: datetime
    ended: datetime | None
    total: int
    succeeded: int
    failed: int
    input_tokens: int
    output_tokens: int
    batches: tuple[str, ...] = ()
    """The provider's ids of the newest batches."""


_NAMES = JobProgress._fields[:-1]
_COLUMNS = [getattr(Job, name) for name in _NAMES]


def changes_of(store: Store, job_ids: Sequence[str]) -> dict[str, Change]:
    """The jobs that are stored, of these: something happened to those with another value than before."""
    query = select(Job.id, Job.modified).where(Job.id.in_(job_ids))
    events = select(Event.job_id, func.max(Event.number), func.max(Event.last))
    events = events.where(Event.job_id.in_(job_ids)).group_by(Event.job_id)
    with store.reading() as session:
        last = {job_id: (number, moment) for job_id, number, moment in session.execute(events)}
        return {
            job_id: (modified, *last.get(job_id, (0, None))) for job_id, modified in session.execute(query)
        }


def progress_of(store: Store, job_ids: Sequence[str]) -> list[JobProgress]:
    """The jobs that are stored, of these."""
    with store.reading() as session:
        rows = session.execute(select(*_COLUMNS).where(Job.id.in_(job_ids))).all()
        return [JobProgress._make((*row, _batches(session, row[0]))) for row in rows]


def _batches(session: Session, job_id: str) -> tuple[str, ...]:
    """The newest batches of a job."""
    query = select(BatchRow.batch_id).where(BatchRow.job_id == job_id, BatchRow.batch_id.is_not(None))
    query = query.order_by(BatchRow.shard.desc(), BatchRow.round.desc()).limit(SHOWN_BATCHES)
    return tuple(batch_id for batch_id in session.scalars(query) if batch_id is not None)


def newest(store: Store, limit: int) -> list[JobProgress]:
    """The newest jobs first."""
    query = select(Job.id).order_by(Job.submitted.desc(), Job.id.desc()).limit(limit)
    with store.reading() as session:
        ids = session.scalars(query).all()
    found = {job.id: job for job in progress_of(store, ids)}
    return [found[job_id] for job_id in ids if job_id in found]
