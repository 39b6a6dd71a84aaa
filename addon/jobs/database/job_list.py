"""What pages show of many jobs: rows of a list, totals, batches in flight, and whether anything changed.

Functions of a connection, for `Views.read`. Each reads by an index: a page costs the same whether the
database holds ten jobs or a hundred thousand.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from addon.jobs.database.tables import BatchRow, Event, Job, Shard
from translators.bedrock.jobs import TERMINAL, JobStatus

ENDING = timedelta(days=1)
"""How long ago the work of a job may have ended whose output is still being written."""

FAILED: Sequence[JobStatus] = ("Failed", "Expired", "PartiallyCompleted")


class JobRow(NamedTuple):
    """A job as lists show it."""

    id: str
    name: str
    provider: str
    model: str
    mode: str
    status: str
    message: str | None
    waiting: str | None
    submitted: datetime
    modified: datetime
    ended: datetime | None
    deadline: datetime
    total: int
    succeeded: int
    failed: int
    input_tokens: int
    output_tokens: int
    retry_of: str | None


class Totals(NamedTuple):
    """Of all jobs."""

    running: int
    waiting: int
    """Of the running ones: those that wait out a failure."""
    done: int
    """Jobs that ended since the time asked for."""
    failed: int
    """Of these: jobs that failed, or of which records failed."""
    failed_records: int
    input_tokens: int
    output_tokens: int


class Work(NamedTuple):
    """How far a running job's shards and batches are."""

    shards: int = 0
    finished: int = 0
    joined: int = 0
    batches: int = 0
    """Batches that exist or existed at the provider, those of all rounds."""
    running: int = 0
    """Of these: batches that are not over."""


class InFlight(NamedTuple):
    """What a provider has to do now."""

    jobs: int = 0
    waiting: int = 0
    batches: int = 0
    records: int = 0
    no_room_until: datetime | None = None
    reason: str | None = None
    """Why one of the waiting jobs waits."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs a list shows, the newest first."""

    statuses: Collection[str] = ()
    provider: str | None = None
    text: str | None = None
    """Part of the name in any case, or the id, or the ARN."""
    before: tuple[datetime, str] | None = None
    """Submit time and id of the last job of the page before."""
    limit: int = 50

    def condition(self) -> list[ColumnElement[bool]]:
        """All but the provider."""
        conditions: list[ColumnElement[bool]] = []
        if self.statuses:
            conditions.append(Job.status.in_(self.statuses))
        if self.text is not None:
            named = func.lower(Job.name).contains(self.text.lower(), autoescape=True)
            conditions.append(or_(named, Job.id == self.text.rpartition("/")[2]))
        if self.before is not None:
            moment, job_id = self.before
            conditions.append(
                or_(Job.submitted < moment, and_(Job.submitted == moment, Job.id < job_id)),
            )
        return conditions


_COLUMNS = [getattr(Job, name) for name in JobRow._fields]


def listed(connection: Connection, wanted: Wanted) -> list[JobRow]:
    """The jobs of a page. One query for each provider: an index has their jobs in order, those of all it has
    not."""
    providers = [wanted.provider] if wanted.provider is not None else used_providers(connection)
    query = select(*_COLUMNS).where(*wanted.condition())
    query = query.order_by(Job.submitted.desc(), Job.id.desc()).limit(wanted.limit)
    rows = [
        JobRow._make(row)
        for provider in providers
        for row in connection.execute(query.where(Job.provider == provider))
    ]
    rows.sort(key=lambda row: (row.submitted, row.id), reverse=True)
    return rows[: wanted.limit]


def row_of(connection: Connection, job_id: str) -> JobRow | None:
    """One job."""
    row = connection.execute(select(*_COLUMNS).where(Job.id == job_id)).first()
    return None if row is None else JobRow._make(row)


def retries_of(connection: Connection, job_id: str) -> list[str]:
    """Ids of the jobs that send this one's failed records again."""
    query = select(Job.id).where(Job.retry_of == job_id).order_by(Job.submitted)
    return list(connection.scalars(query))


def used_providers(connection: Connection) -> list[str]:
    """Names of the providers that have jobs."""
    return list(connection.scalars(select(Job.provider).distinct().order_by(Job.provider)))


def totals(connection: Connection, now: datetime, since: datetime) -> Totals:
    """Running jobs now, and what ended since a time."""
    unfinished = _unfinished(now)
    running, waiting = connection.execute(
        select(func.count(), func.count(Job.waiting)).where(unfinished),
    ).one()
    done, failed, records, tokens_in, tokens_out = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((Job.status.in_(FAILED), 1), (Job.failed > 0, 1), else_=0)), 0),
            func.coalesce(func.sum(Job.failed), 0),
            func.coalesce(func.sum(Job.input_tokens), 0),
            func.coalesce(func.sum(Job.output_tokens), 0),
        ).where(Job.ended >= since, Job.status.in_(TERMINAL))
    ).one()
    return Totals(running, waiting, done, int(failed), int(records), int(tokens_in), int(tokens_out))


def work(connection: Connection, job_ids: Collection[str]) -> Mapping[str, Work]:
    """How far running jobs are; without those that are not planned yet."""
    if not job_ids:
        return {}
    shards = connection.execute(
        select(Shard.job_id, func.count(), _sum(Shard.finished), _sum(Shard.joined))
        .where(Shard.job_id.in_(job_ids))
        .group_by(Shard.job_id)
    ).all()
    created = BatchRow.batch_id.is_not(None)
    running = and_(created, BatchRow.state == "running")
    batches = {
        job_id: counts
        for job_id, *counts in connection.execute(
            select(BatchRow.job_id, _sum(created), _sum(running))
            .where(BatchRow.job_id.in_(job_ids))
            .group_by(BatchRow.job_id)
        )
    }
    return {job_id: Work(*counts, *batches.get(job_id, (0, 0))) for job_id, *counts in shards}


def in_flight(connection: Connection, now: datetime) -> Mapping[str, InFlight]:
    """What each provider with running jobs has to do."""
    unfinished = _unfinished(now)
    jobs = connection.execute(
        select(Job.provider, func.count(), func.count(Job.waiting), func.max(Job.waiting))
        .where(unfinished)
        .group_by(Job.provider)
    ).all()
    running = case((and_(BatchRow.batch_id.is_not(None), BatchRow.state == "running"), 1), else_=0)
    batches = {
        provider: (int(count or 0), int(records or 0), until)
        for provider, count, records, until in connection.execute(
            select(
                Job.provider, func.sum(running), func.sum(running * Shard.lines), func.max(Shard.not_before)
            )
            .select_from(Job)
            .join(Shard, Shard.job_id == Job.id)
            .join(BatchRow, and_(BatchRow.job_id == Shard.job_id, BatchRow.shard == Shard.number))
            .where(unfinished)
            .group_by(Job.provider)
        )
    }
    found: dict[str, InFlight] = {}
    for provider, count, waiting, reason in jobs:
        number, records, until = batches.get(provider, (0, 0, None))
        until = until if until is not None and until > now else None
        found[provider] = InFlight(count, waiting, number, records, until, reason)
    return found


def changes(connection: Connection, now: datetime, job_ids: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """A text that differs whenever the list of jobs does, and one for each of these jobs."""
    newest, count = connection.execute(
        select(func.max(Job.modified), func.count()).where(
            or_(Job.ended.is_(None), Job.ended >= now - ENDING)
        )
    ).one()
    if not job_ids:
        return f"{newest} {count}", {}
    modified = connection.execute(
        select(Job.id, Job.modified, Job.status).where(Job.id.in_(job_ids)),
    ).all()
    events = {
        job_id: f"{rest}"
        for job_id, *rest in connection.execute(
            select(Event.job_id, func.max(Event.number), func.sum(Event.count), func.max(Event.last))
            .where(Event.job_id.in_(job_ids))
            .group_by(Event.job_id)
        )
    }
    jobs = {job_id: f"{moment} {status} {events.get(job_id)}" for job_id, moment, status in modified}
    return f"{newest} {count}", jobs


def _unfinished(now: datetime) -> ColumnElement[bool]:
    return and_(or_(Job.ended.is_(None), Job.ended >= now - ENDING), Job.status.not_in(TERMINAL))


def _sum(condition: Any) -> ColumnElement[int]:
    """The number of rows for which the condition holds."""
    return func.sum(case((condition, 1), else_=0))
