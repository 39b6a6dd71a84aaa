"""The records of one job, as its files and rows tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from addon.jobs.database.tables import Shard
from addon.jobs.errors import JobFailed, NotConfigured
from addon.jobs.locations import input_access, input_location
from addon.jobs.processes.input_reader import BadLine, InputFile, Readable
from addon.jobs.records.documents import Document, Outcome
from addon.jobs.records.output_rows import NotOurRows, Rows
from addon.providers.google_auth import TokenUnavailable
from addon.providers.retry_policy import Unreachable
from addon.storage.s3 import Location, S3Refused, S3Unavailable
from addon.storage.s3_file import S3File
from translators.bedrock.jobs import TERMINAL
from translators.errors import ProviderError

if TYPE_CHECKING:
    from addon.jobs.job_run import JobRun
    from addon.jobs.records.layout import Layout, Portion
    from addon.jobs.records.received import InProcess

UNREADABLE = (
    BadLine,
    JobFailed,
    NotConfigured,
    NotOurRows,
    OSError,
    ProviderError,
    S3Refused,
    S3Unavailable,
    TokenUnavailable,
    Unreachable,
)
"""Reasons for which something cannot be read now, which are said in its place."""

_WITHOUT_OUTPUT = frozenset({"Failed", "Expired"})


@dataclass(frozen=True, kw_only=True)
class JobRecords:
    """A planned job's records: where to read them."""

    run: JobRun
    layout: Layout
    folder: Path
    """For files that are needed meanwhile."""
    in_process: InProcess

    @property
    def is_over(self) -> bool:
        return self.run.job.status in TERMINAL

    @property
    def is_published(self) -> bool:
        """Whether its output is in S3."""
        return self.is_over and self.run.job.status not in _WITHOUT_OUTPUT

    async def input(self, number: int) -> Readable:
        """An input object: from the spool, else from S3; of a file at the provider, fetched again.

        Raises one of `UNREADABLE`.
        """
        run = self.run
        entry = run.job.inputs[number]
        if run.source.at_provider:
            return InputFile(await self._provider_file(number), f"{entry['key']} at {run.job.provider}")
        location = Location(input_location(run.job).bucket, entry["key"])
        spooled = run.spool.input(number)
        if await _has_size(spooled, entry["size"]):
            return InputFile(spooled, str(location))
        s3, access = run.resources.s3, input_access(run.job)
        return S3File(section=s3.section, own=s3.own, access=access, location=location, etag=entry["etag"])

    async def _provider_file(self, number: int) -> Path:
        for path in (self.run.spool.input(number), replace(self.run, folder=self.folder).spool.input(number)):
            if await anyio.Path(path).is_file():
                return path
        elsewhere = replace(self.run, folder=self.folder)
        await elsewhere.inputs()
        return elsewhere.spool.input(number)

    def input_place(self, number: int) -> str:
        """The URI of an input object, or the file's id at the provider."""
        job = self.run.job
        return str(self.run.source.described(job)[number]["uri"])

    async def rows(self, portion: Portion) -> tuple[Rows, str] | str:
        """The output rows of a portion's range, and where they are; else why there are none."""
        run, leader = self.run, portion.leader
        place = self.layout.rows_of(portion)
        if self.is_published:
            output, s3 = run.output, run.resources.s3
            location = Location(output.bucket, output.key(run.job.inputs[portion.object]["key"]))
            file = S3File(section=s3.section, own=s3.own, access=output.access, location=location)
            rows = Rows(
                file=file,
                offset=place.offset,
                line_number=place.line_number,
                start=place.start,
                are_complete=place.are_complete,
            )
            return rows, str(location)
        if leader.joined:
            path = run.spool.part(portion.object, leader.number)
            if await anyio.Path(path).is_file():
                # a part begins with the range's first record in the object, or the object's
                start = self.layout.start_of(portion.records.start)
                rows = Rows(
                    file=InputFile(path, str(path)),
                    offset=0,
                    line_number=1,
                    start=start,
                    are_complete=not leader.left_out,
                )
                return rows, f"{path}, not published yet"
        return self._no_rows(leader)

    def _no_rows(self, leader: Shard) -> str:
        job = self.run.job
        if job.status == "Failed":
            return f"the job failed, and has no output: {job.message}"
        if job.status == "Expired":
            return "the job timed out before any record was processed, and has no output"
        if leader.joined:
            return "it is made, on another machine, and not published yet"
        return "it is written when the provider has answered"

    def state_of(self, leader: Shard) -> tuple[Outcome, tuple[int, str] | None]:
        """The outcome of a range's records without rows, as far as the counts tell."""
        if leader.joined and not leader.left_out and not (leader.failed and leader.succeeded):
            return ("failed" if leader.failed else "succeeded"), None
        if leader.joined:
            return "unknown", None
        if not self.is_over:
            return "running", None
        refusals = [shard for shard in self.layout.shards_of(leader) if shard.refusal is not None]
        if refusals:
            return "failed", (refusals[0].refusal_code or 400, str(refusals[0].refusal))
        return "not processed", None

    async def input_if_needed(self, rows: Rows, number: int) -> Readable | None:
        """The input object of rows, where they need it. Raises one of `UNREADABLE`."""
        return None if rows.are_complete else await self.input(number)

    async def tried[Result](self, work: partial[Result], place: str) -> Result | Document:
        """What a function gives in a worker process, or a document that says why it cannot be had."""
        try:
            return await self.in_process(work)
        except UNREADABLE as error:
            return missing(place, str(error))


def missing(place: str, why: str) -> Document:
    """A document without content."""
    return Document(content=None, place=place, missing=why)


async def _has_size(path: Path, size: int) -> bool:
    try:
        return (await anyio.Path(path).stat()).st_size == size
    except FileNotFoundError:
        return False
