"""Deleting what a job that is over leaves at its provider: uploaded lines and result files.

Azure takes 500 files, Gemini 20 GB. Nothing depends on the deletion: it begins when the job's status is
final, and what it misses expires where the provider knows an expiry.
"""

import logging
from datetime import timedelta

import anyio

from addon.jobs.database.tables import DIRECT, FOREIGN, WITHOUT_RESULTS, BatchRow, utc_now
from addon.jobs.errors import NotConfigured, NotYet
from addon.jobs.job_run import JobRun
from addon.providers.google_auth import TokenUnavailable
from addon.providers.retry_policy import Unreachable, is_transient_error
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Endpoint

logger = logging.getLogger(__name__)

GRACE_HOURS = 24
"""Time after a job's end during which a provider that is down is waited for."""
SECONDS_BEFORE_FALLBACK = 10.0
"""Time that a job may wait for the deletion before it goes to its next provider."""


async def remember_endpoint(run: JobRun) -> None:
    """Keep the endpoint of a job with a caller's key: the stored key is deleted when the job ends."""
    if run.keeps_leftovers or not run.job.brought_key:
        return
    try:
        run.resources.callers_endpoints[run.id] = await run.endpoint()
    except (ProviderError, NotConfigured) as error:
        logger.info("job %s: its files stay at %s: %s", run.id, run.job.provider, error)


async def delete_all(run: JobRun) -> None:
    """Delete what all batches of a job that is over left. Raises `NotYet` while the provider is down."""
    endpoint = run.resources.callers_endpoints.get(run.id)
    ended = run.job.ended
    patient = ended is not None and utc_now() < ended + timedelta(hours=GRACE_HOURS)
    if not run.keeps_leftovers:
        for row in await run.resources.store.batches(run.id):
            await _delete(run, row, endpoint, patient=patient)
    run.resources.callers_endpoints.pop(run.id, None)


async def delete_before_fallback(run: JobRun) -> None:
    """Delete what a provider that refused the job got for it, if that is soon done."""
    if run.keeps_leftovers:
        return
    with anyio.move_on_after(SECONDS_BEFORE_FALLBACK):
        for row in await run.resources.store.batches(run.id):
            await _delete(run, row, None, patient=False)


async def _delete(run: JobRun, row: BatchRow, endpoint: Endpoint | None, *, patient: bool) -> None:
    """Delete what one batch left, unless the batch may still run, is another application's, or has results
    that could not be fetched: they are paid for."""
    fetched = row.saved or (row.saved is not None and not row.result_files)
    if row.batch_id is not None and row.state not in WITHOUT_RESULTS and not fetched:
        await _note(run, row, "its results were not fetched")
        return
    may_run = row.state == "running" and row.intended is not None
    input_id = "" if run.source.at_provider else row.input_id or ""
    if may_run or row.batch_id == DIRECT or row.state == FOREIGN or not (input_id or row.result_files):
        return
    batch = Batch(
        id=row.batch_id or "",
        state="ended",
        raw_status=row.raw_status or "",
        result_files=tuple(row.result_files),
    )

    try:
        place = endpoint or await run.endpoint()
        await run.resources.transport.play(run.batches.delete(place, batch, input_id))
    except (ProviderError, NotConfigured, Unreachable, TokenUnavailable) as error:
        if patient and is_transient_error(error):
            raise NotYet("deleting files", error) from error
        await _note(run, row, str(error))


async def _note(run: JobRun, row: BatchRow, reason: str) -> None:
    logger.warning("job %s: files stay at %s: %s", run.id, run.job.provider, reason)
    text = f"files stay at {run.job.provider}: {reason}"
    await run.note("refused", text, shard=row.shard, batch=row.batch_id or row.input_id)
