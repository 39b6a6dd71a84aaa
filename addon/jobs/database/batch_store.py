"""Who may create a provider batch: the one thing that several processes must not do at the same time.

A row is claimed for a limited time, longer than the call to create the batch may take, by the database's
clock. Only its owner calls the provider. A row that was claimed and neither settled nor released tells that
a batch may exist: it is searched for before another call.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from addon.jobs.database.store import Store, batch_row
from addon.jobs.database.tables import BatchRow, Job, utc_now
from translators.bedrock.jobs import TERMINAL

LANE_PAUSE = 1.0
"""Seconds until a row asks again for a lane that another one has."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row, and whether its claimer may create its batch."""

    row: BatchRow
    granted: bool
    wait: float = 0.0
    """Seconds until it may be granted; 0 where the row is settled."""


class BatchStore:
    """Claims on the rows of batches. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(
        self,
        job_id: str,
        shard: int,
        round_: int,
        owner: str,
        seconds: float,
        *,
        lane: str | None = None,
        input_id: str | None = None,
    ) -> Claim:
        """Claim a row, inserted if missing, unless it is settled, claimed by another owner, or another row in
        its lane may have a batch that is not known yet."""
        with self._store.exclusive() as session:
            if lane is not None:
                _lock(session, lane)
            row = batch_row(session, job_id, shard, round_)
            now = database_now(session)
            if row.batch_id is not None or row.creation == "refused":
                return Claim(row=row, granted=False)
            if row.lease is not None and row.lease > now:
                if row.owner == owner:  # this call is repeated after a lost answer of the database
                    return Claim(row=row, granted=True)
                return Claim(row=row, granted=False, wait=(row.lease - now).total_seconds())
            if row.creation == "planned":
                if lane is not None and _is_taken(session, row, lane):
                    return Claim(row=row, granted=False, wait=LANE_PAUSE)
                row.creation, row.intended, row.lane = "intended", row.intended or now, lane
            elif row.lost is None:
                row.lost = now
            row.input_id = row.input_id or input_id
            row.owner, row.lease = owner, now + timedelta(seconds=seconds)
            return Claim(row=row, granted=True)

    def latest(self, job_id: str, shard: int) -> BatchRow:
        """The row of a shard's latest round; the first one is inserted if missing."""
        with self._store.exclusive() as session:
            rounds = select(func.max(BatchRow.round)).where(
                BatchRow.job_id == job_id, BatchRow.shard == shard
            )
            return batch_row(session, job_id, shard, session.scalar(rounds) or 0)

    def renew(self, row: BatchRow, owner: str, seconds: float) -> bool:
        """Extend a claim; False if it is over, or another's."""
        with self._store.exclusive() as session:
            current = batch_row(session, row.job_id, row.shard, row.round)
            now = database_now(session)
            if current.owner != owner or current.lease is None or current.lease <= now:
                return False
            current.lease = now + timedelta(seconds=seconds)
            return True

    def release(self, row: BatchRow, owner: str, *, lost: bool = False, **values: Any) -> None:
        """End a claim and set columns; `lost`: a batch may exist from now on. Does nothing to another's."""
        with self._store.exclusive() as session:
            current = batch_row(session, row.job_id, row.shard, row.round)
            if current.owner != owner or current.batch_id is not None:
                return
            current.owner = current.lease = None
            if lost:
                current.lost = database_now(session)
            for column, value in values.items():
                setattr(current, column, value)

    def created(self, row: BatchRow, batch_id: str, raw_status: str, *, adopted: bool = False) -> bool:
        """Store a row's batch; False if it has another one already."""
        with self._store.exclusive() as session:
            current = batch_row(session, row.job_id, row.shard, row.round)
            if current.batch_id is not None:
                return current.batch_id == batch_id
            current.batch_id, current.raw_status, current.adopted = batch_id, raw_status, adopted
            current.creation, current.owner, current.lease = "created", None, None
            return True

    def seconds_since(self, moment: datetime) -> float:
        """Seconds since a time of the database's clock."""
        with self._store.exclusive() as session:
            return (database_now(session) - moment).total_seconds()

    def free(self, owners: Sequence[str]) -> None:
        """End the claims of processes that are known to have ended, by their executor ids."""
        with self._store.exclusive() as session:
            for row in session.scalars(select(BatchRow).where(BatchRow.lease.is_not(None))):
                if row.owner is not None and row.owner.partition("/")[0] in owners:
                    row.lease = None


def database_now(session: Session) -> datetime:
    """Now, in UTC, by the clock of the database's machine; that of an SQLite file is this one."""
    if session.get_bind().dialect.name == "sqlite":
        return utc_now()
    now: datetime = session.execute(select(func.timezone("utc", func.clock_timestamp()))).scalar_one()
    return now


def lock_number(name: str) -> int:
    """The number of a named advisory lock."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _lock(session: Session, lane: str) -> None:
    """Exclude other claims in a lane until the transaction ends; in SQLite no other transaction runs."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock_number(lane)})


def _is_taken(session: Session, row: BatchRow, lane: str) -> bool:
    """Whether the batch of another row in the lane may exist and is not known."""
    others = (
        select(BatchRow)
        .join(Job, Job.id == BatchRow.job_id)
        .where(
            BatchRow.lane == lane,
            BatchRow.batch_id.is_(None),
            BatchRow.creation.in_(("intended", "unknown")),
            Job.status.not_in(TERMINAL),
        )
    )
    return any(other is not row for other in session.scalars(others))
