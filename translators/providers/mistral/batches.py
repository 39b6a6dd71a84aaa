"""Mistral's Files API and batch jobs (Mistral: studio-api/batch-processing, api/endpoint batch and files;
mistralai 3.7: jobs.py, files.py).

Responses are read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import IO
from urllib.parse import urlencode

import httpx

from translators.providers.api_requests import get, post
from translators.providers.api_responses import Received
from translators.providers.batch_calls import CLOCKS_DIFFER_BY, BatchApi
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, State, Submission
from translators.providers.mistral.errors import READER
from translators.providers.uploaded_files import MARKER_KEY, FileApi, result_files

PAGE = 100
"""Number of jobs on a page of the list."""

_PATH = "/v1/batch/jobs"

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "SUCCESS": "ended",
        "FAILED": "failed",
        "TIMEOUT_EXCEEDED": "expired",
        "CANCELLED": "cancelled",
    }
)
"""Others: QUEUED, RUNNING, CANCELLATION_REQUESTED."""


class _JobError(Received):
    message: str
    count: int | None = None
    """Number of lines it concerns; none is named."""

    @property
    def text(self) -> str:
        repeated = self.count is not None and self.count > 1
        return f"{self.message} ({self.count} times)" if repeated else self.message


class _Job(Received):
    id: str
    status: str
    errors: tuple[_JobError, ...] | None = None
    output_file: str | None = None
    error_file: str | None = None
    total_requests: int | None = None
    succeeded_requests: int | None = None
    failed_requests: int | None = None


class _Listed(Received):
    """Members of a job that a search needs; the list also has jobs of other programs, in any form."""

    id: str
    metadata: dict[str, object] | None = None


class _Page(Received):
    data: tuple[_Listed, ...] | None = None
    """Absent where there is none."""


def _batch_in(response: httpx.Response) -> Batch:
    job = READER.read(response, _Job)
    files = result_files(job.output_file, job.error_file)
    state = _STATES.get(job.status.upper(), "running")
    return Batch(
        id=job.id,
        # What has results was not refused as a whole: its rows say what became of the records.
        state="ended" if state == "failed" and files else state,
        raw_status=job.status,
        total=job.total_requests or 0,
        succeeded=job.succeeded_requests or 0,
        failed=job.failed_requests or 0,
        errors=tuple(error.text for error in job.errors or ()),
        result_files=files,
    )


_FILES = FileApi(reader=READER, path="/v1/files")
_JOBS = BatchApi(
    path=_PATH,
    reader=READER,
    batch_in=_batch_in,
    over=frozenset({400, 404, 409, 422}),  # no page states which it is
    only_over=True,
)

upload = _FILES.upload
results = _FILES.results
delete = _FILES.delete
retrieve = _JOBS.retrieve
cancel = _JOBS.cancel


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Create the job, with the time-out left at Mistral's usual 24 hours."""
    response = yield post(
        endpoint,
        _PATH,
        {
            "endpoint": submission.group,
            "model": submission.model,
            "input_files": [submission.input_id],
            "metadata": {MARKER_KEY: str(submission.marker)},
        },
    )
    return _batch_in(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job with the marker in its metadata.

    The list is requested with a filter on metadata, in the form that the SDK and an example of Mistral's
    give it (`?job_type=testing`). Since no page states the effect of a filter that is not understood, an
    empty result alone does not lead to a second paid job: all jobs since then are looked through first.
    """
    since = datetime.fromtimestamp(search.since - CLOCKS_DIFFER_BY, UTC).isoformat()
    young = {"created_after": since.replace("+00:00", "Z")}
    for chosen in ({MARKER_KEY: str(submission.marker), **young}, young):
        number, first = 0, ""
        while True:
            query = urlencode({"page": number, "page_size": PAGE, **chosen})
            response = yield get(endpoint, f"{_PATH}?{query}")
            page = list(READER.read(response, _Page).data or ())
            for job in page:
                if (job.metadata or {}).get(MARKER_KEY) == str(submission.marker):
                    return (yield from retrieve(endpoint, job.id))
            if len(page) < PAGE or page[0].id == first:
                break  # the last, or a server that does not page
            number, first = number + 1, page[0].id
    return None
