"""Mistral's Files API and batch jobs, as conversations (Mistral: studio-api/batch-processing, api/endpoint
batch and files; mistralai 3.7: jobs.py, files.py).

Answers are read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import IO
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict

from translators.providers.answers import read
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    State,
    Submission,
)
from translators.providers.mistral.errors import checked, provider_error

MARKER_KEY = "bedrock_batch"
"""Where a job's metadata holds our marker."""

PAGE = 100
"""How many jobs a page of the list has."""

CLOCKS_DIFFER_BY = 3600.0
"""Seconds by which Mistral's clock may be behind ours."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "QUEUED": "running",
        "RUNNING": "running",
        "CANCELLATION_REQUESTED": "running",
        "SUCCESS": "ended",
        "FAILED": "failed",
        "TIMEOUT_EXCEEDED": "expired",
        "CANCELLED": "cancelled",
    }
)
"""A word that is not here counts as running: Mistral's SDK takes any, and our job's own time-out ends it."""

_OVER = frozenset({400, 404, 409, 422})
"""Statuses that may say a job cannot be cancelled any more; no page says which does."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _File(_Wire):
    id: str


class _Complaint(_Wire):
    message: str
    count: int | None = None
    """How many lines it is about."""


class _Job(_Wire):
    id: str
    status: str
    errors: tuple[_Complaint, ...] | None = None
    output_file: str | None = None
    error_file: str | None = None
    total_requests: int | None = None
    succeeded_requests: int | None = None
    failed_requests: int | None = None


class _Listed(_Wire):
    """As much of a job as tells whose it is; the list also has jobs that others made."""

    id: str
    metadata: dict[str, object] | None = None


class _Page(_Wire):
    data: tuple[_Listed, ...] | None = None
    """Absent where there is none."""


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`."""
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary={MARKER_KEY}-{submission.marker}"
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/v1/files",
        headers={**endpoint.headers, "Content-Type": content_type},
        data={"purpose": "batch"},
        files={"file": (f"{submission.marker}.jsonl", lines, "application/octet-stream")},
    )
    return _read(response, _File).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the job, whose time-out is left at Mistral's usual 24 hours. Raises `ProviderError`."""
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/v1/batch/jobs",
        headers=endpoint.headers,
        json={
            "endpoint": submission.group,
            "model": submission.model,
            "input_files": [submission.input_id],
            "metadata": {MARKER_KEY: str(submission.marker)},
        },
    )
    return _batch(_read(response, _Job))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job whose metadata holds the marker. Raises `ProviderError`.

    The list is asked with a filter on metadata, in the form that the SDK and an example of Mistral's give
    it (`?job_type=testing`). Since no page says what a filter that is not understood does, nothing is paid
    for on its word alone: when it finds nothing, all jobs since then are looked through.
    """
    since = datetime.fromtimestamp(search.since - CLOCKS_DIFFER_BY, UTC).isoformat()
    young = {"created_after": since.replace("+00:00", "Z")}
    for chosen in ({MARKER_KEY: str(submission.marker), **young}, young):
        number, first = 0, ""
        while True:
            page = yield from _page(endpoint, {"page": number, "page_size": PAGE, **chosen})
            for job in page:
                if (job.metadata or {}).get(MARKER_KEY) == str(submission.marker):
                    return (yield from retrieve(endpoint, job.id))
            if len(page) < PAGE or page[0].id == first:
                break  # the last, or a server that does not page
            number, first = number + 1, page[0].id
    return None


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the job stands. Raises `ProviderError`."""
    return _batch(_read((yield _get(endpoint, f"batch/jobs/{quote(batch_id, safe='')}")), _Job))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. A refusal may say that the job is over already: then it is reported as it stands.

    Raises `ProviderError`.
    """
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/v1/batch/jobs/{quote(batch_id, safe='')}/cancel",
        headers=endpoint.headers,
    )
    if response.status_code in _OVER:
        batch = yield from retrieve(endpoint, batch_id)
        if batch.state != "running":
            return batch
        raise provider_error(response)
    return _batch(_read(response, _Job))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file, whichever exist. Raises `ProviderError`."""
    names: list[str] = []
    for number, file_id in enumerate(batch.result_files):
        name = f"results-{number}.jsonl"
        request = _get(endpoint, f"files/{quote(file_id, safe='')}/content")
        request.extensions[SAVE] = name
        checked((yield request))
        names.append(name)
    return tuple(names)


def _get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}/v1/{path}", headers=endpoint.headers)


def _page(endpoint: Endpoint, query: Mapping[str, object]) -> Conversation[tuple[_Listed, ...]]:
    response = yield _get(endpoint, f"batch/jobs?{urlencode(query)}")
    return _read(response, _Page).data or ()


def _read[Shape: BaseModel](response: httpx.Response, shape: type[Shape]) -> Shape:
    return read(checked(response), shape)


def _batch(job: _Job) -> Batch:
    files = tuple(file for file in (job.output_file, job.error_file) if file)
    state = _STATES.get(job.status.upper(), "running")
    return Batch(
        id=job.id,
        # What has results was not refused as a whole: its rows say what became of the records.
        state="ended" if state == "failed" and files else state,
        raw_status=job.status,
        total=job.total_requests or 0,
        succeeded=job.succeeded_requests or 0,
        failed=job.failed_requests or 0,
        errors=tuple(map(_said, job.errors or ())),
        result_files=files,
    )


def _said(complaint: _Complaint) -> str:
    """Mistral counts complaints and names no lines."""
    if complaint.count is None or complaint.count <= 1:
        return complaint.message
    return f"{complaint.message} ({complaint.count} times)"
