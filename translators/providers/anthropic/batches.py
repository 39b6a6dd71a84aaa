"""Anthropic's Message Batches (Anthropic: api/messages/batches, batch-processing).

A batch has neither a name nor metadata, and there is no idempotency key. What marks a batch of ours is the
custom ids of its requests, which show only in its results.
"""

from dataclasses import replace
from typing import IO

import httpx
from pydantic import AwareDatetime

from translators.providers.anthropic.errors import READER
from translators.providers.anthropic.request import BEGINNING, END
from translators.providers.api_requests import delete as delete_request
from translators.providers.api_requests import get, post_json, segment
from translators.providers.api_responses import Received
from translators.providers.batch_calls import BatchApi, deleted, searched
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    State,
    Submission,
)
from translators.providers.request_bodies import JsonArray

VERSION = "2023-06-01"
"""`anthropic-version`. The one after it, 2026-10-21, takes no temperature, top_p and top_k for any model and
no documents in assistant turns; this one does where the model does."""

PAGE = 100
"""Number of batches that are requested at once; the API allows 1000."""

CLOCKS_DIFFER_BY = 300.0
"""Seconds by which the provider's clock may be behind ours. More would bring more batches of others into
question; a batch of ours that is younger than it seems would be made twice."""

RESULTS = "results.jsonl"

_PATH = "/v1/messages/batches"


class _Counts(Received):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


class _Batch(Received):
    id: str
    processing_status: str
    """in_progress, canceling, ended."""
    request_counts: _Counts
    created_at: AwareDatetime
    cancel_initiated_at: str | None = None
    archived_at: str | None = None
    results_url: str | None = None

    @property
    def batch(self) -> Batch:
        counts = self.request_counts
        return Batch(
            id=self.id,
            state=self._state,
            raw_status=self.processing_status,
            total=counts.total,
            succeeded=counts.succeeded,
            failed=counts.errored,
            result_files=() if self.results_url is None else (self.results_url,),
        )

    @property
    def _state(self) -> State:
        """The state; its kind of end is not in the status. Without a URL of results the batch is not over."""
        if self.processing_status != "ended" or (self.results_url is None and self.archived_at is None):
            return "running"
        if self.cancel_initiated_at is not None and self.request_counts.canceled > 0:
            return "cancelled"
        return "expired" if self.request_counts.expired > 0 else "ended"


class _Page(Received):
    data: tuple[_Batch, ...]
    has_more: bool = False


def _batch_in(response: httpx.Response) -> Batch:
    return READER.read(response, _Batch).batch


def versioned(endpoint: Endpoint) -> Endpoint:
    """The endpoint with the API's version in the headers."""
    return replace(endpoint, headers={**endpoint.headers, "anthropic-version": VERSION})


_BATCHES = BatchApi(path=_PATH, reader=READER, batch_in=_batch_in, at=versioned)

retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel  # which status a batch that is over gets is not documented


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Nothing: `create` takes the lines themselves."""
    yield from ()
    return ""


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Create the batch. Its requests are not checked before it runs."""
    body = JsonArray(lines, BEGINNING, END)
    headers = {"Content-Length": str(body.size)}
    if submission.group:
        headers["anthropic-beta"] = submission.group
    return _batch_in((yield post_json(versioned(endpoint), _PATH, body, headers)))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that may be ours: of our size and time, and not known to be something else; of several, the
    one that was made closest to our call. Whether it is ours shows in its results.

    The list runs from new to old.
    """
    earliest = search.since - CLOCKS_DIFFER_BY
    candidates: list[_Batch] = []

    def look(response: httpx.Response) -> tuple[None, str]:
        page = READER.read(response, _Page)
        candidates.extend(
            found
            for found in page.data
            if found.created_at.timestamp() >= earliest
            and found.request_counts.total == submission.lines
            and found.id not in search.claimed
        )
        if not page.has_more or not page.data or page.data[-1].created_at.timestamp() < earliest:
            return None, ""
        return None, f"&after_id={segment(page.data[-1].id)}"

    yield from searched(lambda place: get(versioned(endpoint), f"{_PATH}?limit={PAGE}{place}"), look)
    closest = min(
        candidates, key=lambda found: abs(found.created_at.timestamp() - search.since), default=None
    )
    return None if closest is None else closest.batch


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the results, where there are any (they are kept for 29 days).

    The batch names their address. The key is sent to the endpoint's host alone: behind a gateway, the same
    path is requested of the gateway.
    """
    for address in batch.result_files:
        url = httpx.URL(address)
        if _origin(url) != _origin(httpx.URL(endpoint.base_url)):
            url = httpx.URL(f"{endpoint.base_url}{_PATH}/{segment(batch.id)}/results")
        request = httpx.Request("GET", url, headers=versioned(endpoint).headers, extensions={SAVE: RESULTS})
        READER.checked((yield request))
    return (RESULTS,) if batch.result_files else ()


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Delete the batch, which holds the requests and the results; else they are kept for 29 days (Anthropic:
    api/deleting-message-batches)."""
    path = f"{_PATH}/{segment(batch.id)}"
    yield from deleted((delete_request(versioned(endpoint), path),) if batch.result_files else (), READER)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
