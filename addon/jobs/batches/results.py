"""Fetching the results of a shard's batches."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
from anyio import to_thread

from addon.jobs import answers
from addon.jobs.database.tables import DIRECT, WITHOUT_RESULTS, BatchRow, Shard, utc_now
from addon.jobs.errors import NotYet
from addon.jobs.job_run import JobRun
from addon.jobs.processes.result_rows import RowCounts, row_counts
from addon.jobs.retrying import passes, waited_out
from translators.errors import ACCESS_DENIED, ProviderError
from translators.providers.conversation import Batch

logger = logging.getLogger(__name__)

GRACE_HOURS = 24
"""Hours after the job's end during which fetching results is tried: they are paid for."""

MISSING_HOURS = 1 / 12
"""Hours that a batch, or its results, must be missing to count as gone: for some minutes after its creation
one of a provider's servers may know it and another not (anthropics/anthropic-sdk-python#1432)."""

POLLS_FOR_ROWS = 10
LEAST_SECONDS_FOR_ROWS = 10.0
"""For so many polls, at least so long, results are fetched again that lack rows the provider has counted."""

_FETCHING = "fetching results from the provider"


async def have_results(run: JobRun, shard: Shard) -> tuple[Path, ...]:
    """The result files of all rounds that are over, fetched where this machine does not have them.

    Raises `NotYet`.
    """
    store = run.resources.store
    files: list[Path] = []
    for row in await store.batches(run.id, shard.number):
        if row.batch_id is not None and row.state not in WITHOUT_RESULTS:
            try:
                files.extend(await collected(run, row))
            except ProviderError as error:
                await run.refuse(shard, f"the results cannot be had: {error.message}", error.status)
    return tuple(files)


async def collected(run: JobRun, row: BatchRow) -> list[Path]:
    """The result files of one batch. Raises `NotYet`, `ProviderError`."""
    folder = run.spool.results(row.shard, row.round)
    saved = [folder / name for name in row.saved or ()]
    if row.saved is not None and await to_thread.run_sync(_are_there, saved):
        return saved
    if row.batch_id == DIRECT:
        rows = await answers.written(run.resources.store, row, folder / answers.ROWS)
        return [] if rows is None else [rows]
    with waited_out(_FETCHING, may_come_back(run, run.job.failing_since)):
        return await _save(run, row, await fetched(run, row))


async def collect(run: JobRun, shard: Shard, row: BatchRow) -> RowCounts:
    """Fetch the results of a batch that is over; how many rows there are. Raises `NotYet` while they are not
    there, or not all of them.

    What is missing for good is the shard's refusal.
    """
    try:
        with waited_out(_FETCHING, may_come_back(run, shard.failing_since)):
            files = await fetched(run, row)
    except ProviderError as error:
        await _give_up(run, shard, row, f"the results cannot be had: {error.message}", error.status)
        return RowCounts()
    except NotYet as error:
        if not run.is_late(grace_hours=GRACE_HOURS):
            raise
        await _give_up(run, shard, row, str(error), 503)
        return RowCounts()
    counts = await run.resources.in_process(row_counts, files, run.job.kind)
    _check_rows(run, shard, row, counts)
    with waited_out(_FETCHING):
        await _save(run, row, files)
    unreadable = f", {counts.unreadable} that cannot be read" if counts.unreadable else ""
    text = f"{counts.readable} rows fetched{unreadable}"
    await run.note("results", text, shard=row.shard, batch=row.batch_id)
    return counts


async def _give_up(run: JobRun, shard: Shard, row: BatchRow, message: str, status: int) -> None:
    await run.refuse(shard, message, status)
    await run.resources.store.change_batch(run.id, row.shard, row.round, saved=[])


def _check_rows(run: JobRun, shard: Shard, row: BatchRow, counts: RowCounts) -> None:
    """Raise `NotYet` if the results lack rows that the provider has counted, unless they did for a while."""
    expected = row.succeeded + row.failed
    if counts.readable >= expected and not counts.unreadable:
        return
    text = f"{counts.readable} of {expected} rows can be read"
    seconds = max(LEAST_SECONDS_FOR_ROWS, POLLS_FOR_ROWS * run.resources.poll_interval)
    if shard.failing_since is None or utc_now() < shard.failing_since + timedelta(seconds=seconds):
        raise NotYet(_FETCHING, text)
    logger.warning("job %s: the results of batch %s stay as they are: %s", run.id, row.batch_id, text)


async def fetched(run: JobRun, row: BatchRow) -> list[Path]:
    """The batch's result files, as the provider has them now; the custom ids in them are the provider's."""
    folder = run.spool.results(row.shard, row.round)
    assert row.batch_id is not None
    files = tuple(row.result_files)
    batch = Batch(id=row.batch_id, state="ended", raw_status=row.raw_status or "", result_files=files)
    endpoint = await run.endpoint()
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    async with run.resources.transfers:
        names = await run.resources.transport.play(run.batches.results(endpoint, batch), folder=folder)
    return [folder / name for name in names]


async def _save(run: JobRun, row: BatchRow, files: list[Path]) -> list[Path]:
    await run.source.label(run, files)
    names = [file.name for file in files]
    await run.resources.store.change_batch(run.id, row.shard, row.round, saved=names)
    return files


def _are_there(files: list[Path]) -> bool:
    return all(file.is_file() for file in files)


def may_come_back(run: JobRun, failing_since: datetime | None) -> Callable[[Exception], bool]:
    """Whether to ask for a batch again after an error. It is paid for: a key that is refused now may be
    accepted later; only what stays missing is gone."""
    gone_at = (failing_since or utc_now()) + run.hours(MISSING_HOURS)

    def curable(error: Exception) -> bool:
        if not isinstance(error, ProviderError) or error.status != 404:
            return passes(error) or (isinstance(error, ProviderError) and error.status in ACCESS_DENIED)
        return utc_now() < gone_at

    return curable
