"""Vertex AI's batch prediction jobs over Cloud Storage, as conversations (Google: reference/rest,
projects.locations.batchPredictionJobs; models/capabilities/batch-inference).

Files lie in the endpoint's staging place, each batch's in a folder of their own. A request to
`gs://bucket/name` puts or gets an object; one to `gs://bucket/folder/` lists what is below it, in the words
of Cloud Storage's `objects.list`.
"""

import re
from typing import IO
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import SAVE, Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.providers.gemini.errors import checked
from translators.providers.pieces import Piece, size_of
from translators.providers.vertex.jobs import HAVE_RESULTS, Job, Page, batch_of
from translators.providers.vertex.models import resource

_JOBS = "batchPredictionJobs"
_ROWS = re.compile(r".*predictions[^/]*\.jsonl(-\d+-of-\d+)?")
"""Files of rows; beside them lie counts and the like."""
_EARLY = "incremental_"
"""Begins the name of a file of rows that is written while the job runs."""


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str


class _Listing(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    items: tuple[_Object, ...] = ()


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Put the lines into Cloud Storage; the outcome is the object's URI. Raises `ProviderError`."""
    place = f"{_folder(endpoint, submission.marker)}/input.jsonl"
    size = size_of(lines)
    response = yield httpx.Request(
        "PUT",
        place,
        headers={**endpoint.headers, "Content-Type": "application/jsonl", "Content-Length": str(size)},
        content=Piece(lines, 0, size),
    )
    checked(response)
    return place


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the job. Raises `ProviderError`."""
    output = f"{_folder(endpoint, submission.marker)}/output"
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/{_JOBS}",
        headers=endpoint.headers,
        json={
            "displayName": str(submission.marker),
            "model": resource(submission.model),
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [submission.input_id]}},
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": output}},
        },
    )
    return _batch(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job that bears the marker as its display name. Raises `ProviderError`."""
    wanted = quote(f'display_name="{submission.marker}"', safe="")
    token = ""
    while True:
        following = f"&pageToken={quote(token, safe='')}" if token else ""
        response = yield _get(endpoint, f"{endpoint.base_url}/{_JOBS}?filter={wanted}{following}")
        page = read(checked(response), Page)
        for job in page.batch_prediction_jobs:
            if job.display_name == str(submission.marker):
                return batch_of(job)
        if page.next_page_token in {"", token}:
            return None
        token = page.next_page_token


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the job stands. Raises `ProviderError`."""
    return _batch((yield _get(endpoint, _job(endpoint, batch_id))))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end, which takes some time; what is finished stays. A job that refuses it, being over
    perhaps, is reported as it stands. Raises `ProviderError`."""
    response = yield httpx.Request("POST", f"{_job(endpoint, batch_id)}:cancel", headers=endpoint.headers)
    if response.status_code not in {400, 409}:
        checked(response)
    return (yield from retrieve(endpoint, batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the files of rows, what was written early after the rest. A job that did not run to its end may
    have none. Raises `ProviderError`."""
    saved: list[str] = []
    for folder in batch.result_files:
        bucket, _, below = folder.removeprefix("gs://").partition("/")
        listed = yield _get(endpoint, _place(bucket, f"{below.rstrip('/')}/"))
        names = [found.name for found in read(checked(listed), _Listing).items]
        for name in sorted(filter(_ROWS.fullmatch, names), key=lambda name: (_EARLY in name, name)):
            request = _get(endpoint, _place(bucket, name))
            request.extensions[SAVE] = f"results-{len(saved)}.jsonl"
            checked((yield request))
            saved.append(f"results-{len(saved)}.jsonl")
        if not saved and batch.raw_status in HAVE_RESULTS:
            raise ProviderError(404, f"the job has ended, and there are no predictions in {folder}")
    return tuple(saved)


def _folder(endpoint: Endpoint, marker: Marker) -> str:
    return f"{endpoint.staging}/{marker}"


def _place(bucket: str, name: str) -> str:
    return f"gs://{bucket}/{quote(name, safe='/:')}"


def _job(endpoint: Endpoint, batch_id: str) -> str:
    return f"{endpoint.base_url}/{_JOBS}/{quote(batch_id.rpartition('/')[2], safe='')}"


def _get(endpoint: Endpoint, url: str) -> httpx.Request:
    return httpx.Request("GET", url, headers=endpoint.headers)


def _batch(response: httpx.Response) -> Batch:
    return batch_of(read(checked(response), Job))
