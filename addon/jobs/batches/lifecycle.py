"""One round of one shard at the provider: upload, create, poll."""

import logging
from dataclasses import replace
from pathlib import Path

import anyio
from anyio import to_thread

from addon.jobs.batches import create
from addon.jobs.batches.results import have_results, may_come_back
from addon.jobs.errors import Interrupted, NotConfigured
from addon.jobs.fallback import outage_limit
from addon.jobs.job_run import JobRun, cut_of
from addon.jobs.processes.join import answered
from addon.jobs.processes.refused_records import refused_records
from addon.jobs.processes.split import Request, line_count, unanswered_lines
from addon.jobs.retrying import until_done
from addon.jobs.tables import NAMED, NO_ROOM, BatchRow, Shard, utc_now
from addon.providers.retry_policy import Unreachable
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission

logger = logging.getLogger(__name__)

FIRST_PAUSES = (1.0, 2.0, 5.0)
"""Seconds before the first polls of a new batch, unless the poll interval is shorter: small batches end
within minutes."""

MOST_REFUSALS = 25
"""Batches of a shard that may be refused because of some of their requests, before the whole shard is."""

_INVALID = frozenset({400, 422})
"""HTTP statuses of a refusal that may be about single requests."""

GRACE_HOURS = 1
"""Hours after the deadline that a cancelled batch may take to end, or a dead provider to come back."""


async def send(run: JobRun, shard: Shard, row: BatchRow) -> bool:
    """Have a provider batch for this row; False if none was created: nothing to send, refused, or over.

    Raises only what a restart may cure.
    """
    store = run.resources.store
    if row.batch_id is not None or row.state == NAMED:
        return True
    if row.intended is None and run.is_over():
        return False
    try:
        lines = await lines_of(run, shard, row.round)
        if lines is None:
            return False
        submission = await _uploaded(run, shard, row, lines)
        async with create.creation_lock(run, row):
            creation = create.Creation(run, row, submission, lines)
            batch = await creation.batch()
            await store.change_batch(
                run.id,
                row.shard,
                row.round,
                batch_id=batch.id,
                raw_status=batch.raw_status,
                adopted=creation.found,
            )
    except ProviderError as error:
        if error.status in _INVALID and await _is_about_requests(run, shard, row, (error.message,)):
            return True
        await store.refuse(shard, error.message, error.status)
        return False
    except (Unreachable, NotConfigured) as error:  # another provider is due
        await store.refuse(shard, str(error), 503)
        return False
    except Interrupted:
        return False
    return True


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


async def _uploaded(run: JobRun, shard: Shard, row: BatchRow, lines: Path) -> Submission:
    """The submission of the batch, its lines uploaded."""
    resources = run.resources
    submission = Submission(
        marker=Marker(job=run.id, shard=shard.number, round=row.round),
        model=run.job.model,
        group=shard.group,
        lines=await resources.in_process(line_count, lines) if row.round else shard.lines,
        input_id=row.input_id or "",
    )
    if row.input_id is not None:
        return submission

    async def upload() -> str:
        endpoint = await run.endpoint()
        async with resources.transfers:
            with await to_thread.run_sync(lines.open, "rb") as file:
                return await resources.transport.play(run.batches.upload(endpoint, submission, file))

    input_id = await _input_without_room(run, row)
    if input_id is None:
        input_id = await until_done(run, "uploading to the provider", upload, curable=outage_limit(run))
    await resources.store.change_batch(run.id, shard.number, row.round, input_id=input_id)
    return replace(submission, input_id=input_id)


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
    if round_ == 0 and await anyio.Path(path).is_file():
        return path
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


async def watch(run: JobRun, shard: Shard, row: BatchRow) -> None:
    """Poll the batch until it is over; cancel it if the job is stopped or its time is up."""
    if row.state == NAMED:  # refused
        return
    interval = run.resources.poll_interval
    assert row.batch_id is not None
    cancelled = row.state != "running"
    polls = 0
    while True:
        run = await run.reload()
        over = run.is_over()
        batch = await _poll(run, row.batch_id, cancel=over and not cancelled)
        cancelled = cancelled or over
        if batch is not None:
            await _save(run, row, batch)
            if batch.state != "running":
                return
        if run.is_late(grace_hours=GRACE_HOURS):
            return
        pause = FIRST_PAUSES[polls] if polls < len(FIRST_PAUSES) else interval
        polls += 1
        left = (run.job.deadline - utc_now()).total_seconds() if not over else pause
        await run.sleep(max(0.01, min(pause, interval, left)))


async def _poll(run: JobRun, batch_id: str, *, cancel: bool) -> Batch | None:
    """The batch's state; None if it is unknown: the job has changed, or the batch cannot be cancelled."""
    batches = run.batches

    async def poll() -> Batch:
        endpoint = await run.endpoint()
        conversation = batches.cancel(endpoint, batch_id) if cancel else batches.retrieve(endpoint, batch_id)
        return await run.resources.transport.play(conversation)

    def late(latest: JobRun) -> bool:
        stops_now = latest.job.stop_requested and not cancel and not run.job.stop_requested
        return stops_now or latest.is_late(grace_hours=GRACE_HOURS)

    try:
        return await until_done(
            run, "asking the provider for the batch", poll, curable=may_come_back(run), give_up=late
        )
    except Interrupted:
        return None
    except ProviderError as error:
        if cancel:
            logger.warning("job %s: batch %s cannot be cancelled: %s", run.id, batch_id, error)
            return None
        return Batch(id=batch_id, state="failed", raw_status="gone", errors=(error.message,))


async def _save(run: JobRun, row: BatchRow, batch: Batch) -> None:
    store = run.resources.store
    shard = await store.shard(run.id, row.shard)
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
    if waits:
        await run.show_waiting(f"room at the provider: {'; '.join(batch.errors)}")
    elif batch.state == "failed" and not await _is_about_requests(run, shard, row, batch.errors):
        reason = "; ".join(batch.errors) or f"the provider says {batch.raw_status!r}"
        await store.refuse(shard, reason, 400)
    await store.count(run.id, utc_now())
