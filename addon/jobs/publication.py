"""The last steps of a job: join results with the input, write them to S3, then the manifest."""

from dataclasses import asdict
from pathlib import Path

import anyio

from addon.jobs.batches.results import have_results
from addon.jobs.database.tables import Job, Shard, utc_now
from addon.jobs.errors import JobFailed
from addon.jobs.job_run import JobRun, cut_of
from addon.jobs.processes.join import NO_RESULT, Range, join
from addon.jobs.retrying import passes
from addon.storage.s3 import S3Refused
from translators.bedrock.jobs import JobStatus
from translators.bedrock.records import manifest
from translators.errors import RecordError

GRACE_HOURS = 24
"""Hours after the deadline during which writing the output is tried: the results are paid for."""


async def check_output(run: JobRun) -> None:
    """Raise `JobFailed` if the output location is not accessible."""
    try:
        await run.resources.s3.reachable(run.output.location, run.output.access)
    except S3Refused as error:
        raise JobFailed(str(error)) from error


async def join_range(run: JobRun, leader: Shard) -> None:
    """Write a range's parts of the output to the spool, and the counts of its records to the store.

    Raises `NotYet` while results are missing.
    """
    store = run.resources.store
    results = [path for shard in await _shards_of(run, leader) for path in await have_results(run, shard)]
    wanted = Range(
        job_id=run.id,
        number=leader.number,
        cut=cut_of(leader),
        route=run.route,
        inputs=await run.inputs(),
        results=tuple(results),
        folder=run.spool.folder,
        max_bytes=run.limits.bytes,
        media=run.media,
        unprocessed=None if run.is_over() else NO_RESULT,
        refusals={
            shard.group: RecordError(shard.refusal_code or 400, shard.refusal)
            for shard in await _shards_of(run, leader)
            if shard.refusal is not None
        },
        refused_records={
            int(index): RecordError(400, reason)
            for shard in await _shards_of(run, leader)
            for row in await store.batches(run.id, shard.number)
            for index, reason in row.refused.items()
        },
    )
    tally = await run.resources.on_all_cores(lambda workers: join(wanted, workers))
    await store.change_shard(run.id, leader.number, joined=True, **asdict(tally))
    await store.count(run.id, utc_now())
    first, last = leader.first_record + 1, leader.first_record + leader.records
    left_out = f", {tally.left_out} left out" if tally.left_out else ""
    text = f"records {first}-{last}: {tally.succeeded} succeeded, {tally.failed} failed{left_out}"
    await run.note("joined", text, shard=leader.number)


async def _shards_of(run: JobRun, leader: Shard) -> list[Shard]:
    shards = await run.resources.store.shards(run.id)
    return [shard for shard in shards if shard.first_record == leader.first_record]


async def publish(run: JobRun) -> None:
    """Write every output object, then the manifest. The status comes after.

    An input object without a record gets an empty output object, whose name applications make from that of
    the input. AWS does not document whether there is one.
    """
    s3, output = run.resources.s3, run.output
    for index, entry in enumerate(run.job.inputs):
        parts = await _parts(run, index)
        await s3.upload(output.bucket, output.key(entry["key"]), output.access, parts)
    job = (await run.reload()).job
    data = manifest(
        total=job.total,
        processed=job.succeeded + job.failed,
        succeeded=job.succeeded,
        failed=job.failed,
        input_tokens=job.input_tokens,
        output_tokens=job.output_tokens,
    )
    await s3.put(output.bucket, output.manifest, output.access, data)
    place = f"s3://{output.bucket}/{output.folder}"
    await run.note("published", f"{len(run.job.inputs)} output objects and the manifest in {place}")


async def _parts(run: JobRun, index: int) -> list[Path]:
    """The parts of one output object in order, joined again if this machine does not have them."""
    inputs = run.job.inputs
    first = sum(entry["records"] for entry in inputs[:index])
    end = first + inputs[index]["records"]
    paths = []
    for shard in await run.resources.store.shards(run.id):
        if shard.leads and overlaps(shard, first, end):
            path = run.spool.part(index, shard.number)
            if not await anyio.Path(path).is_file():
                await join_range(run, shard)
            paths.append(path)
    return paths


def overlaps(shard: Shard, first: int, end: int) -> bool:
    """Whether a shard has a record of this range, which may be empty."""
    return max(shard.first_record, first) < min(shard.first_record + shard.records, end)


def may_be_written_later(error: Exception) -> bool:
    """Whether to try again: results are paid for, and a bucket that refuses them now may be repaired."""
    return passes(error) or isinstance(error, S3Refused)


def outcome(job: Job, shards: list[Shard]) -> JobStatus:
    """The terminal status of a job after its output is written."""
    if job.stop_requested:
        return "Stopped"
    if not any(shard.left_out for shard in shards):
        return "Completed"
    return "PartiallyCompleted" if any(shard.succeeded + shard.failed for shard in shards) else "Expired"
