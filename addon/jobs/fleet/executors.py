"""The table of members: registration, heartbeats by the database's clock, and which of them are dead."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Literal
from uuid import uuid4

from sqlalchemy import delete, select, text, update
from sqlalchemy.engine import make_url

from addon.jobs.database.batch_store import database_now, lock_number
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Executor

BEATS_TO_LIVE = 4
"""A member that was silent for so many heartbeats is dead."""

FROZEN_AFTER = "30s"
"""For so long a process may hold a lock and do nothing: it may be paused."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """What a process tells about itself."""

    id: str
    host: str
    role: Literal["runs", "accepts"]
    key: str

    @classmethod
    def here(cls, role: Literal["runs", "accepts"], key: str) -> "Member":
        host = socket.gethostname()
        return cls(id=f"{host[:63]}-{os.getpid()}-{uuid4()}", host=host, role=role, key=key)


class Executors:
    """The members of the fleet. Every method is one transaction."""

    def __init__(self, store: Store, heartbeat: float) -> None:
        self._store = store
        self._limit = timedelta(seconds=BEATS_TO_LIVE * heartbeat)

    def beat(self, member: Member, *, draining: bool = False) -> None:
        """Note that a member lives; registers it if it is not known."""
        with self._store.exclusive() as session:
            now = database_now(session)
            values = {"seen": now, "draining": draining, "role": member.role}
            changed = session.execute(
                update(Executor).where(Executor.id == member.id).values(**values).returning(Executor.id)
            )
            if changed.first() is None:
                session.add(
                    Executor(
                        id=member.id,
                        host=member.host,
                        key=member.key,
                        version=version("bedrock-batch-proxy"),
                        started=now,
                        **values,
                    )
                )

    def remove(self, executors: Sequence[str]) -> None:
        with self._store.exclusive() as session:
            session.execute(delete(Executor).where(Executor.id.in_(executors)))

    def members(self) -> Sequence[Executor]:
        """All that are known, oldest first."""
        with self._store.exclusive() as session:
            return session.scalars(select(Executor).order_by(Executor.started)).all()

    def living(self) -> Sequence[Executor]:
        """Those that gave a sign of life lately."""
        with self._store.exclusive() as session:
            since = database_now(session) - self._limit
            query = select(Executor).where(Executor.seen >= since)
            return session.scalars(query.order_by(Executor.started)).all()

    def dead(self) -> Sequence[str]:
        """Ids of members that were silent for too long."""
        with self._store.exclusive() as session:
            since = database_now(session) - self._limit
            return session.scalars(select(Executor.id).where(Executor.seen < since)).all()

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """Whether this process does a task now that one member does at a time; others are excluded until the
        end of the block. A process that is paused meanwhile loses the lock."""
        if make_url(self._store.url).get_backend_name() == "sqlite":
            yield True  # one process of those that share the file runs jobs, as its lock says
            return
        with self._store.exclusive() as session:
            session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{FROZEN_AFTER}'"))
            got = session.scalar(
                text("SELECT pg_try_advisory_xact_lock(:lock)"),
                {"lock": lock_number(f"bedrock-batch {task}")},
            )
            yield bool(got)
