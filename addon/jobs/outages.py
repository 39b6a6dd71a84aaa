"""Failures of this installation that pass: its database, its worker processes."""

from concurrent.futures import BrokenExecutor

import anyio
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

_PERMANENT = ("no such table", "no such column")
"""SQLite raises these as operational errors."""


def is_database_away(error: BaseException) -> bool:
    """Whether the database cannot answer now: it restarts, is unreachable, busy, or its disk is full."""
    if isinstance(error, TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error, OperationalError):
        return not any(text in str(error.orig) for text in _PERMANENT)
    return isinstance(error, InterfaceError) or error.connection_invalidated


def is_worker_lost(error: BaseException) -> bool:
    """Whether a worker process ended before it was done: killed for want of memory, as a rule."""
    return isinstance(error, anyio.BrokenWorkerProcess | BrokenExecutor)
