"""The next action on one shard at the provider: upload, create, look, cancel, fetch; round after round.

The rows of the shard and of its batches tell which. An action is one short thing, after which the process may
end: whichever has the shard next goes on from the rows.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
from anyio import to_thread

from addon.jobs.batches import create, resend
from addon.jobs.batches.results import collect, have_results, may_come_back
from addon.jobs.database.tables import FOREIGN, NAMED, NO_ROOM, WITHOUT_RESULTS, BatchRow, Shard, utc_now
from addon.jobs.errors import NotConfigured
from addon.jobs.fallback import is_outage_over
from addon.jobs.job_run import JobRun, cut_of
from addon.jobs.processes.refused_records import refused_records
from addon.jobs.processes.result_rows import answered
from addon.jobs.processes.split import Request, line_count, unanswered_lines
from addon.jobs.retrying import passes, waited_out
from addon.providers.retry_policy import Unreachable
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission

logger = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
"""Seconds before the first looks at a new batch, unless the poll interval is shorter: small batches end
within minutes. Later ones follow after half of its age, until that is the poll interval."""

MOST_REFUSALS = 25
"""Batches of a shard that may be refused because of some of their requests, before the whole shard is."""

_INVALID = frozenset({400, 422})
"""HTTP statuses of a refusal that may be about single requests."""

GRACE_HOURS = 1
"""Hours after the job's end that a cancelled batch may take to end, or a dead provider to come back."""


async def advance(run: JobRun, shard: Shard) -> float | None:
    """Do what is next for a shard; the seconds until the action after that, None when nothing is left.

    Raises `NotYet` and other errors that pass.
    """
    row = await run.resources.store.latest_batch(run.id, shard.number)
    if row.batch_id is None and row.state != NAMED:
        if row.creation == "refused" or run.job.ended is not None:
            return None
        return await _have_batch(run, shard, row)
    if row.state == "running":
        return await _look(run, shard, row)
    if run.job.ended is not None:
        return None
    return await _after_the_end(run, shard, row)


async def _have_batch(run: JobRun, shard: Shard, row: BatchRow) -> float | None:
    if row.creation == "planned" and run.is_over():
        return None
    if row.creation != "planned" and run.is_late(grace_hours=create.UNKNOWN_GRACE_HOURS):
        message = f"it is unknown whether its batch exists: {run.job.waiting or 'it was not found'}"
        await run.refuse(shard, message, 503)
        return None
    with waited_out("making the lines for the provider"):
        lines = await lines_of(run, shard, row.round)
    if lines is None:
        return None
    submission = await _submission(run, shard, row, lines)
    if row.input_id is None:
        return await _upload(run, shard, row, submission, lines)
    try:
        return run.until_deadline(await create.Creation(run, shard, row, submission, lines).attempt())
    except (ProviderError, Unreachable, NotConfigured) as error:
        return await _refused_whole(run, shard, row, error)


async def _submission(run: JobRun, shard: Shard, row: BatchRow, lines: Path) -> Submission:
    count = await run.resources.in_process(line_count, lines) if row.round else shard.lines
    return Submission(
        marker=Marker(job=run.id, shard=shard.number, round=row.round),
        model=run.job.model,
        group=shard.group,
        lines=count,
        input_id=row.input_id or "",
    )


async def _upload(
    run: JobRun, shard: Shard, row: BatchRow, submission: Submission, lines: Path
) -> float | None:
    resources = run.resources
    doing = "uploading to the provider"
    try:
        input_id = await _input_without_room(run, row)
        uploaded = input_id is None
        if input_id is None:
            endpoint = await run.endpoint()
            async with resources.transfers:
                with await to_thread.run_sync(lines.open, "rb") as file:
                    input_id = await resources.transport.play(run.batches.upload(endpoint, submission, file))
    except Exception as error:
        if passes(error) and not is_outage_over(run, shard):
            with waited_out(doing):
                raise
        await resources.store.change_batch(run.id, row.shard, row.round, creation="refused")
        if not isinstance(error, ProviderError | Unreachable | NotConfigured):
            raise
        return await _refused_whole(run, shard, row, error)
    await resources.store.change_batch(run.id, row.shard, row.round, input_id=input_id)
    if input_id:  # else the lines go with the call that creates the batch
        size = (await anyio.Path(lines).stat()).st_size
        text = f"{submission.lines} lines, {size} bytes" if uploaded else "the lines are there already"
        await run.note("upload", text, shard=row.shard, batch=input_id)
    return 0


async def _refused_whole(
    run: JobRun, shard: Shard, row: BatchRow, error: ProviderError | Unreachable | NotConfigured
) -> float | None:
    """Keep why a batch was not created; another one is due if that was because of some of its requests."""
    if not isinstance(error, ProviderError):  # another provider is due
        await run.refuse(shard, str(error), 503)
        return None
    if error.status in _INVALID and await _is_about_requests(run, shard, row, (error.message,)):
        return 0
    await run.refuse(shard, error.message, error.status)
    return None


async def _input_without_room(run: JobRun, row: BatchRow) -> str | None:
    """The id of the same lines, uploaded for a batch that the provider had no room for."""
    if row.round == 0:
        return None
    before = await run.resources.store.batch(run.id, row.shard, row.round - 1)
    return before.input_id if before.state == NO_ROOM else None


async def lines_of(run: JobRun, shard: Shard, round_: int) -> Path | None:
    """The file of this round's lines, made again if this machine does not have it; None without lines."""
    path = run.spool.lines(shard.number, round_)
    if round_ == 0 and shard.lines == 0:
        return None
    if await anyio.Path(path).is_file():
        return path if round_ == 0 or (await anyio.Path(path).stat()).st_size else None
    if run.source.at_provider:
        await anyio.Path(path.parent).mkdir(parents=True, exist_ok=True)
        await anyio.Path(path).touch()
        return path
    done, refused = await _answered(run, shard, round_), await _refused(run, shard, round_)
    inputs = await run.inputs()
    count = await run.resources.in_process(
        unanswered_lines,
        run.id,
        inputs,
        cut_of(shard),
        run.route,
        run.limits.bytes,
        done,
        refused,
        path,
        run.media,
    )
    return path if count else None


async def _answered(run: JobRun, shard: Shard, before: int) -> frozenset[Request]:
    """The lines that have a final result of an earlier round."""
    files = await have_results(run, shard)
    if before == 0 or not files:
        return frozenset()
    return await run.resources.in_process(answered, files, run.job.kind, run.id)


async def _refused(run: JobRun, shard: Shard, before: int) -> frozenset[int]:
    """The records because of which the provider refused a batch of an earlier round."""
    rows = await run.resources.store.batches(run.id, shard.number)
    return frozenset(int(index) for row in rows if row.round < before for index in row.refused)


async def _is_about_requests(run: JobRun, shard: Shard, row: BatchRow, errors: tuple[str, ...]) -> bool:
    """Whether a refusal of the whole batch names requests: then their records are errors, and the next round
    sends the others. What is refused costs nothing."""
    store = run.resources.store
    earlier = await store.batches(run.id, shard.number)
    if run.source.at_provider or sum(other.state == NAMED for other in earlier) >= MOST_REFUSALS:
        return False
    lines = await lines_of(run, shard, row.round)
    if lines is None:
        return False
    refused = await run.resources.in_process(refused_records, errors, run.id, lines)
    if not refused:
        return False
    logger.warning("job %s: refused because of %d records: %s", run.id, len(refused), errors[0])
    text = f"refused because of {len(refused)} records: {errors[0]}"
    await run.note("refused", text, shard=row.shard, batch=row.batch_id)
    await store.change_batch(
        run.id,
        row.shard,
        row.round,
        state=NAMED,
        refused={str(index): reason for index, reason in refused.items()},
        succeeded=0,
        failed=len(refused),
    )
    return True


async def _look(run: JobRun, shard: Shard, row: BatchRow) -> float | None:
    """Ask for the batch's state; ask for its end, until that is accepted, if the job is over."""
    store, batch_id = run.resources.store, row.batch_id
    assert batch_id is not None
    over = run.is_over()
    try:
        batch = None
        if over and row.cancelled is None:
            batch = await _cancel(run, row, batch_id)
        if batch is None:
            with waited_out("asking the provider for the batch", may_come_back(run, shard.failing_since)):
                endpoint = await run.endpoint()
                batch = await run.resources.transport.play(run.batches.retrieve(endpoint, batch_id))
    except ProviderError as error:
        batch = Batch(id=batch_id, state="failed", raw_status="gone", errors=(error.message,))
    except Exception:
        if run.is_late(grace_hours=GRACE_HOURS):
            logger.warning("job %s: batch %s may go on at %s", run.id, batch_id, run.job.provider)
            return None
        raise
    await _save(run, row, batch)
    if batch.state != "running":
        return 0
    if run.is_late(grace_hours=GRACE_HOURS):
        return None
    await store.count(run.id, utc_now())
    return run.until_deadline(_pause(run, row))


def _pause(run: JobRun, row: BatchRow) -> float:
    """Seconds until the next look at a running batch."""
    age = (utc_now() - row.intended).total_seconds() if row.intended is not None else 0.0
    return min(run.resources.poll_interval, max(FIRST_PAUSE, age / 2))


async def _cancel(run: JobRun, row: BatchRow, batch_id: str) -> Batch | None:
    """The batch, its end requested; None if that was refused."""
    try:
        with waited_out("asking the provider to cancel the batch"):
            endpoint = await run.endpoint()
            batch = await run.resources.transport.play(run.batches.cancel(endpoint, batch_id))
    except ProviderError as error:
        logger.warning("job %s: batch %s cannot be cancelled: %s", run.id, batch_id, error)
        await run.note("refused", f"cannot be cancelled: {error}", shard=row.shard, batch=batch_id)
        return None
    await run.resources.store.change_batch(run.id, row.shard, row.round, cancelled=utc_now())
    await run.note("stop", "the provider accepts the end of the batch", shard=row.shard, batch=batch_id)
    return batch


async def _save(run: JobRun, row: BatchRow, batch: Batch) -> None:
    store = run.resources.store
    shard = await store.shard(run.id, row.shard)
    batch = replace(batch, errors=tuple(map(run.masked, batch.errors)))
    waits = batch.had_no_room and not run.source.at_provider
    await store.change_batch(
        run.id,
        row.shard,
        row.round,
        state=NO_ROOM if waits else batch.state,
        raw_status=batch.raw_status,
        succeeded=batch.succeeded,
        failed=batch.failed,
        result_files=list(batch.result_files),
    )
    if has_news(row, batch, shard.lines):
        text = f"{batch.raw_status}: {batch.succeeded} succeeded, {batch.failed} failed"
        await run.note("look", text, shard=row.shard, batch=batch.id)
    if waits:
        text = f"room at the provider: {'; '.join(batch.errors)}"
        await run.show_waiting(text)
        await run.note("throttled", text, shard=row.shard, batch=batch.id)
    elif batch.state == "failed" and not await _is_about_requests(run, shard, row, batch.errors):
        reason = "; ".join(batch.errors) or f"the provider says {batch.raw_status!r}"
        await run.refuse(shard, reason, 400)
    await store.count(run.id, utc_now())


def has_news(row: BatchRow, batch: Batch, lines: int) -> bool:
    """Whether a look shows another status than the row, or counts that passed a twentieth of the lines: a
    batch of a day has thousands of looks with other counts, and a timeline some hundred entries."""
    before, now = row.succeeded + row.failed, batch.succeeded + batch.failed
    piece = max(1, lines // 20)
    return (
        batch.raw_status != row.raw_status
        or (batch.state != "running" and (batch.succeeded, batch.failed) != (row.succeeded, row.failed))
        or now // piece != before // piece
    )


async def _after_the_end(run: JobRun, shard: Shard, row: BatchRow) -> float | None:
    """Wait for room, fetch the results, and begin another round if one is due."""
    store = run.resources.store
    if row.state == NO_ROOM and not run.is_over():
        if shard.not_before is None:
            seconds = resend.pause_for_room(run, row)
            await store.change_shard(run.id, shard.number, not_before=utc_now() + timedelta(seconds=seconds))
            return run.until_deadline(seconds)
        if (left := (shard.not_before - utc_now()).total_seconds()) > 0:
            return run.until_deadline(left)
        await store.change_shard(run.id, shard.number, not_before=None)
        await run.show_waiting(None)
    may_have_failed = True  # of results that were fetched by an earlier attempt of this step
    if row.state not in WITHOUT_RESULTS and row.saved is None:
        counts = await collect(run, shard, row)
        may_have_failed = counts.failed_for_now > 0
        row = await store.latest_batch(run.id, shard.number)
    if await resend.goes_on(run, shard, row, may_have_failed=may_have_failed):
        await store.batch(run.id, shard.number, row.round + 1)
        row = await store.batch(run.id, shard.number, row.round)  # with the number of those that failed
        await run.note("round", _why_again(row), shard=row.shard, batch=row.batch_id)
        return 0
    return None


def _why_again(row: BatchRow) -> str:
    if row.asked_again:
        reason = f"{row.asked_again} records failed for a passing reason and are sent again"
    elif row.state == NO_ROOM:
        reason = "all records are sent again: there was no room"
    elif row.state == NAMED:
        reason = f"the records that are not among the {len(row.refused)} refused ones are sent again"
    elif row.state == FOREIGN:
        reason = "all records are sent again: the batch is another application's"
    else:
        reason = f"the records without a result are sent again: the batch is {row.raw_status}"
    return f"round {row.round + 1}: {reason}"
