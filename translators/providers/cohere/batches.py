"""Cohere's datasets and batches (Cohere: reference/create-dataset, reference/create-batch; cohere 7.3:
datasets/raw_client.py, batches/raw_client.py).

Responses are read tolerantly: only the members in use, and those may be null, absent or empty.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import IO
from urllib.parse import urlencode

import httpx

from translators.errors import ProviderError
from translators.providers.api_requests import delete as delete_request
from translators.providers.api_requests import get, post, post_form, segment
from translators.providers.api_responses import Received
from translators.providers.batch_calls import BatchApi, deleted, saved, searched
from translators.providers.cohere import avro
from translators.providers.cohere.errors import READER
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, State, Submission

PAGE = 1000
"""The most batches that one page of the list may have."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "BATCH_STATUS_COMPLETED": "ended",
        "BATCH_STATUS_FAILED": "failed",
        "BATCH_STATUS_CANCELED": "cancelled",
    }
)
"""Others: BATCH_STATUS_ UNSPECIFIED, QUEUED, IN_PROGRESS, CANCELING."""

_READY = frozenset({"validated", "skipped"})


class _Created(Received):
    id: str


class _Part(Received):
    url: str | None = None
    index: int | None = None


class _Dataset(Received):
    validation_status: str
    validation_error: str | None = None
    dataset_parts: tuple[_Part, ...] | None = None


class _DatasetResponse(Received):
    dataset: _Dataset


class _Batch(Received):
    id: str
    status: str
    output_dataset_id: str | None = None
    num_records: int | None = None
    num_successful_records: int | None = None
    num_failed_records: int | None = None
    status_reason: str | None = None


class _BatchResponse(Received):
    batch: _Batch


class _Listed(Received):
    """Members of a batch that a search needs; the list also has batches of other programs, in any form."""

    id: str
    name: str | None = None
    input_dataset_id: str | None = None


class _Page(Received):
    batches: tuple[_Listed, ...] | None = None
    next_page_token: str | None = None


def _batch_in(response: httpx.Response) -> Batch:
    found = READER.read(response, _BatchResponse).batch
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


_BATCHES = BatchApi(
    path="/v2/batches",
    reader=READER,
    batch_in=_batch_in,
    cancel_path=":cancel",
    cancel_returns_batch=False,
    over=frozenset({400, 404, 409, 422}),  # no page states which it is
    only_over=True,
)

retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Upload the lines as a dataset; the outcome is its id."""
    name = str(submission.marker)
    path = f"/v1/datasets?{urlencode({'name': name, 'type': submission.group})}"
    request = post_form(endpoint, path, name, lines, file_field="data", content_type="application/jsonl")
    return READER.read((yield request), _Created).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Create the batch. Raises `ProviderError`: one that passes while Cohere still checks the dataset, one
    that stays when it refuses it."""
    yield from _ready(endpoint, submission.input_id)
    response = yield post(
        endpoint,
        _BATCHES.path,
        {
            "name": str(submission.marker),
            "input_dataset_id": submission.input_id,
            "model": submission.model,
        },
    )
    return _batch_in(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that has the marker as its name and our dataset as its input.

    The list has no filter, and no documented order: it is searched to its end.
    """

    def look(response: httpx.Response) -> tuple[str | None, str]:
        page = READER.read(response, _Page)
        wanted = (str(submission.marker), submission.input_id)
        batches = page.batches or ()
        ours = (found.id for found in batches if (found.name, found.input_dataset_id) == wanted)
        return next(ours, None), page.next_page_token or ""

    def page_at(token: str) -> httpx.Request:
        query = {"page_size": PAGE} | ({"page_token": token} if token else {})
        return get(endpoint, f"{_BATCHES.path}?{urlencode(query)}")

    ours = yield from searched(page_at, look)
    return None if ours is None else (yield from retrieve(endpoint, ours))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the parts of the output dataset. Their addresses are signed and elsewhere: the key is not sent
    there."""
    names: list[str] = []
    for dataset_id in batch.result_files:
        dataset = yield from _ready(endpoint, dataset_id)
        for part in sorted(dataset.dataset_parts or (), key=lambda part: part.index or 0):
            if not part.url:
                raise ProviderError(502, f"the dataset {dataset_id} has a part without an address")
            request = httpx.Request("GET", part.url)
            names.append((yield from saved(request, len(names), READER, avro.lines)))
    return tuple(names)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Delete the datasets of the lines and of the results, which else are kept for 30 days (cohere 7:
    datasets/client.py)."""
    datasets = filter(None, (input_id, *batch.result_files))
    yield from deleted(
        (delete_request(endpoint, f"/v1/datasets/{segment(name)}") for name in datasets), READER
    )


def _ready(endpoint: Endpoint, dataset_id: str) -> Conversation[_Dataset]:
    response = yield get(endpoint, f"/v1/datasets/{segment(dataset_id)}")
    dataset = READER.read(response, _DatasetResponse).dataset
    if dataset.validation_status in _READY:
        return dataset
    if dataset.validation_status == "failed":
        raise ProviderError(
            400, f"Cohere refuses the dataset: {dataset.validation_error or 'no reason given'}"
        )
    raise ProviderError(409, f"Cohere still checks the dataset: {dataset.validation_status}")
