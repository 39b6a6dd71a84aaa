"""Retry: a new job of the records of another one that failed or were not processed.

Its input is a new object in the output folder of the old one; all else is as the old one's Create said, and
passes the same admission.
"""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread

from addon.jobs import timeline
from addon.jobs.database.tables import Job, utc_now
from addon.jobs.locations import Output
from addon.jobs.records.documents import NoSuchRecord, UnknownOutcome
from addon.jobs.records.reader import RecordReader
from addon.proxy.admission import Caller
from addon.proxy.operations import Operations
from addon.storage.s3 import S3Refused, S3Unavailable
from translators.bedrock.jobs import TERMINAL, AwsError, provider_file

SUFFIX = "-retry"
LONGEST_NAME = 63
"""Characters of a job's name (AWS)."""
INPUT = "retry.jsonl"
"""Name of the new input object."""


class NothingToRetry(Exception):
    """No record of the job failed or was left out."""


async def retry_failed(operations: Operations, reader: RecordReader, job_id: str) -> Job:
    """The new job, stored and started; the same one however often this is called.

    Raises `AwsError`, `NothingToRetry`.
    """
    store = reader.resources.store
    job = await store.job(job_id)
    if job is None:
        raise AwsError("ResourceNotFoundException", f"There is no job {job_id!r}.")
    earlier = await operations.earlier(job.account, job.region, token(job.id))
    if earlier is not None:
        return earlier
    _check(job)
    tags = await store.tags(job.id)
    if provider_file(tags) is not None:
        raise AwsError(
            "ValidationException",
            f"Job {job.id} cannot be retried: its input is a file at {job.provider}, where no other one of "
            "the failed records can be named; upload one with them, and create a job for it.",
        )
    uri = await _input(reader, job)
    retry = await operations.retry(json.dumps(_request(job, uri, tags)).encode(), _caller(job), job.id)
    text = f"what failed is sent again by job {retry.id}"
    await timeline.write(
        store, job.id, "retried", text, utc_now()
    )  # the new job runs, whatever becomes of this
    return retry


def token(job_id: str) -> str:
    """The `clientRequestToken` of a job's retry."""
    return f"retry-{job_id}"


def _check(job: Job) -> None:
    if job.status not in TERMINAL:
        raise AwsError(
            "ValidationException",
            f"Job {job.id} is not over: it is {job.status}. Stop it, or wait for its end.",
        )
    if job.brought_key:
        raise AwsError(
            "AccessDeniedException",
            f"Job {job.id} cannot be retried: its caller brought the key for {job.provider}, which was "
            "deleted when the job ended. Create a job of the failed records with that key.",
        )


async def _input(reader: RecordReader, job: Job) -> str:
    """The URI of the new input object, written. Raises `AwsError`, `NothingToRetry`."""
    output, s3 = Output(job), reader.resources.s3
    folder = await to_thread.run_sync(partial(tempfile.TemporaryDirectory, ignore_cleanup_errors=True))
    key = f"{output.folder}{INPUT}"
    try:
        path = Path(folder.name) / INPUT
        count = await reader.write_failed(job.id, path)
        if not count:
            raise NothingToRetry(f"no record of job {job.id} failed or was left out")
        await s3.upload(output.bucket, key, output.access, [path])
    except (UnknownOutcome, NoSuchRecord) as error:
        raise AwsError(
            "ValidationException", f"Job {job.id} cannot be retried: its records cannot be read: {error}"
        ) from error
    except S3Refused as error:
        raise AwsError("AccessDeniedException", str(error)) from error
    except (S3Unavailable, OSError) as error:
        raise AwsError("ServiceUnavailableException", str(error)) from error
    finally:
        await to_thread.run_sync(folder.cleanup)
    return f"s3://{output.bucket}/{key}"


def _request(job: Job, uri: str, tags: dict[str, str]) -> dict[str, Any]:
    """The Create of the new job."""
    place: dict[str, Any] = {"s3Uri": uri, "s3InputFormat": "JSONL"}
    owner = job.request["outputDataConfig"]["s3OutputDataConfig"].get("s3BucketOwner")
    if owner is not None:
        place["s3BucketOwner"] = owner
    return {
        **{name: value for name, value in job.request.items() if name != "tags"},
        "jobName": f"{job.name[: LONGEST_NAME - len(SUFFIX)]}{SUFFIX}",
        "clientRequestToken": token(job.id),
        "inputDataConfig": {"s3InputDataConfig": place},
        **({"tags": [{"key": key, "value": value} for key, value in tags.items()]} if tags else {}),
    }


def _caller(job: Job) -> Caller:
    """As the old job's: its provider now, and those that would be next."""
    return Caller(
        provider=job.provider,
        fallbacks=tuple(str(assignment["provider"]) for assignment in job.fallbacks),
        region=job.region,
        account=job.account,
    )
