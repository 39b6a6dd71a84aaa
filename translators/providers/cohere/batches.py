"""Cohere's datasets and batches, as conversations (Cohere: reference/create-dataset, reference/create-batch;
cohere 7.3: datasets/raw_client.py, batches/raw_client.py).

Answers are read tolerantly: only the members in use, and those may be null, absent or empty.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import IO
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.cohere import avro
from translators.providers.cohere.errors import checked, provider_error
from translators.providers.conversation import (
    LINES,
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    State,
    Submission,
)

PAGE = 1000
"""The most batches that one page of the list may have."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "BATCH_STATUS_UNSPECIFIED": "running",
        "BATCH_STATUS_QUEUED": "running",
        "BATCH_STATUS_IN_PROGRESS": "running",
        "BATCH_STATUS_CANCELING": "running",
        "BATCH_STATUS_COMPLETED": "ended",
        "BATCH_STATUS_FAILED": "failed",
        "BATCH_STATUS_CANCELED": "cancelled",
    }
)
"""A word that is not here counts as running: Cohere's SDK takes any, and our job's own time-out ends it."""

_READY = frozenset({"validated", "skipped"})
_OVER = frozenset({400, 404, 409, 422})
"""Statuses that may say a batch cannot be cancelled any more; no page says which does."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Created(_Wire):
    id: str


class _Part(_Wire):
    url: str | None = None
    index: int | None = None


class _Dataset(_Wire):
    validation_status: str
    validation_error: str | None = None
    dataset_parts: tuple[_Part, ...] | None = None


class _DatasetAnswer(_Wire):
    dataset: _Dataset


class _Batch(_Wire):
    id: str
    status: str
    output_dataset_id: str | None = None
    num_records: int | None = None
    num_successful_records: int | None = None
    num_failed_records: int | None = None
    status_reason: str | None = None


class _BatchAnswer(_Wire):
    batch: _Batch


class _Listed(_Wire):
    """As much of a batch as tells whose it is; the list also has batches that others made."""

    id: str
    name: str | None = None
    input_dataset_id: str | None = None


class _Page(_Wire):
    batches: tuple[_Listed, ...] | None = None
    next_page_token: str | None = None


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a dataset; the outcome is its id. Raises `ProviderError`."""
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary=bedrock_batch-{submission.marker}"
    query = urlencode({"name": str(submission.marker), "type": submission.group})
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/v1/datasets?{query}",
        headers={**endpoint.headers, "Content-Type": content_type},
        files={"data": (f"{submission.marker}.jsonl", lines, "application/jsonl")},
    )
    return read(checked(response), _Created).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`: one that passes while Cohere still checks the dataset, one
    that stays when it refuses it."""
    yield from _ready(endpoint, submission.input_id)
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/v2/batches",
        headers=endpoint.headers,
        json={
            "name": str(submission.marker),
            "input_dataset_id": submission.input_id,
            "model": submission.model,
        },
    )
    return _batch(read(checked(response), _BatchAnswer).batch)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that bears the marker as its name and reads our dataset. Raises `ProviderError`.

    The list has no filter; it is walked to its end, since no page says which way it is ordered.
    """
    token = ""
    while True:
        query = {"page_size": PAGE} | ({"page_token": token} if token else {})
        page = read(checked((yield _get(endpoint, f"v2/batches?{urlencode(query)}"))), _Page)
        for found in page.batches or ():
            if found.name == str(submission.marker) and found.input_dataset_id == submission.input_id:
                return (yield from retrieve(endpoint, found.id))
        if not page.next_page_token or page.next_page_token == token:
            return None
        token = page.next_page_token


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    response = yield _get(endpoint, f"v2/batches/{quote(batch_id, safe='')}")
    return _batch(read(checked(response), _BatchAnswer).batch)


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end; the answer is empty. A refusal may say that the batch is over already: then it is
    reported as it stands. Raises `ProviderError`."""
    response = yield httpx.Request(
        "POST", f"{endpoint.base_url}/v2/batches/{quote(batch_id, safe='')}:cancel", headers=endpoint.headers
    )
    if response.status_code not in _OVER:
        checked(response)
    batch = yield from retrieve(endpoint, batch_id)
    if batch.state == "running":
        checked(response)
    return batch


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the parts of the output dataset. Their addresses are signed and elsewhere: the key does not go
    there. Raises `ProviderError`."""
    names: list[str] = []
    for dataset_id in batch.result_files:
        dataset = yield from _ready(endpoint, dataset_id)
        for part in sorted(dataset.dataset_parts or (), key=lambda part: part.index or 0):
            if not part.url:
                raise ProviderError(502, f"the dataset {dataset_id} has a part without an address")
            name = f"results-{len(names)}.jsonl"
            response = yield httpx.Request("GET", part.url, extensions={SAVE: name, LINES: avro.lines})
            if not response.is_success:
                raise provider_error(response)
            names.append(name)
    return tuple(names)


def _get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}/{path}", headers=endpoint.headers)


def _ready(endpoint: Endpoint, dataset_id: str) -> Conversation[_Dataset]:
    response = yield _get(endpoint, f"v1/datasets/{quote(dataset_id, safe='')}")
    dataset = read(checked(response), _DatasetAnswer).dataset
    if dataset.validation_status in _READY:
        return dataset
    if dataset.validation_status == "failed":
        raise ProviderError(
            400, f"Cohere refuses the dataset: {dataset.validation_error or 'no reason given'}"
        )
    raise ProviderError(409, f"Cohere still checks the dataset: {dataset.validation_status}")


def _batch(found: _Batch) -> Batch:
    state = _STATES.get(found.status, "running")
    files = (found.output_dataset_id,) if found.output_dataset_id and state != "running" else ()
    reason = found.status_reason if state == "failed" else None
    return Batch(
        id=found.id,
        # What has results was not refused as a whole: its rows say what became of the records.
        state="ended" if state == "failed" and files and found.num_successful_records else state,
        raw_status=found.status,
        total=found.num_records or 0,
        succeeded=found.num_successful_records or 0,
        failed=found.num_failed_records or 0,
        errors=(reason,) if reason else (),
        result_files=files,
    )
