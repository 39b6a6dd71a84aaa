"""The state of a database's tables: made, upgraded, or refused because another version made them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from addon.jobs.database import sqlite
from addon.jobs.database.tables import Base

HEAD = "events"
"""The newest revision: the tables as `tables.py` has them."""

_FOLDER = Path(__file__).parent
_LOCK = 0x62656472  # any number that other programs in the same PostgreSQL database do not use
_STAMP = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


class OtherVersion(SQLAlchemyError):
    """The database was made by another version of this program."""


def prepare(engine: Engine) -> None:
    """Make the tables in an empty database, upgrade those of an earlier version.

    Raises `OtherVersion` for tables of a later version, or of one without all columns of the first revision.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with _changing(engine) as connection:  # another process may have changed it meanwhile
        revision = _revision(connection)
        if revision == HEAD:
            return
        if revision is None and not inspect(connection).has_table("jobs"):
            _make(connection)
        else:
            _upgrade(connection, revision)


def require(engine: Engine) -> None:
    """Raise `OtherVersion` unless the tables are those of this version. Changes nothing."""
    with engine.connect() as connection:
        revision = _revision(connection)
        if revision == HEAD:
            return
        if revision is not None:
            _check_known(revision)
        else:
            _check_first(connection)
    raise OtherVersion(
        "its tables are of an earlier version; a proxy of this version changes them when it starts"
    )


def holds_jobs(url: str) -> bool:
    """Whether a database has the tables of jobs. Changes nothing in it, and creates no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {"jobs", "shards"} <= sqlite.tables(parsed.database or "")
    with create_engine(parsed, poolclass=NullPool).connect() as connection:
        return {"jobs", "shards"} <= set(inspect(connection).get_table_names())


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _make(connection: Connection) -> None:
    Base.metadata.create_all(connection)
    connection.execute(text(_STAMP))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": HEAD})


def _upgrade(connection: Connection, revision: str | None) -> None:
    from alembic import command  # half a second, needed once a version
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    if revision is not None:
        _check_known(revision)
    else:
        _check_first(connection)
        command.stamp(config, "first")
    command.upgrade(config, "head")


def _check_known(revision: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}
    if revision not in known:
        raise OtherVersion(
            f"its tables are of a later version ({revision}); use that one, or another database"
        )


def _check_first(connection: Connection) -> None:
    """Raise `OtherVersion` if an existing table lacks columns: changing it might lose or misread jobs."""
    from addon.jobs.database.migrations.versions.first import TABLES

    inspector = inspect(connection)
    for table in TABLES.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        missing = sorted({column.name for column in table.columns} - there)
        if missing:
            raise OtherVersion(
                f"its table {table.name} has no {', '.join(missing)}, so it was made by an earlier version; "
                "finish its jobs with that one, or use another database"
            )


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """A transaction that excludes other processes that change tables."""
    with engine.connect() as connection:
        connection.detach()  # it is not used again with the setting below
        if engine.dialect.name == "sqlite":
            # Alembic changes a table by replacing it, which references from other tables would forbid. The
            # setting cannot be changed in a transaction.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection
        connection.commit()
