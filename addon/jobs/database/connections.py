"""Connections to the job database: an SQLite file of this machine, or PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from addon.jobs.database import sqlite

_POOL = {"pool_size": 8, "max_overflow": 24}
"""No thread waits for a connection: their number is limited in `AsyncStore` and `Views`."""

CONNECT_SECONDS = 5

_FROZEN_AFTER = "10s"
"""For so long a process may hold a row's lock and do nothing: others wait for the row if it was paused."""


def _limit_idleness(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_FROZEN_AFTER}'")
    connection.commit()


def open_engine(url: str) -> Engine:
    """Engine for an SQLAlchemy URL; creates a missing SQLite file and its folder."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")  # the driver that DBOS brings
        engine = create_engine(
            parsed, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}, **_POOL
        )
        event.listen(engine, "connect", _limit_idleness)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, **sqlite.engine_arguments(), **_POOL)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
