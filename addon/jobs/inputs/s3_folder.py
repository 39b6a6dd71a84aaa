"""The first steps of a job: fetch its input, check every line, cut it into shards."""

from typing import Any

from addon.jobs.inputs import provider_file
from addon.jobs.job_run import (
    Context,
    input_access,
    input_files,
    input_location,
    is_whole,
    output_access,
    output_location,
)
from addon.jobs.processes.input_reader import BadLine, InputFile
from addon.jobs.processes.split import Plan, split
from addon.jobs.retrying import JobFailed, utc_now
from addon.jobs.tables import Job, Shard
from addon.storage.s3 import InputObject, S3Refused


async def prepare(context: Context, job: Job) -> None:
    """Write down the job's shards. Raises `JobFailed` naming what is wrong with the input."""
    if await context.off_loop(context.store.shards, job.id):
        return
    try:
        await context.s3.reachable(output_location(job), output_access(job))
        if (file := provider_file.file_of(job)) is not None:
            await provider_file.prepare(context, job, file)
            return
        objects = await context.s3.inputs(input_location(job), input_access(job))
    except S3Refused as error:
        raise JobFailed(str(error)) from error
    uri = job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
    if not objects:
        raise JobFailed(f"{uri}: there is no object here whose name ends in .jsonl")
    await fetch_inputs(context, job, objects)
    bucket = input_location(job).bucket
    spool = context.spool(job.id)
    files = [
        InputFile(spool.input(index), f"s3://{bucket}/{entry.key}") for index, entry in enumerate(objects)
    ]
    try:
        plan = await context.in_process(
            split, job.id, files, context.route(job), context.limits(job), spool.folder
        )
    except BadLine as error:
        raise JobFailed(str(error)) from error
    if not plan.cuts:
        raise JobFailed(f"{uri}: there is no record in it")
    await context.off_loop(
        context.store.plan,
        job.id,
        utc_now(),
        shards=_shards(job, plan),
        inputs=_inputs(objects, plan),
        report=plan.report,
    )


async def fetch_inputs(context: Context, job: Job, objects: list[InputObject]) -> None:
    """Have a copy of every input object in the spool. Raises `JobFailed` when one is gone or changed."""
    spool = context.spool(job.id)
    bucket = input_location(job).bucket
    for index, entry in enumerate(objects):
        path = spool.input(index)
        if await context.off_loop(is_whole, path, entry.size):
            continue
        if (file := provider_file.file_of(job)) is not None:
            await provider_file.fetch(context, job, file, path)
            continue
        await context.off_loop(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            await context.s3.download(bucket, entry, input_access(job), path)
        except S3Refused as error:
            raise JobFailed(str(error)) from error


async def have_inputs(context: Context, job: Job) -> tuple[InputFile, ...]:
    """The job's input in the spool, fetched again when this machine does not have it."""
    objects = [InputObject(key=entry["key"], size=entry["size"], etag=entry["etag"]) for entry in job.inputs]
    await fetch_inputs(context, job, objects)
    return input_files(job, context.spool(job.id))


def _shards(job: Job, plan: Plan) -> list[Shard]:
    return [
        Shard(
            job_id=job.id,
            number=number,
            first_record=cut.start.record,
            records=cut.records,
            group=cut.group,
            leads=number == 0 or plan.cuts[number - 1].start != cut.start,
            lines=cut.lines,
            object=cut.start.object,
            offset=cut.start.offset,
            line_number=cut.start.line_number,
        )
        for number, cut in enumerate(plan.cuts)
    ]


def _inputs(objects: list[InputObject], plan: Plan) -> list[dict[str, Any]]:
    return [
        {"key": entry.key, "size": entry.size, "etag": entry.etag, "records": records}
        for entry, records in zip(objects, plan.counts, strict=True)
    ]
