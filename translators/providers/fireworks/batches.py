"""Fireworks' datasets and batch inference jobs (Fireworks: api-reference create-dataset,
upload-dataset-files, create-batch-inference-job, get-dataset-download-endpoint).

Datasets and jobs have names of our choice, so nothing has to be searched for after a lost response. Responses
are read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import IO

import httpx

from translators.errors import ProviderError
from translators.providers.api_requests import delete as delete_request
from translators.providers.api_requests import get, post, post_form, segment
from translators.providers.api_responses import CamelReceived
from translators.providers.batch_calls import BatchApi, deleted, saved
from translators.providers.chat_completions.errors import READER
from translators.providers.conversation import (
    Batch,
    Conversation,
    Endpoint,
    Marker,
    Search,
    State,
    Submission,
)

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


class _Dataset(CamelReceived):
    state: str | None = None


class _Status(CamelReceived):
    code: str | None = None
    message: str | None = None


class _Progress(CamelReceived):
    total_input_requests: int | None = None
    """As many as the dataset was declared to have."""
    total_processed_requests: int | None = None
    successfully_processed_requests: int | None = None
    failed_requests: int | None = None


class _Job(CamelReceived):
    name: str
    state: str
    status: _Status | None = None
    output_dataset_id: str | None = None
    job_progress: _Progress | None = None


class _Files(CamelReceived):
    filename_to_signed_urls: dict[str, str] | None = None


def _batch_in(response: httpx.Response) -> Batch:
    job = READER.read(response, _Job)
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


_JOBS = "/batchInferenceJobs"

retrieve = BatchApi(path=_JOBS, reader=READER, batch_in=_batch_in).retrieve


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Create a dataset of the lines; the outcome is its id.

    One that exists already is of an earlier attempt: when it is ready, nothing is left to do.
    """
    name = _name(submission.marker)
    dataset: dict[str, object] = {"userUploaded": {}, "exampleCount": str(submission.lines)}
    created = yield post(endpoint, "/datasets", {"datasetId": name, "dataset": dataset})
    if created.status_code != 409:
        READER.checked(created)
    elif (yield from _dataset(endpoint, name)).state == "READY":
        return name
    READER.checked((yield post_form(endpoint, f"/datasets/{name}:upload", name, lines, boundary=name)))
    return name


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Create the job. Raises `ProviderError`, one that passes while the dataset is not ready."""
    name = _name(submission.marker)
    created = yield post(
        endpoint,
        f"{_JOBS}?batchInferenceJobId={name}",
        {
            "displayName": name,
            "model": submission.model,
            "inputDatasetId": f"{_account(endpoint)}/datasets/{submission.input_id}",
        },
    )
    if created.status_code == 409:
        return (yield from retrieve(endpoint, name))
    if created.status_code == 400:
        dataset = yield from _dataset(endpoint, submission.input_id)
        if dataset.state == "UPLOADING":
            raise ProviderError(425, READER.error(created).message)
    return _batch_in(created)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job of our name."""
    found = yield get(endpoint, f"{_JOBS}/{_name(submission.marker)}")
    return None if found.status_code == 404 else _batch_in(found)


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """End the job, if it is not over, by deleting it: there is no other call."""
    batch = yield from retrieve(endpoint, batch_id)
    if batch.state != "running":
        return batch
    job = get(endpoint, f"{_JOBS}/{segment(batch_id)}")
    READER.checked((yield httpx.Request("DELETE", job.url, headers=endpoint.headers)))
    left = yield job
    if left.status_code == 404:
        return Batch(id=batch_id, state="cancelled", raw_status="deleted", result_files=batch.result_files)
    return _batch_in(left)


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the files of the output dataset: those of the answers and of the errors. A job that did not
    run to its end may have none. Their addresses are signed and elsewhere: the key is not sent there."""
    names: list[str] = []
    for dataset in batch.result_files:
        listed = yield get(endpoint, f"/datasets/{segment(dataset)}:getDownloadEndpoint")
        if listed.status_code == 404 and _STATES.get(batch.raw_status) != "ended":
            continue
        files = READER.read(listed, _Files).filename_to_signed_urls or {}
        for address in (files[name] for name in sorted(files) if name.endswith((".jsonl", "error-data"))):
            names.append((yield from saved(httpx.Request("GET", address), len(names), READER)))
    return tuple(names)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Delete the datasets of the lines and of the results (Fireworks: api-reference delete-dataset)."""
    datasets = filter(None, (input_id, *batch.result_files))
    yield from deleted((delete_request(endpoint, f"/datasets/{segment(name)}") for name in datasets), READER)


def _name(marker: Marker) -> str:
    """Lower-case letters, digits and hyphens, as names of datasets and jobs must be."""
    return f"bedrock-batch-{marker}"


def _account(endpoint: Endpoint) -> str:
    """The beginning of all names of the account, which is the end of the address."""
    return f"accounts/{endpoint.base_url.rpartition('/accounts/')[2]}"


def _dataset(endpoint: Endpoint, name: str) -> Conversation[_Dataset]:
    return READER.read((yield get(endpoint, f"/datasets/{segment(name)}")), _Dataset)
