"""Batch prediction jobs in responses (Google: reference/rest, projects.locations.batchPredictionJobs).

Read tolerantly: counts are text, one of them is -1 where it is unknown, and what is zero is left out.
"""

from collections.abc import Mapping
from types import MappingProxyType

from translators.providers.api_responses import CamelReceived
from translators.providers.conversation import Batch, State
from translators.providers.grpc_status import Status

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "JOB_STATE_SUCCEEDED": "ended",
        "JOB_STATE_PARTIALLY_SUCCEEDED": "ended",
        "JOB_STATE_FAILED": "failed",
        "JOB_STATE_CANCELLED": "cancelled",
        "JOB_STATE_EXPIRED": "expired",
    }
)
"""Others: QUEUED, PENDING, RUNNING, UPDATING, PAUSED, CANCELLING."""

HAVE_RESULTS = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"})
"""States that a job has only when its output is there."""


class _Error(CamelReceived):
    code: int = 0
    message: str = ""


class _Counts(CamelReceived):
    successful_count: int = 0
    failed_count: int = 0
    incomplete_count: int = 0


class _Output(CamelReceived):
    gcs_output_directory: str | None = None


class _Destination(CamelReceived):
    output_uri_prefix: str | None = None


class _OutputConfig(CamelReceived):
    gcs_destination: _Destination | None = None


class Job(CamelReceived):
    name: str
    display_name: str | None = None
    state: str = ""
    error: _Error | None = None
    completion_stats: _Counts | None = None
    output_info: _Output | None = None
    output_config: _OutputConfig | None = None

    @property
    def folder(self) -> str | None:
        """The folder of the output: one that the job has made, else the one of its request."""
        if self.output_info is not None and self.output_info.gcs_output_directory:
            return self.output_info.gcs_output_directory
        given = None if self.output_config is None else self.output_config.gcs_destination
        return None if given is None else given.output_uri_prefix


class Page(CamelReceived):
    batch_prediction_jobs: tuple[Job, ...] = ()
    next_page_token: str = ""


def batch_of(job: Job) -> Batch:
    """The job as a batch. One that failed after it had answered some records has ended: they are paid for."""
    counts = job.completion_stats or _Counts()
    state = _STATES.get(job.state, "running")
    if state == "failed" and counts.successful_count > 0 and job.folder is not None:
        state = "ended"
    error = None if job.error is None else Status(job.error.code, job.error.message)
    return Batch(
        id=job.name.rpartition("/")[2],
        state=state,
        raw_status=job.state,
        total=counts.successful_count + counts.failed_count + max(counts.incomplete_count, 0),
        succeeded=counts.successful_count,
        failed=counts.failed_count,
        errors=(error.text,) if error is not None and state == "failed" else (),
        result_files=(job.folder,) if job.folder is not None and state not in {"running", "failed"} else (),
        code=error.word if error is not None and state == "failed" else None,
    )
