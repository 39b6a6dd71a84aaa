"""Input in S3: one object, or all `.jsonl` objects of a folder."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio

from addon.jobs.database.tables import Job, utc_now
from addon.jobs.errors import JobFailed
from addon.jobs.job_run import JobRun, shard_of
from addon.jobs.locations import input_access, input_location
from addon.jobs.processes.input_reader import BadLine
from addon.jobs.processes.split import split
from addon.storage.s3 import InputObject, S3Refused


class S3Folder:
    """An `InputSource` of records that are translated and uploaded in as many shards as they need."""

    at_provider = False

    def described(self, job: Job) -> list[dict[str, Any]]:
        location = input_location(job)
        if not job.inputs:  # not listed yet
            return [{"uri": str(location), "bytes": None, "records": None}]
        return [
            {
                "uri": f"s3://{location.bucket}/{entry['key']}",
                "bytes": entry["size"],
                "records": entry["records"],
            }
            for entry in job.inputs
        ]

    async def plan(self, run: JobRun) -> None:
        job, resources = run.job, run.resources
        uri = job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        try:
            objects = await resources.s3.inputs(input_location(job), input_access(job))
        except S3Refused as error:
            raise JobFailed(str(error)) from error
        if not objects:
            raise JobFailed(f"{uri}: there is no object here whose name ends in .jsonl")
        files = await run.fetched(objects)
        try:
            plan = await resources.on_all_cores(
                lambda workers: split(
                    job.id, files, run.route, run.limits, run.spool.folder, run.media, workers=workers
                )
            )
        except BadLine as error:
            raise JobFailed(str(error)) from error
        if not plan.cuts:
            raise JobFailed(f"{uri}: there is no record in it")
        starts = [None, *(cut.start for cut in plan.cuts)]
        shards = [
            shard_of(job.id, number, cut, leads=cut.start != starts[number])
            for number, cut in enumerate(plan.cuts)
        ]
        inputs = [
            {**asdict(entry), "records": records} for entry, records in zip(objects, plan.counts, strict=True)
        ]
        report = run.report_of_model(sum(plan.counts)) | plan.report
        await resources.store.plan(job.id, utc_now(), shards=shards, inputs=inputs, report=report)

    async def fetch(self, run: JobRun, entry: InputObject, path: Path) -> None:
        await anyio.Path(path.parent).mkdir(parents=True, exist_ok=True)
        bucket = input_location(run.job).bucket
        try:
            await run.resources.s3.download(bucket, entry, input_access(run.job), path)
        except S3Refused as error:
            raise JobFailed(str(error)) from error

    async def label(self, run: JobRun, results: list[Path]) -> None:
        """Nothing to do: the uploaded lines had the job's custom ids."""

    async def abandon(self, run: JobRun) -> None:
        """Nothing to do: batches are created only after the input was checked."""
