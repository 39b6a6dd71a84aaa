"""The list of jobs, a job, and its records."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, override

from addon.jobs.database import job_list
from addon.jobs.database.job_list import JobRow, Wanted
from addon.jobs.database.store import Store
from addon.jobs.records.documents import Document, NoSuchRecord, RecordDocuments
from addon.jobs.reports import report
from addon.web.dashboard.changes import JOBS
from addon.web.dashboard.documents import Pretty, pretty
from addon.web.dashboard.handler import Handler, Problem
from translators.bedrock.jobs import TERMINAL

PAGE = 50
"""Jobs on a page."""
RECORDS = 100
"""Records on a page."""
SHARDS = 100
"""Shards on a page."""

STATUSES: dict[str, tuple[str, Sequence[str]]] = {
    "running": ("Running", ("Submitted", "Validating", "Scheduled", "InProgress", "Stopping")),
    "completed": ("Completed", ("Completed",)),
    "failed": ("Failed or partly", ("Failed", "Expired", "PartiallyCompleted")),
    "stopped": ("Stopped", ("Stopped",)),
}
DOCUMENTS = {
    "input": "Your record",
    "sent": "Sent to the provider",
    "received": "Received from the provider",
    "output": "Written to S3",
}


class JobsPage(Handler):
    """The newest jobs, as the filters say."""

    @override
    async def get(self) -> None:
        status, provider = self.get_argument("status", ""), self.get_argument("provider", "")
        text = self.get_argument("q", "").strip()
        before = _place(self.get_argument("before", ""))
        wanted = Wanted(
            statuses=STATUSES[status][1] if status in STATUSES else (),
            provider=provider or None,
            text=text or None,
            before=before,
            limit=PAGE + 1,
        )
        now = self.board.clock()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        views = self.board.sources.store.views
        totals = await self.reading(views.read(lambda connection: job_list.totals(connection, now, midnight)))
        found = await self.reading(views.read(lambda connection: job_list.listed(connection, wanted)))
        rows = found[:PAGE]
        running = [row.id for row in rows if row.status not in TERMINAL]
        work = await self.reading(views.read(lambda connection: job_list.work(connection, running)))
        providers = await self.reading(views.read(job_list.used_providers))
        await self.show(
            "jobs.html",
            jobs=rows,
            work=work,
            totals=totals,
            now=now,
            statuses=STATUSES,
            providers=providers,
            status=status,
            provider=provider,
            text=text,
            is_first=before is None,
            next=_token(rows[-1]) if len(found) > PAGE else None,
            topic=JOBS,
        )


class JobPage(Handler):
    """Everything about a job but its records; it reads the database only."""

    @override
    async def get(self, job_id: str) -> None:
        sources, views = self.board.sources, self.board.sources.store.views
        row = await self.row(job_id)
        request, known = await self.reading(sources.store.run(lambda store: _known(store, job_id)))
        work = await self.reading(views.read(lambda connection: job_list.work(connection, [job_id])))
        retries = await self.reading(views.read(lambda connection: job_list.retries_of(connection, job_id)))
        groups = await self.reading(sources.records.errors(job_id))
        first = self.number("shards", 0)
        await self.show(
            "job.html",
            job=row,
            request=request,
            known=known,
            work=work.get(job_id),
            retries=retries,
            groups=groups,
            shards=known["shards"][first : first + SHARDS],
            first_shard=first,
            shards_on_page=SHARDS,
            now=self.board.clock(),
            topic=job_id if row.status not in TERMINAL else None,
        )


class RecordsPage(Handler):
    """A page of a job's records, or one that is searched for."""

    @override
    async def get(self, job_id: str) -> None:
        sources = self.board.sources
        wanted = self.get_argument("wanted", "").strip()
        if wanted:
            record = await found_record(self, job_id, wanted)
            self.redirect(f"{self.board.path}jobs/{job_id}/records/{record.number}")
            return
        row = await self.row(job_id)
        failed = self.get_argument("outcome", "") == "failed"
        first = max(1, self.number("first", 1))
        lines = list(
            await self.reading(
                sources.records.page(job_id, first, RECORDS + 1, "failed" if failed else None),
            )
        )
        await self.show(
            "records.html",
            job=row,
            lines=lines[:RECORDS],
            failed=failed,
            first=first,
            next=lines[RECORDS].number if len(lines) > RECORDS else None,
            topic=None,
        )


class RecordPage(Handler):
    """A record's four documents side by side."""

    @override
    async def get(self, job_id: str, number: str) -> None:
        row = await self.row(job_id)
        record = await found_record(self, job_id, number)
        documents = [(name, title, getattr(record, name)) for name, title in DOCUMENTS.items()]
        await self.show(
            "record.html",
            job=row,
            record=record,
            documents=documents,
            pretty=_pretty,
            topic=None,
        )


class DocumentDownload(Handler):
    """One of a record's documents, whole, as a file."""

    @override
    async def get(self, job_id: str, number: str, name: str) -> None:
        record = await found_record(self, job_id, number)
        document: Document = getattr(record, name)
        if document.content is None:
            raise Problem(HTTPStatus.NOT_FOUND, document.missing or "There is no such document.")
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f'attachment; filename="{job_id}-{number}-{name}.json"')
        self.finish(document.content)


async def found_record(handler: Handler, job_id: str, wanted: str) -> RecordDocuments:
    """The record of an id or number. Raises a 404 if there is none."""
    records = handler.board.sources.records
    try:
        return await handler.reading(records.documents(job_id, wanted))
    except NoSuchRecord as error:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no such record: {error}") from error


def _known(store: Store, job_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Create request and the report of a job that was there a moment ago."""
    job = store.job(job_id)
    if job is None:
        raise Problem(HTTPStatus.NOT_FOUND, "The job was removed just now.")
    return job.request, report(job, store)


def _pretty(document: Document) -> Pretty | None:
    return None if document.content is None else pretty(document.content)


def _token(row: JobRow) -> str:
    return f"{row.submitted.isoformat()}~{row.id}"


def _place(token: str) -> tuple[datetime, str] | None:
    """The place that a page begins after; None for the first page, and for what no page wrote."""
    moment, _, job_id = token.partition("~")
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=None), job_id
    except ValueError:
        return None
