"""The S3 locations that a job's request names."""

from addon.jobs.database.tables import Job
from addon.storage.s3 import Access, Location


def input_location(job: Job) -> Location:
    return Location.parse(job.request["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])


def input_access(job: Job) -> Access:
    data = job.request["inputDataConfig"]["s3InputDataConfig"]
    return Access(region=job.region, role_arn=job.request["roleArn"], bucket_owner=data.get("s3BucketOwner"))


class Output:
    """The folder of a job's output objects."""

    def __init__(self, job: Job) -> None:
        data = job.request["outputDataConfig"]["s3OutputDataConfig"]
        self._input_key = input_location(job).key
        self.location = Location.parse(data["s3Uri"])
        self.access = Access(
            region=job.region,
            role_arn=job.request["roleArn"],
            bucket_owner=data.get("s3BucketOwner"),
            kms_key=data.get("s3EncryptionKeyId"),
        )
        self.bucket = self.location.bucket
        self.folder = f"{_as_folder(self.location.key)}{job.id}/"
        """Key prefix of everything that the job writes."""
        self.manifest = f"{self.folder}manifest.json.out"

    def key(self, input_key: str) -> str:
        """Key of the output object for an input object: its path below the input folder is kept."""
        if input_key == self._input_key:
            path = input_key.rpartition("/")[2]
        else:
            path = input_key.removeprefix(_as_folder(self._input_key))
        return f"{self.folder}{path}.out"


def _as_folder(key: str) -> str:
    return key if not key or key.endswith("/") else f"{key}/"
