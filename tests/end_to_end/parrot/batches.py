"""The made-up provider's batches, as conversations."""

from typing import IO

import httpx

from translators.errors import ProviderError
from translators.providers.conversation import SAVE, Batch, Conversation, Endpoint, Search, Submission


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Nothing: the lines go along with `create`."""
    return ""
    yield


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start a batch."""
    response = yield httpx.Request(
        "PUT",
        f"{endpoint.base_url}/batches/{submission.marker}",
        headers=endpoint.headers,
        content=lines.read(),
    )
    return _batch(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch of this marker."""
    response = yield _get(endpoint, str(submission.marker))
    return None if response.status_code == 404 else _batch(response)


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How it stands."""
    return _batch((yield _get(endpoint, batch_id)))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """It is over before anybody can ask."""
    return (yield from retrieve(endpoint, batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """What was said."""
    request = _get(endpoint, f"{batch.id}/said")
    request.extensions[SAVE] = "said.jsonl"
    response = yield request
    if not response.is_success:
        raise ProviderError(response.status_code, response.text)
    return ("said.jsonl",)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Nothing: a parrot forgets."""
    yield from ()


def _get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}/batches/{path}", headers=endpoint.headers)


def _batch(response: httpx.Response) -> Batch:
    if not response.is_success:
        raise ProviderError(response.status_code, response.text)
    told = response.json()
    return Batch(
        id=told["id"],
        state="ended" if told["done"] else "running",
        raw_status=str(told["done"]),
        total=told["total"],
        succeeded=told["total"],
        result_files=("said",),
    )
