"""Together's files and batches, as conversations (Together: reference upload-file, batch-create;
together 3.1: types/batch_job.py).
"""

from typing import IO
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, RootModel

from translators.providers.answers import read
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.openai import batches
from translators.providers.openai.errors import checked


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _File(_Wire):
    id: str


class _Known(_Wire):
    """What the refusal of a file says that is there already."""

    file_id: str


class _Job(_Wire):
    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None


class _Created(_Wire):
    job: _Job


class _Jobs(RootModel[tuple[_Job, ...]]):
    pass


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`.

    A file that is there already, of an upload whose answer was lost, is refused with its id.
    """
    name = f"{submission.marker}.jsonl"
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary={batches.MARKER_KEY}-{submission.marker}"
    answered = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/files/upload",
        headers={**endpoint.headers, "Content-Type": content_type},
        data={"purpose": "batch-api", "file_name": name, "file_type": "jsonl"},
        files={"file": (name, lines, "application/octet-stream")},
    )
    if answered.status_code == 409:
        return read(answered, _Known).file_id
    return read(checked(answered), _File).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`."""
    answered = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batches",
        headers=endpoint.headers,
        json={
            "input_file_id": submission.input_id,
            "endpoint": submission.group,
            "completion_window": "24h",
        },
    )
    return _batch(read(checked(answered), _Created).job)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that was made of our file, and is not that of an earlier round. Raises `ProviderError`."""
    listed = yield httpx.Request("GET", f"{endpoint.base_url}/batches", headers=endpoint.headers)
    for job in read(checked(listed), _Jobs).root:
        if job.input_file_id == submission.input_id and job.id not in search.claimed:
            return _batch(job)
    return None


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    answered = yield httpx.Request("GET", _url(endpoint, batch_id), headers=endpoint.headers)
    return _batch(read(checked(answered), _Job))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. What is said of a batch that is over already is not documented: where it is refused,
    the batch is reported as it stands. Raises `ProviderError`."""
    url = f"{_url(endpoint, batch_id)}/cancel"
    answered = yield httpx.Request("POST", url, headers=endpoint.headers)
    if answered.status_code in {400, 409}:
        return (yield from retrieve(endpoint, batch_id))
    return _batch(read(checked(answered), _Job))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file. Raises `ProviderError`."""
    return (yield from batches.results(endpoint, batch))


def _url(endpoint: Endpoint, batch_id: str) -> str:
    return f"{endpoint.base_url}/batches/{quote(batch_id, safe='')}"


def _batch(job: _Job) -> Batch:
    return Batch(
        id=job.id,
        state=batches.state_of(job.status),
        raw_status=job.status,
        errors=() if not job.error else (job.error,),
        result_files=tuple(file for file in (job.output_file_id, job.error_file_id) if file),
    )
