"""The embedded database: SQLite, with a module new enough for the durable workflows.

DBOS needs SQLite 3.42 (`unixepoch('subsec')` in its column defaults). Where Python's own is older, the
`pysqlite3` wheel brings one.
"""

import sqlite3
from types import ModuleType
from typing import Any

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
