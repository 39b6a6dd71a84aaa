"""Fetches the provider's rows of one record: from this machine, the database or the provider."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio
from anyio import to_thread

from addon.jobs.batches.results import fetched
from addon.jobs.database.store import Store
from addon.jobs.database.tables import DIRECT, FOREIGN, NAMED, NO_ROOM, WITHOUT_RESULTS, BatchRow, Shard
from addon.jobs.errors import JobFailed, NotConfigured, NotYet
from addon.jobs.job_run import JobRun
from addon.jobs.records.documents import MOST_BYTES, Document
from addon.jobs.records.translation import FoundRows, rows_of
from addon.providers.google_auth import TokenUnavailable
from addon.providers.retry_policy import Unreachable
from addon.storage.s3 import S3Refused, S3Unavailable
from translators.errors import ProviderError

MOST_ROWS = 100_000
"""Rows of a batch whose results are fetched from the provider to look at one of them."""
FETCH_SECONDS = 60.0
"""Seconds that this may take."""


class InProcess(Protocol):
    """Runs a function in a worker process."""

    async def __call__[Result](self, function: partial[Result], /) -> Result: ...


@dataclass(frozen=True, kw_only=True)
class Received:
    """The provider's rows of a record."""

    document: Document
    rows: FoundRows
    error: tuple[int, str] | None = None
    """Why the provider refused the record without a row."""


async def received(
    run: JobRun, shards: Sequence[Shard], index: int, folder: Path, in_process: InProcess
) -> Received:
    """The rows of a record that one of these shards has sent. `folder` is for what has to be fetched."""
    search = _Search(run=run, elsewhere=replace(run, folder=folder), index=index, in_process=in_process)
    for shard in shards:
        for batch in await run.resources.store.batches(run.id, shard.number):
            await search.look_into(batch)
            if search.rows.is_final:
                return search.result()
        if shard.refusal is not None:
            search.reasons.append(f"{run.job.provider} refused it: {shard.refusal}")
    return search.result()


@dataclass(kw_only=True)
class _Search:
    """The search for a record's rows, batch after batch."""

    run: JobRun
    elsewhere: JobRun
    """The same, with another folder."""
    index: int
    in_process: InProcess
    files: list[Path] = field(default_factory=list[Path])
    places: list[str] = field(default_factory=list[str])
    """Of each file."""
    reasons: list[str] = field(default_factory=list[str])
    """Why rows cannot be had."""
    rows: FoundRows = field(default_factory=FoundRows)
    refused: str | None = None
    """Why the provider refused a batch because of this record."""

    async def look_into(self, batch: BatchRow) -> None:
        """Search the results of a batch, too."""
        run = self.run
        self.refused = batch.refused.get(str(self.index), self.refused)
        if (why := _without_rows(run, batch)) is not None:
            self.reasons.append(why)
            return
        before = len(self.files)
        async for path, place in _files(run, self.elsewhere, batch, self.index, self.reasons):
            self.files.append(path)
            self.places.append(place)
        if len(self.files) > before:
            work = partial(rows_of, tuple(self.files), run.job.kind, run.id, self.index)
            self.rows = await self.in_process(work)

    def result(self) -> Received:
        error = None if self.refused is None else (400, self.refused)
        return Received(document=self._document(), rows=self.rows, error=error)

    def _document(self) -> Document:
        provider, rows = self.run.job.provider, self.rows
        if not rows.files:
            reasons = self.reasons
            if self.refused is not None:
                reasons = [f"no row: {provider} refused its batch because of this record: {self.refused}"]
            elif not reasons:
                reasons = ["no row is there for it"] if self.files else ["no batch is created for it yet"]
            place = self.places[-1] if self.places else provider
            return Document(content=None, place=place, missing="; ".join(dict.fromkeys(reasons)))
        place = ", ".join(dict.fromkeys(self.places[number] for number in rows.files))
        if rows.too_long:
            return Document(content=None, place=place, missing=f"the row has more than {MOST_BYTES:,} bytes")
        there = [row if row.endswith(b"\n") else row + b"\n" for row in rows.rows if row is not None]
        return Document(content=b"".join(there), place=place)


_STATES = {
    FOREIGN: "turned out to be another application's",
    NO_ROOM: "was refused: there was no room for it",
    NAMED: "was refused because of some of its requests",
    "failed": "failed",
    "running": "is running",
}


def _without_rows(run: JobRun, batch: BatchRow) -> str | None:
    """Why a batch has no rows; None if it has."""
    if batch.batch_id is None:
        if batch.creation == "refused" or batch.state == NAMED:
            return f"{run.job.provider} refused the batch"
        return f"the batch is not created at {run.job.provider} yet"
    if batch.batch_id == DIRECT or batch.state not in WITHOUT_RESULTS:
        return None
    return f"batch {batch.batch_id} {_STATES[batch.state]} at {run.job.provider}"


async def _files(
    run: JobRun, elsewhere: JobRun, batch: BatchRow, index: int, reasons: list[str]
) -> AsyncIterator[tuple[Path, str]]:
    """Files with the rows of a batch, or with some that the record's is among, and their places; else the
    reason is added."""
    place = f"batch {batch.batch_id} at {run.job.provider}"
    if batch.batch_id == DIRECT:
        path = elsewhere.spool.results(batch.shard, batch.round) / "answers.jsonl"
        needle = f"{run.id}-{index}".encode()
        action = partial(_answers, batch.shard, batch.round, run.id, needle, path)
        if await run.resources.store.run(action):
            yield path, f"answer of {run.job.provider}, stored in the database"
        return
    folder = run.spool.results(batch.shard, batch.round)
    saved = [folder / name for name in batch.saved or ()]
    if batch.saved is not None and await to_thread.run_sync(_are_there, saved):
        for path in saved:
            yield path, f"{place}, kept as {path.relative_to(run.resources.spool)} in the spool"
        return
    try:
        for path in await _fetched(elsewhere, batch):
            yield path, place
    except Exception as error:
        if (why := _reason(run, error)) is None:
            raise
        reasons.append(why)


def _are_there(files: Sequence[Path]) -> bool:
    return all(file.is_file() for file in files)


def _answers(shard: int, round_: int, job_id: str, needle: bytes, path: Path, store: Store) -> bool:
    """Write the answers that this text is in to a file; whether there are any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = False
    with path.open("wb") as file:
        for block in store.answer_blocks(job_id, shard, round_):
            rows = store.answer_rows(job_id, shard, round_, block)
            if needle in rows:
                file.writelines(b"%b\n" % line for line in rows.split(b"\n") if needle in line)
                found = True
    return found


class _TooMuch(Exception):
    """The results are not fetched; the message says why."""


async def _fetched(elsewhere: JobRun, batch: BatchRow) -> list[Path]:
    """The results of a batch, as the provider has them now."""
    rows = batch.succeeded + batch.failed
    if rows > MOST_ROWS:
        raise _TooMuch(
            f"it is not fetched again: batch {batch.batch_id} at {elsewhere.job.provider} has {rows:,} rows, "
            f"and at most {MOST_ROWS:,} are fetched to look at one"
        )
    with anyio.fail_after(FETCH_SECONDS):
        files = await fetched(elsewhere, batch)
        await elsewhere.source.label(elsewhere, files)
    return files


def _reason(run: JobRun, error: Exception) -> str | None:
    """Why the provider's rows cannot be had, for people; None for an error of our own."""
    provider = run.job.provider
    match error:
        case ProviderError(status=404 | 410) if run.job.ended is not None and not run.keeps_leftovers:
            return (
                f"gone: deleted at {provider} after publication; "
                "[jobs] keep_provider_files = true keeps them, and keep_results_hours keeps them here"
            )
        case ProviderError():
            return f"{provider} answered {error.status}: {error.message}"
        case TimeoutError():
            return f"it took more than {FETCH_SECONDS:.0f} s to fetch the results from {provider}"
        case Unreachable() | NotConfigured() | TokenUnavailable() | NotYet() | JobFailed() | OSError():
            return str(error)
        case _TooMuch() | S3Refused() | S3Unavailable():
            return str(error)
        case _:
            return None
