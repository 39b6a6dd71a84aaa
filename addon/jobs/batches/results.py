"""Fetching the results of a shard's batches."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import anyio
from anyio import to_thread

from addon.jobs.job_run import JobRun
from addon.jobs.retrying import passes, until_done
from addon.jobs.tables import DIRECT, WITHOUT_RESULTS, BatchRow, Shard, utc_now
from translators.errors import ACCESS_DENIED, ProviderError
from translators.providers.conversation import Batch

GRACE_HOURS = 24
"""Hours after the deadline during which fetching results is tried: they are paid for."""

MISSING_HOURS = 1 / 12
"""Hours that a batch, or its results, must be missing to count as gone: for some minutes after its creation
one of a provider's servers may know it and another not (anthropics/anthropic-sdk-python#1432)."""


async def have_results(run: JobRun, shard: Shard) -> tuple[Path, ...]:
    """The result files of all rounds that are over, fetched where this machine does not have them."""
    store = run.resources.store
    files: list[Path] = []
    for row in await store.batches(run.id, shard.number):
        if row.batch_id is not None and row.state not in WITHOUT_RESULTS:
            try:
                files.extend(await collected(run, row))
            except ProviderError as error:
                await store.refuse(shard, f"the results cannot be had: {error.message}", error.status)
    return tuple(files)


async def collected(run: JobRun, row: BatchRow) -> list[Path]:
    """The result files of one batch. Raises `ProviderError`, or `Interrupted` if they come too late."""
    folder = run.spool.results(row.shard, row.round)
    assert row.batch_id is not None
    files = tuple(row.result_files)
    batch = Batch(id=row.batch_id, state="ended", raw_status=row.raw_status or "", result_files=files)
    saved = [folder / name for name in row.saved or ()]
    if row.saved is not None and await to_thread.run_sync(_are_there, saved):
        return saved
    if row.batch_id == DIRECT:
        return []  # responses to single calls cannot be fetched again

    async def fetch() -> tuple[str, ...]:
        endpoint = await run.endpoint()
        await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
        async with run.resources.transfers:
            return await run.resources.transport.play(run.batches.results(endpoint, batch), folder=folder)

    names = await until_done(
        run,
        "fetching results from the provider",
        fetch,
        curable=may_come_back(run),
        give_up=lambda latest: latest.is_late(grace_hours=GRACE_HOURS),
    )
    saved = [folder / name for name in names]
    await run.source.label(run, saved)
    await run.resources.store.change_batch(run.id, row.shard, row.round, saved=list(names))
    return saved


def _are_there(files: list[Path]) -> bool:
    return all(file.is_file() for file in files)


def may_come_back(run: JobRun) -> Callable[[Exception], bool]:
    """Whether to ask for a batch again after an error. It is paid for: a key that is refused now may be
    accepted later; only what stays missing is gone."""
    since: datetime | None = None

    def curable(error: Exception) -> bool:
        nonlocal since
        if not isinstance(error, ProviderError) or error.status != 404:
            return passes(error) or (isinstance(error, ProviderError) and error.status in ACCESS_DENIED)
        if since is None:
            since = utc_now()
        return utc_now() < since + run.hours(MISSING_HOURS)

    return curable
