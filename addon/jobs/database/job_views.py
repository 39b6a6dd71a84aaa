"""What the control plane reads of jobs: only the columns that Get and List show, from connections of its own.

Get is what applications do most. It costs one statement on a connection that stays open: no transaction, no
object with all columns of a job.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, bindparam, func, select
from sqlalchemy.exc import DBAPIError

from addon.jobs.database.tables import Job

THREADS = 8
"""Reads at the same time; of an embedded database one, which costs less than changing between threads."""


class JobView(NamedTuple):
    """The columns of a job that Get and List show."""

    id: str
    arn: str
    provider: str
    request: dict[str, Any]
    client_request_token: str | None
    status: str
    message: str | None
    submitted: datetime
    modified: datetime
    ended: datetime | None
    deadline: datetime
    total: int
    succeeded: int
    failed: int


_COLUMNS = [getattr(Job, name) for name in JobView._fields]
_BY_ID = select(*_COLUMNS).where(Job.id == bindparam("id"))


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a List asks for."""

    status: str | None = None
    name_contains: str | None = None
    """With its case, as in AWS's names."""
    submitted_after: datetime | None = None
    submitted_before: datetime | None = None
    ascending: bool = False
    after: tuple[datetime, str] | None = None
    """Submit time and id of the last job of the page before."""
    limit: int | None = None

    def of[Row: Select[Any]](self, query: Row, dialect: str, provider: str | None) -> Row:
        """The query of jobs by submit time, newest first unless `ascending`."""
        if provider is not None:
            query = query.where(Job.provider == provider)
        if self.status is not None:
            query = query.where(Job.status == self.status)
        if self.name_contains is not None:
            place = func.instr if dialect == "sqlite" else func.strpos  # LIKE differs in case between the two
            query = query.where(place(Job.name, self.name_contains) > 0)
        if self.submitted_after is not None:
            query = query.where(Job.submitted > self.submitted_after)
        if self.submitted_before is not None:
            query = query.where(Job.submitted < self.submitted_before)
        if self.after is not None:
            moment, job_id = self.after
            later = (Job.submitted > moment) | ((Job.submitted == moment) & (Job.id > job_id))
            earlier = (Job.submitted < moment) | ((Job.submitted == moment) & (Job.id < job_id))
            query = query.where(later if self.ascending else earlier)
        order = (Job.submitted, Job.id) if self.ascending else (Job.submitted.desc(), Job.id.desc())
        return query.order_by(*order).limit(self.limit)


class Views:
    """Reads views of jobs in threads of its own, so that running jobs never make a Get wait for one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        threads = 1 if engine.dialect.name == "sqlite" else THREADS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="job-views")
        self._own = threading.local()
        self._connections: list[Connection] = []

    async def job(self, job_id: str) -> JobView | None:
        return await self.read(lambda connection: _one(connection, job_id))

    async def jobs(self, providers: Sequence[str], filters: Filters) -> list[JobView]:
        """Jobs of these providers, in the order of the filters."""
        return await self.read(lambda connection: _some(connection, providers, filters))

    def close(self) -> None:
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    async def read[Result](self, query: Callable[[Connection], Result]) -> Result:
        """The result of a query, in one of these threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._on_connection, query)

    def _on_connection[Result](self, query: Callable[[Connection], Result]) -> Result:
        try:
            return query(self._connection())
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return query(self._connection())  # the database was started again

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None or connection.invalidated:
            if connection is not None:
                self._own.connection = None
                self._connections.remove(connection)
                connection.close()
            connection = self._own.connection = self._engine.connect()
            self._connections.append(connection)
        return connection


def _one(connection: Connection, job_id: str) -> JobView | None:
    row = connection.execute(_BY_ID, {"id": job_id}).first()
    return None if row is None else JobView._make(row)


def _some(connection: Connection, providers: Sequence[str], filters: Filters) -> list[JobView]:
    """One query for each provider: an index gives their jobs in order, those of several it does not."""
    rows = [
        JobView._make(row)
        for provider in providers
        for row in connection.execute(filters.of(select(*_COLUMNS), connection.dialect.name, provider))
    ]
    if len(providers) > 1:
        rows.sort(key=lambda row: (row.submitted, row.id), reverse=not filters.ascending)
    return rows[: filters.limit]
