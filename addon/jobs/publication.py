"""The last steps of a job: join results with the input, write them to S3, then the manifest."""

from pathlib import Path

from addon.jobs.batches.results import have_results
from addon.jobs.inputs.s3_folder import have_inputs
from addon.jobs.job_run import Context, cut_of, input_location, output_access, output_location
from addon.jobs.processes.join import NO_RESULT, Range, join
from addon.jobs.retrying import passes, utc_now
from addon.jobs.tables import Job, Shard
from addon.storage.s3 import S3Refused
from translators.bedrock.jobs import JobStatus
from translators.bedrock.records import manifest
from translators.errors import RecordError

GRACE_HOURS = 24
"""How long after the deadline writing the output is tried: the results are paid for."""


async def join_range(context: Context, job: Job, leader: Shard) -> None:
    """Write a range's parts of the output to the spool, and what became of its records to the store."""
    shards = await _shards_of(context, job, leader)
    results = [path for shard in shards for path in await have_results(context, job, shard)]
    shards = await _shards_of(context, job, leader)
    wanted = Range(
        job_id=job.id,
        number=leader.number,
        cut=cut_of(leader),
        route=context.route(job),
        inputs=await have_inputs(context, job),
        results=tuple(results),
        folder=context.spool(job.id).folder,
        max_bytes=context.limits(job).bytes,
        unprocessed=None if context.patience.is_over(job) else NO_RESULT,
        refusals={
            shard.group: RecordError(shard.refusal_code or 400, shard.refusal)
            for shard in shards
            if shard.refusal is not None
        },
    )
    tally = await context.in_process(join, wanted)
    await context.off_loop(
        context.store.change_shard,
        job.id,
        leader.number,
        succeeded=tally.succeeded,
        failed=tally.failed,
        left_out=tally.left_out,
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        joined=True,
    )
    await context.off_loop(context.store.count, job.id, utc_now())


async def _shards_of(context: Context, job: Job, leader: Shard) -> list[Shard]:
    shards = await context.off_loop(context.store.shards, job.id)
    return [shard for shard in shards if shard.first_record == leader.first_record]


async def publish(context: Context, job: Job) -> None:
    """Write every output object, then the manifest. The status comes after."""
    access = output_access(job)
    bucket = output_location(job).bucket
    for index, entry in enumerate(job.inputs):
        parts = await _parts(context, job, index)
        await context.s3.upload(bucket, f"{folder_key(job)}{relative(job, entry['key'])}.out", access, parts)
    job = await context.patience.job(job.id)
    data = manifest(
        total=job.total,
        processed=job.succeeded + job.failed,
        succeeded=job.succeeded,
        failed=job.failed,
        input_tokens=job.input_tokens,
        output_tokens=job.output_tokens,
    )
    await context.s3.put(bucket, f"{folder_key(job)}manifest.json.out", access, data)


def folder_key(job: Job) -> str:
    """The prefix under which all output of a job lies; one slash between the two, whatever was sent."""
    key = output_location(job).key
    return f"{key}{'/' if key and not key.endswith('/') else ''}{job.id}/"


def relative(job: Job, key: str) -> str:
    """An input object's name in the output: below the input folder, sub-folders kept."""
    asked = input_location(job).key
    if key == asked:
        return key.rpartition("/")[2]
    folder = asked if not asked or asked.endswith("/") else asked + "/"
    return key.removeprefix(folder)


async def _parts(context: Context, job: Job, index: int) -> list[Path]:
    """The parts of one output object in order; joined again when this machine does not have them."""
    first = sum(entry["records"] for entry in job.inputs[:index])
    end = first + job.inputs[index]["records"]
    paths = []
    for shard in await context.off_loop(context.store.shards, job.id):
        if shard.leads and shard.first_record < end and shard.first_record + shard.records > first:
            path = context.spool(job.id).part(index, shard.number)
            if not await context.off_loop(path.is_file):
                await join_range(context, job, shard)
            paths.append(path)
    return paths


def may_be_written_later(error: Exception) -> bool:
    """Results are paid for: a bucket that refuses them now may be repaired."""
    return passes(error) or isinstance(error, S3Refused)


def outcome(job: Job, shards: list[Shard]) -> JobStatus:
    """The terminal status of a job whose output is written."""
    if job.stop_requested:
        return "Stopped"
    if not any(shard.left_out for shard in shards):
        return "Completed"
    return "PartiallyCompleted" if any(shard.succeeded + shard.failed for shard in shards) else "Expired"
