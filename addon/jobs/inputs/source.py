"""Chooses a job's input source."""

from addon.jobs.database.tables import Job
from addon.jobs.inputs.provider_file import FileAtProvider
from addon.jobs.inputs.s3_folder import S3Folder
from addon.jobs.job_run import InputSource
from translators.bedrock.jobs import provider_file


def input_source(job: Job) -> InputSource:
    """The file at the provider that the job's tags name, else the S3 folder of its request."""
    file = provider_file({tag["key"]: tag["value"] for tag in job.request.get("tags", ())})
    return S3Folder() if file is None else FileAtProvider(file)
