"""Reads records of jobs for people: one on both sides, the errors in groups, pages.

What cannot be had is said in its place. Work on files is done in worker processes of its own number, so that
people wait for no job, and no job for them.
"""

import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, cast

import anyio
import anyio.to_process
from anyio import to_thread

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job, Shard
from addon.jobs.inputs.source import input_source
from addon.jobs.job_run import JobRun
from addon.jobs.key_vault import KeyVault
from addon.jobs.processes.error_groups import ErrorGroups, merged_groups, shape
from addon.jobs.processes.pool import at_low_priority
from addon.jobs.processes.split import record_index
from addon.jobs.records.documents import (
    ErrorGroup,
    NoSuchRecord,
    RecordDocuments,
    RecordLine,
    UnknownOutcome,
)
from addon.jobs.records.failed_lines import Source, write_lines
from addon.jobs.records.input_records import FoundRecord, by_id, by_index
from addon.jobs.records.job_records import UNREADABLE, JobRecords
from addon.jobs.records.layout import Layout, Portion
from addon.jobs.records.one_record import documents_of
from addon.jobs.records.output_rows import ids_of, lines_of
from addon.jobs.resources import Resources
from addon.providers.google_auth import GoogleCredentials
from addon.providers.transport import Transport
from addon.settings.config import Config
from addon.storage.s3 import S3
from translators.bedrock.jobs import TERMINAL

PROCESSES = 2
"""Worker processes that look at records at the same time."""

_GENERATED = re.compile(r"REC\d{8,}", re.ASCII)
_NUMBER = re.compile(r"#?(\d{1,18})", re.ASCII)


class RecordReader:
    """Reads the records of all jobs in a database."""

    def __init__(self, resources: Resources) -> None:
        """Uses the resources beside the jobs: transfers that jobs wait for are not waited for here."""
        self.resources = replace(resources, transfers=anyio.CapacityLimiter(PROCESSES))
        self._processes = anyio.CapacityLimiter(PROCESSES)

    async def documents(self, job_id: str, wanted: str) -> RecordDocuments:
        """A record by its number from 1 (`17`, `#17`), its custom id or its `recordId`, in this order.

        Raises `NoSuchRecord`.
        """
        async with self._records(job_id) as records:
            found = await self._found(records, wanted)
            return await documents_of(records, found)

    async def errors(self, job_id: str) -> list[ErrorGroup]:
        """The failed records in groups, the biggest first. Raises `NoSuchRecord` if there is no job."""
        job, shards = await self._job(job_id)
        groups = merged_groups([shard.errors for shard in shards] + [_refused(job, shards)])
        return [_group(group) for group in groups.values()]

    async def page(
        self, job_id: str, first: int, count: int, outcome: Literal["failed"] | None = None
    ) -> list[RecordLine]:
        """At most so many records from this number on, which is at least 1, or the failed ones of them.

        Raises `NoSuchRecord` if there is no job.
        """
        found: list[RecordLine] = []
        async with self._records(job_id, may_be_empty=True) as records:
            for portion in records.layout.portions(max(first, 1) - 1):
                if len(found) >= count:
                    break
                found += await self._lines(records, portion, count - len(found), failed=outcome == "failed")
        return found

    async def write_failed(self, job_id: str, path: Path) -> int:
        """Write the input lines of the records that failed or were not processed to a file; how many.

        Raises `NoSuchRecord` if there is no job, `UnknownOutcome`.
        """
        async with self._records(job_id, may_be_empty=True) as records:
            try:
                sources = [
                    source
                    for portion in records.layout.portions()
                    if (source := await _source(records, portion)) is not None
                ]
                return await self.in_process(partial(write_lines, sources, path))
            except UNREADABLE as error:
                raise UnknownOutcome(str(error)) from error

    async def in_process[Result](self, function: "partial[Result]", /) -> Result:
        """Run a function in a worker process, which is killed when the call is cancelled."""
        return await anyio.to_process.run_sync(
            at_low_priority, function, cancellable=True, limiter=self._processes
        )

    async def _job(self, job_id: str) -> tuple[Job, Sequence[Shard]]:
        job = await self.resources.store.job(job_id)
        if job is None:
            raise NoSuchRecord(f"there is no job {job_id!r}")
        return job, await self.resources.store.shards(job.id)

    @asynccontextmanager
    async def _records(self, job_id: str, *, may_be_empty: bool = False) -> AsyncIterator[JobRecords]:
        job, shards = await self._job(job_id)
        if not shards and not may_be_empty:
            raise NoSuchRecord(f"job {job.id} has no records: {_why_none(job)}")
        run = JobRun(resources=self.resources, job=job, source=input_source(job))
        folder = await to_thread.run_sync(partial(tempfile.TemporaryDirectory, ignore_cleanup_errors=True))
        try:
            yield JobRecords(
                run=run, layout=Layout(job, shards), folder=Path(folder.name), in_process=self.in_process
            )
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(folder.cleanup)

    async def _found(self, records: JobRecords, wanted: str) -> FoundRecord | int:
        """The record, or only its index where the input cannot be read. Raises `NoSuchRecord`."""
        total, job_id = records.layout.total, records.run.id
        number = _NUMBER.fullmatch(wanted)
        index = int(number[1]) - 1 if number else None
        if index is None:
            try:
                index = record_index(wanted, job_id)
            except ValueError:
                index = None
        if index is not None and 0 <= index < total:
            return await self._by_index(records, index)
        if _GENERATED.fullmatch(wanted) and 0 < int(wanted[3:]) <= total:
            named = await self._by_index(records, int(wanted[3:]) - 1)
            if isinstance(named, int) or named.record_id == wanted:
                return named
        none = f"{wanted!r} is no record of job {job_id}, which has {total:,}"
        if wanted.startswith("#"):
            raise NoSuchRecord(none)
        try:
            files = [await records.input(index) for index in range(len(records.run.job.inputs))]
            found = await self.in_process(partial(by_id, files, wanted))
        except UNREADABLE as error:
            raise NoSuchRecord(f"{none}, or its input cannot be read: {error}; give its number") from error
        if found is None:
            raise NoSuchRecord(none)
        return found

    async def _by_index(self, records: JobRecords, index: int) -> FoundRecord | int:
        layout = records.layout
        try:
            file = await records.input(layout.object_of(index))
            found = await self.in_process(partial(by_index, file, layout.start_of(index), index))
        except UNREADABLE:
            return index  # its documents say why
        return index if found is None else found

    async def _lines(
        self, records: JobRecords, portion: Portion, count: int, *, failed: bool
    ) -> list[RecordLine]:
        leader = portion.leader
        outcome, error = records.state_of(leader)
        if failed and (not leader.failed if leader.joined else outcome != "failed"):
            return []
        rows = await records.rows(portion)
        wanted = portion.records
        try:
            if not isinstance(rows, str):
                file = await records.input_if_needed(rows[0], portion.object)
                return await self.in_process(partial(lines_of, rows[0], file, wanted, count, failed))
        except UNREADABLE:
            pass  # the input may tell the ids
        if failed and outcome != "failed":
            return []
        wanted = wanted[:count]
        try:
            file = await records.input(portion.object)
            start = records.layout.start_of(wanted.start)
            ids = await self.in_process(partial(ids_of, file, start, wanted))
        except UNREADABLE:
            ids = [""] * len(wanted)
        return [
            RecordLine(index + 1, record_id, outcome, error)
            for index, record_id in zip(wanted, ids, strict=False)
        ]


async def _source(records: JobRecords, portion: Portion) -> Source | None:
    """Where the lines of a portion's records are that failed or were not processed; None if none did.

    Raises `UnknownOutcome`, one of `UNREADABLE`.
    """
    leader = portion.leader
    if leader.joined and not leader.failed and not leader.left_out:
        return None
    rows = await records.rows(portion)
    if isinstance(rows, str) and records.state_of(leader)[0] == "unknown":
        raise UnknownOutcome(rows)
    return Source(
        file=await records.input(portion.object),
        start=records.layout.start_of(portion.records.start),
        records=portion.records,
        rows=None if isinstance(rows, str) else rows[0],
    )


def _why_none(job: Job) -> str:
    if job.status in TERMINAL:
        return job.message or f"it is {job.status}"
    return "its input is not read yet"


def _refused(job: Job, shards: Sequence[Shard]) -> ErrorGroups:
    """The records of ranges that were refused as a whole, and never joined because the job failed."""
    groups: list[ErrorGroups] = []
    if job.status in TERMINAL:
        for shard in shards:
            if shard.leads and not shard.joined and shard.refusal is not None:
                code, message = shard.refusal_code or 400, shard.refusal
                group: dict[str, object] = {"code": code, "count": shard.records, "message": message}
                group |= {"record": shard.first_record, "record_id": ""}
                groups.append({f"{code} {shape(message)}": group})
    return merged_groups(groups)


def _group(group: dict[str, object]) -> ErrorGroup:
    message, record_id = str(group["message"]), str(group["record_id"])
    return ErrorGroup(
        code=cast("int", group["code"]),
        shape=shape(message, record_id),
        message=message,
        count=cast("int", group["count"]),
        number=cast("int", group["record"]) + 1,
        record_id=record_id,
    )


@asynccontextmanager
async def record_reader(config: Config, store: Store) -> AsyncIterator[RecordReader]:
    """A reader beside no jobs: for the command line. The store stays open."""
    google = GoogleCredentials()
    transport = Transport(google=google)
    jobs = AsyncStore(store)
    try:
        yield RecordReader(
            Resources(
                config=config,
                executor="a reader",
                store=jobs,
                keys=await to_thread.run_sync(KeyVault, config.folder),
                s3=S3(config.s3),
                transport=transport,
                poll_interval=1.0,
                workers=anyio.CapacityLimiter(1),
                google=google,
            )
        )
    finally:
        await transport.close()
        await to_thread.run_sync(jobs.views.close)
