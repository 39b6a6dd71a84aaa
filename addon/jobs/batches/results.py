"""Fetching what a provider made of a shard's batches."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from addon.jobs.batch_states import DIRECT, WITHOUT_RESULTS
from addon.jobs.inputs import provider_file
from addon.jobs.job_run import Context
from addon.jobs.processes.provider_file_lines import labelled
from addon.jobs.retrying import passes, utc_now
from addon.jobs.tables import BatchRow, Job, Shard
from translators.errors import ProviderError
from translators.providers.conversation import Batch

MISSING_HOURS = 1 / 12
"""How long a batch, or its results, must be missing to be believed gone: for some minutes after its creation
one of a provider's servers may know it and another not (anthropics/anthropic-sdk-python#1432)."""


async def have_results(context: Context, job: Job, shard: Shard) -> tuple[Path, ...]:
    """The result files of all rounds that are over, fetched where this machine does not have them."""
    files: list[Path] = []
    for row in await context.off_loop(context.store.batches, job.id, shard.number):
        if row.batch_id is not None and row.state not in WITHOUT_RESULTS:
            try:
                files.extend(await collected(context, job, row))
            except ProviderError as error:
                message = f"the results cannot be had: {error.message}"
                await context.off_loop(context.store.refuse, shard, message, error.status)
    return tuple(files)


def _are_there(files: list[Path]) -> bool:
    return all(file.is_file() for file in files)


async def collected(context: Context, job: Job, row: BatchRow) -> list[Path]:
    """The result files of one batch. Raises `ProviderError`, or `Interrupted` when they come too late."""
    folder = context.spool(job.id).results(row.shard, row.round)
    assert row.batch_id is not None
    batch = Batch(
        id=row.batch_id,
        state="ended",
        raw_status=row.raw_status or "",
        result_files=tuple(row.result_files),
    )
    saved = [folder / name for name in row.saved or ()]
    if row.saved is not None and await context.off_loop(_are_there, saved):
        return saved
    if row.batch_id == DIRECT:
        return []  # answers of calls cannot be had a second time

    async def fetch() -> tuple[str, ...]:
        endpoint = await context.endpoint(job)
        await context.off_loop(folder.mkdir, parents=True, exist_ok=True)
        conversation = context.target(job).provider.batches.results(endpoint, batch)
        async with context.transfers:
            return await context.transport.play(conversation, folder=folder)

    grace = context.patience.hours(24)
    names = await context.patience.until_done(
        job.id,
        "fetching results from the provider",
        fetch,
        curable=may_come_back(context),
        give_up=lambda latest: context.patience.is_late(latest, grace=grace),
    )
    files = [folder / name for name in names]
    if (file := provider_file.file_of(job)) is not None:
        records = await provider_file.have_records(context, job, file)
        await context.in_process(labelled, files, records, job.id)
    await context.off_loop(context.store.change_batch, job.id, row.shard, row.round, saved=list(names))
    return files


def may_come_back(context: Context) -> Callable[[Exception], bool]:
    """What is waited out. A batch is paid for: a key that is refused now may be right again; only what
    stays missing is gone."""
    since: datetime | None = None

    def curable(error: Exception) -> bool:
        nonlocal since
        if not isinstance(error, ProviderError) or error.status != 404:
            return passes(error) or (isinstance(error, ProviderError) and error.status in {401, 403})
        if since is None:
            since = utc_now()
        return utc_now() < since + context.patience.hours(MISSING_HOURS)

    return curable
