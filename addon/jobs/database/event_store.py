"""The events of jobs: bounded, repetitions counted, each of one line."""

import logging
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from addon.jobs.database.tables import Event, Job
from addon.jobs.timeline import Kind

logger = logging.getLogger(__name__)

MOST_CHARACTERS = 2_000
"""Of a text, and of a batch's id."""
MOST_EVENTS = 500
"""Of a job."""
MOST_ROUTINE_EVENTS = 400
"""Of a job: what comes often leaves room for what people look for."""
LOOKED_BACK = 20
"""Events among which a repetition is counted instead of stored."""

_ROUTINE: frozenset[Kind] = frozenset(
    {"upload", "create", "look", "throttled", "waiting", "results", "round", "joined"}
)
_MORE = "further events are only counted"


class Transactions(Protocol):
    """A store."""

    def exclusive(self) -> AbstractContextManager[Session]: ...

    def reading(self) -> AbstractContextManager[Session]: ...


class EventStore:
    """Timelines of jobs. Every method is one transaction."""

    def __init__(self, store: Transactions) -> None:
        self._store = store

    def note(
        self,
        job_id: str,
        kind: Kind,
        text: str,
        now: datetime,
        *,
        shard: int | None = None,
        batch: str | None = None,
        times: int = 1,
    ) -> None:
        """Store an event that happened so often; nothing for a job that is not stored."""
        with self._store.exclusive() as session:
            job = select(Job.id).where(Job.id == job_id).with_for_update(key_share=True)
            if session.scalar(job) is not None:
                _add(session, job_id, kind, text, now, shard=shard, batch=batch, times=times)

    def timeline(self, job_id: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events with a greater number than `after`, in order.

        Repetitions change an event's count and its last time, not its number.
        """
        query = select(Event).where(Event.job_id == job_id, Event.number > after)
        with self._store.reading() as session:
            return list(session.scalars(query.order_by(Event.number).limit(limit)))


def note_with_change(
    session: Session, job_id: str, kind: Kind, text: str, now: datetime, *, shard: int | None = None
) -> None:
    """Store an event in the transaction of what it tells, which has locked the job's row.

    A failure is logged: the change is made without it.
    """
    session.flush()  # whose own failure is the transaction's
    try:
        with session.begin_nested():
            _add(session, job_id, kind, text, now, shard=shard)
    except SQLAlchemyError:
        logger.warning("job %s: an entry of its timeline is lost: %s", job_id, kind, exc_info=True)


def first_event(job: Job, text: str) -> Event:
    """The event of a job's creation."""
    now = job.submitted
    return Event(job_id=job.id, number=1, first=now, last=now, count=1, kind="status", text=one_line(text))


def one_line(text: str) -> str:
    """The text as both databases can store it: one line, cut, without NUL and halves of surrogate pairs."""
    words = " ".join(text[: 4 * MOST_CHARACTERS].split())
    kept = words.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return kept if len(kept) <= MOST_CHARACTERS else f"{kept[: MOST_CHARACTERS - 1]}…"


def _add(
    session: Session,
    job_id: str,
    kind: Kind,
    text: str,
    now: datetime,
    *,
    shard: int | None = None,
    batch: str | None = None,
    times: int = 1,
) -> None:
    text, batch = one_line(text), None if batch is None else one_line(batch)
    events = select(Event).where(Event.job_id == job_id)
    latest = session.scalars(events.order_by(Event.number.desc()).limit(LOOKED_BACK)).all()
    same = (event for event in latest if _what(event) == (kind, text, shard, batch))
    event = next(same, None)
    number = latest[0].number + 1 if latest else 1
    if event is None and number >= (MOST_ROUTINE_EVENTS if kind in _ROUTINE else MOST_EVENTS):
        event = session.scalar(events.where(Event.kind == "more"))
        kind, text, shard, batch = "more", _MORE, None, None
    if event is not None:
        event.count += times
        event.last = now
        return
    session.add(
        Event(
            job_id=job_id,
            number=number,
            first=now,
            last=now,
            count=times,
            kind=kind,
            text=text,
            shard=shard,
            batch=batch,
        )
    )


def _what(event: Event) -> tuple[str, str, int | None, str | None]:
    return event.kind, event.text, event.shard, event.batch
