"""The embedded database: an SQLite module new enough for DBOS, and the lock of the process that runs jobs.

DBOS needs SQLite 3.42 (`unixepoch('subsec')` in its column defaults). Where Python's own is older, the
`pysqlite3` wheel brings one.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

NEEDED = (3, 42, 0)


class SQLiteTooOld(RuntimeError):
    """Neither Python's SQLite nor an installed `pysqlite3` is new enough."""


def sqlite_module() -> ModuleType:
    """The DB-API module to use. Raises `SQLiteTooOld`."""
    if sqlite3.sqlite_version_info >= NEEDED:
        return sqlite3
    try:
        import pysqlite3
    except ImportError:
        raise SQLiteTooOld(
            f"SQLite {sqlite3.sqlite_version} is older than {'.'.join(map(str, NEEDED))}: "
            "install pysqlite3-binary, or set batch_database to a PostgreSQL URL"
        ) from None
    module: ModuleType = pysqlite3
    return module


def engine_arguments() -> dict[str, Any]:
    """Arguments for SQLAlchemy's `create_engine`."""
    return {"module": sqlite_module(), "connect_args": {"timeout": 30}}


def tables(file: str) -> frozenset[str]:
    """Names of the tables of an SQLite file, which stays as it is; empty without the file.

    Raises `OperationalError` of SQLAlchemy for a file that cannot be read as a database.
    """
    if not Path(file).is_file():
        return frozenset()
    module = sqlite_module()
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    try:
        with closing(module.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return frozenset(name for (name,) in connection.execute(query))
    except module.DatabaseError as error:
        raise OperationalError(query, None, error) from error


class RunnerLock:
    """Lets one process of a machine at a time run the jobs of an embedded database.

    It is a lock on a file beside the database, which the system releases when the process ends, however
    it ends. For other databases it does nothing.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        embedded = parsed.get_backend_name() == "sqlite" and parsed.database
        self._path = f"{parsed.database}.runner" if embedded else None
        self._held: Any = None

    def acquire(self) -> bool:
        """Whether this process has the lock, now or already; does not wait."""
        if self._path is None or self._held is not None:
            return True
        module = sqlite_module()
        connection = module.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except module.OperationalError:
            connection.close()
            return False
        self._held = connection
        return True

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
