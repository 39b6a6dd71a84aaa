"""Jobs whose input is a file at the provider: its lines are the records, its results are told as theirs.

The file is fetched for what a Bedrock job needs of it: how many records there are, in which order, and what
they say. It becomes the spooled input; results are labelled with the places of their lines in it. From there
on such a job is like any other.
"""

import logging
from pathlib import Path

from addon.jobs.job_run import Context
from addon.jobs.processes.provider_file_lines import records_of
from addon.jobs.retrying import JobFailed, NotConfigured, utc_now
from addon.jobs.tables import Job, Shard
from addon.providers.transport import Unreachable
from translators.bedrock.jobs import ProviderFile, provider_file
from translators.errors import ProviderError
from translators.providers.conversation import Batch

logger = logging.getLogger(__name__)


def file_of(job: Job) -> ProviderFile | None:
    """The file that the job is made of; None for a job whose records are in S3."""
    return provider_file({tag["key"]: tag["value"] for tag in job.request.get("tags", ())})


async def prepare(context: Context, job: Job, file: ProviderFile) -> None:
    """Write down the job's one shard. Raises `JobFailed` when the file cannot be had or read."""
    path = context.spool(job.id).input(0)
    records = await fetch(context, job, file, path)
    size = (await context.off_loop(path.stat)).st_size
    shard = Shard(
        job_id=job.id,
        number=0,
        first_record=0,
        records=records,
        group=file.endpoint,
        leads=True,
        lines=records,
        object=0,
        offset=0,
        line_number=1,
    )
    entry = {"key": _key(job, file), "size": size, "etag": None, "records": records}
    await context.off_loop(context.store.plan, job.id, utc_now(), shards=[shard], inputs=[entry], report={})


async def fetch(context: Context, job: Job, file: ProviderFile, path: Path) -> int:
    """Have the file's lines as records in `path`; how many. Raises `JobFailed`."""
    folder = path.parent / "fetched"
    await context.off_loop(folder.mkdir, parents=True, exist_ok=True)
    wanted = Batch(id="", state="ended", raw_status="", result_files=(file.id,))
    endpoint = await context.endpoint(job)
    try:
        names = await context.transport.play(
            context.target(job).provider.batches.results(endpoint, wanted), folder=folder
        )
    except ProviderError as error:
        if error.passing or error.status in {401, 403}:
            raise
        raise JobFailed(f"the file {file.id} cannot be had from {job.provider}: {error.message}") from error
    try:
        return await context.in_process(records_of, [folder / name for name in names], path)
    except ValueError as error:
        raise JobFailed(f"the file {file.id} at {job.provider}: {error}") from error


async def abandon(context: Context, job: Job) -> None:
    """Cancel the batch of a job that ends before anybody watches it."""
    if file_of(job) is None:
        return
    row = await context.off_loop(context.store.batch, job.id, 0, 0)
    if row.batch_id is None:
        return
    try:
        endpoint = await context.endpoint(job)
        await context.transport.play(context.target(job).provider.batches.cancel(endpoint, row.batch_id))
    except (ProviderError, Unreachable, NotConfigured) as error:
        logger.warning("job %s: its batch %s goes on at %s: %s", job.id, row.batch_id, job.provider, error)


async def have_records(context: Context, job: Job, file: ProviderFile) -> Path:
    """The file's lines as records, fetched again when this machine does not have them."""
    path = context.spool(job.id).input(0)
    if not await context.off_loop(path.is_file):
        await fetch(context, job, file, path)
    return path


def _key(job: Job, file: ProviderFile) -> str:
    """The input object's key as it was asked for, else one that says which file it is: output is named so."""
    asked: str = job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
    key = asked.removeprefix("s3://").partition("/")[2]
    if key.endswith(".jsonl"):
        return key
    return f"{key}{'/' if key and not key.endswith('/') else ''}{file.id.replace('/', '-')}.jsonl"
