"""Vertex AI's batch prediction jobs over Cloud Storage (Google: reference/rest,
projects.locations.batchPredictionJobs; models/capabilities/batch-inference).

Files lie in the endpoint's staging place, each batch's in a folder of their own. A request to
`gs://bucket/name` puts or gets an object; one to `gs://bucket/folder/` lists what is below it, in the format
of Cloud Storage's `objects.list`.
"""

import re
from typing import IO
from urllib.parse import quote

import httpx

from translators.errors import ProviderError
from translators.providers.api_requests import get, post, segment
from translators.providers.api_responses import Received
from translators.providers.batch_calls import BatchApi, deleted, saved, searched
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.providers.gemini.errors import READER
from translators.providers.request_bodies import FileRange, size_of
from translators.providers.vertex.jobs import HAVE_RESULTS, Job, Page, batch_of
from translators.providers.vertex.models import resource

_JOBS = "/batchPredictionJobs"
_ROWS = re.compile(r".*predictions[^/]*\.jsonl(-\d+-of-\d+)?")
"""Files of rows; beside them lie counts and the like."""
_EARLY = "incremental_"
"""Begins the name of a file of rows that is written while the job runs."""


class _Object(Received):
    name: str


class _Listing(Received):
    items: tuple[_Object, ...] = ()


def _batch_in(response: httpx.Response) -> Batch:
    return batch_of(READER.read(response, Job))


_API = BatchApi(
    path=_JOBS,
    reader=READER,
    batch_in=_batch_in,
    segment=lambda name: segment(name.rpartition("/")[2]),
    cancel_path=":cancel",
    cancel_returns_batch=False,
)

retrieve = _API.retrieve
cancel = _API.cancel  # takes some time; what is finished stays


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Put the lines into Cloud Storage; the outcome is the object's URI."""
    uri = f"{_folder(endpoint, submission.marker)}/input.jsonl"
    size = size_of(lines)
    headers = {**endpoint.headers, "Content-Type": "application/jsonl", "Content-Length": str(size)}
    READER.checked((yield httpx.Request("PUT", uri, headers=headers, content=FileRange(lines, 0, size))))
    return uri


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    output = f"{_folder(endpoint, submission.marker)}/output"
    response = yield post(
        endpoint,
        _JOBS,
        {
            "displayName": str(submission.marker),
            "model": resource(submission.model),
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [submission.input_id]}},
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": output}},
        },
    )
    return _batch_in(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The job that has the marker as its display name."""
    wanted = segment(f'display_name="{submission.marker}"')

    def page_at(token: str) -> httpx.Request:
        following = f"&pageToken={segment(token)}" if token else ""
        return get(endpoint, f"{_JOBS}?filter={wanted}{following}")

    def look(response: httpx.Response) -> tuple[Batch | None, str]:
        page = READER.read(response, Page)
        marker = str(submission.marker)
        ours = (batch_of(job) for job in page.batch_prediction_jobs if job.display_name == marker)
        return next(ours, None), page.next_page_token

    return (yield from searched(page_at, look))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the files of rows, what was written early after the rest. A job that did not run to its end
    may have none."""
    names: list[str] = []
    for folder in batch.result_files:
        bucket, _, below = folder.removeprefix("gs://").partition("/")
        listed = READER.read((yield _object(endpoint, bucket, f"{below.rstrip('/')}/")), _Listing)
        found = [item.name for item in listed.items if _ROWS.fullmatch(item.name)]
        for name in sorted(found, key=lambda name: (_EARLY in name, name)):
            names.append((yield from saved(_object(endpoint, bucket, name), len(names), READER)))
        if not names and batch.raw_status in HAVE_RESULTS:
            raise ProviderError(404, f"the job has ended, and there are no predictions in {folder}")
    return tuple(names)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Delete the object of the lines and those of the results from the staging folder. An expiry would be a
    life-cycle rule of the bucket, which is the user's."""
    objects = [input_id] if input_id else []
    for folder in batch.result_files:
        bucket, _, below = folder.removeprefix("gs://").partition("/")
        listed = READER.read((yield _object(endpoint, bucket, f"{below.rstrip('/')}/")), _Listing)
        objects += [f"gs://{bucket}/{item.name}" for item in listed.items]
    requests = (
        httpx.Request("DELETE", f"{uri[:5]}{quote(uri[5:], safe='/:')}", headers=endpoint.headers)
        for uri in objects
    )
    yield from deleted(requests, READER)


def _folder(endpoint: Endpoint, marker: Marker) -> str:
    return f"{endpoint.staging}/{marker}"


def _object(endpoint: Endpoint, bucket: str, name: str) -> httpx.Request:
    return httpx.Request("GET", f"gs://{bucket}/{quote(name, safe='/:')}", headers=endpoint.headers)
