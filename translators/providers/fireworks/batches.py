"""Fireworks' datasets and batch inference jobs, as conversations (Fireworks: api-reference create-dataset,
upload-dataset-files, create-batch-inference-job, get-dataset-download-endpoint).

Datasets and jobs bear names of our choice, so a lost answer leaves nothing to be searched for. Answers are
read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    State,
    Submission,
)
from translators.providers.openai.errors import checked, provider_error

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "JOB_STATE_COMPLETED": "ended",
        "JOB_STATE_FAILED": "failed",
        "JOB_STATE_EXPIRED": "expired",
        "JOB_STATE_EARLY_STOPPED": "expired",
        "JOB_STATE_CANCELLED": "cancelled",
        "JOB_STATE_DELETING": "cancelled",
        "JOB_STATE_DELETING_CLEANING_UP": "cancelled",
        "JOB_STATE_DELETED": "cancelled",
    }
)
"""A word that is not here counts as running: the job's own time-out ends it."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _Dataset(_Wire):
    state: str | None = None


class _Status(_Wire):
    code: str | None = None
    message: str | None = None


class _Progress(_Wire):
    total_input_requests: int | None = None
    """As many as the dataset was declared to have."""
    total_processed_requests: int | None = None
    successfully_processed_requests: int | None = None
    failed_requests: int | None = None


class _Job(_Wire):
    name: str
    state: str
    status: _Status | None = None
    output_dataset_id: str | None = None
    job_progress: _Progress | None = None


class _Files(_Wire):
    filename_to_signed_urls: dict[str, str] | None = None


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Make a dataset of the lines; the outcome is its id. Raises `ProviderError`.

    One that is there already is of an earlier attempt: when it is ready, nothing is left to do.
    """
    name = _name(submission.marker)
    made = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/datasets",
        headers=endpoint.headers,
        json={"datasetId": name, "dataset": {"userUploaded": {}, "exampleCount": str(submission.lines)}},
    )
    if made.status_code != 409:
        checked(made)
    elif (yield from _dataset(endpoint, name)).state == "READY":
        return name
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary={name}"
    uploaded = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/datasets/{name}:upload",
        headers={**endpoint.headers, "Content-Type": content_type},
        files={"file": (f"{name}.jsonl", lines, "application/octet-stream")},
    )
    checked(uploaded)
    return name


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the job. Raises `ProviderError`, one that passes while the dataset is not ready."""
    name = _name(submission.marker)
    made = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batchInferenceJobs?batchInferenceJobId={name}",
        headers=endpoint.headers,
        json={
            "displayName": name,
            "model": submission.model,
            "inputDatasetId": f"{_account(endpoint)}/datasets/{submission.input_id}",
        },
    )
    if made.status_code == 409:
        return (yield from retrieve(endpoint, name))
    if made.status_code == 400 and (yield from _dataset(endpoint, submission.input_id)).state == "UPLOADING":
        raise ProviderError(425, provider_error(made).message)
    return _batch(read(checked(made), _Job))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job of our name. Raises `ProviderError`."""
    found = yield _job(endpoint, "GET", _name(submission.marker))
    return None if found.status_code == 404 else _batch(read(checked(found), _Job))


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the job stands. Raises `ProviderError`."""
    return _batch(read(checked((yield _job(endpoint, "GET", batch_id))), _Job))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """End the job, if it is not over: by deleting it, for there is no other way. Raises `ProviderError`."""
    batch = yield from retrieve(endpoint, batch_id)
    if batch.state != "running":
        return batch
    checked((yield _job(endpoint, "DELETE", batch_id)))
    left = yield _job(endpoint, "GET", batch_id)
    if left.status_code == 404:
        return Batch(id=batch_id, state="cancelled", raw_status="deleted", result_files=batch.result_files)
    return _batch(read(checked(left), _Job))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the files of the output dataset: those of the answers and of the errors. A job that did not run
    to its end may have none. Their addresses are signed and elsewhere: the key does not go there.

    Raises `ProviderError`.
    """
    names: list[str] = []
    for dataset in batch.result_files:
        url = f"{endpoint.base_url}/datasets/{quote(dataset, safe='')}:getDownloadEndpoint"
        listed = yield httpx.Request("GET", url, headers=endpoint.headers)
        if listed.status_code == 404 and _STATES.get(batch.raw_status) != "ended":
            continue
        files = read(checked(listed), _Files).filename_to_signed_urls or {}
        for address in (files[name] for name in sorted(files) if name.endswith((".jsonl", "error-data"))):
            name = f"results-{len(names)}.jsonl"
            checked((yield httpx.Request("GET", address, extensions={SAVE: name})))
            names.append(name)
    return tuple(names)


def _name(marker: Marker) -> str:
    """Lower-case letters, digits and hyphens, as names of datasets and jobs must be."""
    return f"bedrock-batch-{marker}"


def _account(endpoint: Endpoint) -> str:
    """What all names of the account begin with; the address ends with it."""
    return f"accounts/{endpoint.base_url.rpartition('/accounts/')[2]}"


def _job(endpoint: Endpoint, method: str, batch_id: str) -> httpx.Request:
    url = f"{endpoint.base_url}/batchInferenceJobs/{quote(batch_id, safe='')}"
    return httpx.Request(method, url, headers=endpoint.headers)


def _dataset(endpoint: Endpoint, name: str) -> Conversation[_Dataset]:
    url = f"{endpoint.base_url}/datasets/{quote(name, safe='')}"
    return read(checked((yield httpx.Request("GET", url, headers=endpoint.headers))), _Dataset)


def _batch(job: _Job) -> Batch:
    state = _STATES.get(job.state, "running")
    progress = job.job_progress or _Progress()
    status = job.status or _Status()
    output = (job.output_dataset_id or "").rpartition("/")[2]
    return Batch(
        id=job.name.rpartition("/")[2],
        state=state,
        raw_status=job.state,
        total=max(progress.total_input_requests or 0, progress.total_processed_requests or 0),
        succeeded=progress.successfully_processed_requests or 0,
        failed=progress.failed_requests or 0,
        errors=(status.message,) if state == "failed" and status.message else (),
        result_files=(output,) if output and state in {"ended", "expired", "cancelled"} else (),
        code=status.code if state == "failed" else None,
    )
