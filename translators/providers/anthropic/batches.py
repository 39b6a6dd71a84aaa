"""Anthropic's Message Batches, as conversations (Anthropic: api/messages/batches, batch-processing).

A batch has neither a name nor metadata, and there is no idempotency key. What marks a batch of ours is the
custom ids of its requests, which show only in its results.
"""

from collections.abc import Iterable
from typing import IO
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict

from translators.providers.answers import read
from translators.providers.anthropic.errors import checked
from translators.providers.anthropic.limits import BEGINNING, END
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    State,
    Submission,
)
from translators.providers.enclosed import Enclosed

VERSION = "2023-06-01"
"""`anthropic-version`. The one after it, 2026-10-21, takes no temperature, top_p and top_k for any model and
no documents in assistant turns; this one does where the model does."""

PAGE = 100
"""How many batches are asked for at once; the API allows 1000."""

CLOCKS_DIFFER_BY = 300.0
"""Seconds by which the provider's clock may be behind ours. More would bring more batches of others into
question; a batch of ours that is younger than it seems would be made twice."""

RESULTS = "results.jsonl"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Counts(_Wire):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        return self.processing + self.succeeded + self.errored + self.canceled + self.expired


class _Batch(_Wire):
    id: str
    processing_status: str
    """in_progress, canceling, ended. Another word counts as running: the job's own time-out ends it."""
    request_counts: _Counts
    created_at: AwareDatetime
    cancel_initiated_at: str | None = None
    archived_at: str | None = None
    results_url: str | None = None


class _Page(_Wire):
    data: tuple[_Batch, ...]
    has_more: bool = False


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Nothing: `create` takes the lines themselves."""
    yield from ()
    return ""


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. What its requests say is not looked at before it runs. Raises `ProviderError`."""
    body = Enclosed(lines, BEGINNING, END)
    headers = {"Content-Type": "application/json", "Content-Length": str(body.size)}
    if submission.group:
        headers["anthropic-beta"] = submission.group
    response = yield _request("POST", endpoint, "", headers, body)
    return _batch(read(checked(response), _Batch))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that may be ours: of our size and time, and not known to be something else; of several, the
    one that was made closest to our call. Whether it is ours shows in its results. Raises `ProviderError`.

    The list runs from new to old.
    """
    earliest = search.since - CLOCKS_DIFFER_BY
    candidates: list[_Batch] = []
    after = ""
    while True:
        page = read(checked((yield _request("GET", endpoint, f"?limit={PAGE}{after}"))), _Page)
        candidates += [
            found
            for found in page.data
            if found.created_at.timestamp() >= earliest
            and found.request_counts.total == submission.lines
            and found.id not in search.claimed
        ]
        if not page.has_more or not page.data or page.data[-1].created_at.timestamp() < earliest:
            break
        after = f"&after_id={quote(page.data[-1].id, safe='')}"
    closest = min(
        candidates, key=lambda found: abs(found.created_at.timestamp() - search.since), default=None
    )
    return None if closest is None else _batch(closest)


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    response = yield _request("GET", endpoint, f"/{quote(batch_id, safe='')}")
    return _batch(read(checked(response), _Batch))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. What the API says to a batch that is over already is not documented: where it refuses,
    the batch is reported as it stands. Raises `ProviderError`."""
    response = yield _request("POST", endpoint, f"/{quote(batch_id, safe='')}/cancel")
    if response.status_code in {400, 409}:
        return (yield from retrieve(endpoint, batch_id))
    return _batch(read(checked(response), _Batch))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the results, where there are any (they are kept for 29 days). Raises `ProviderError`.

    The batch names their address. The key goes nowhere but where it belongs: behind a gateway, the same
    place is asked for at the gateway.
    """
    for address in batch.result_files:
        url = httpx.URL(address)
        if _origin(url) != _origin(httpx.URL(endpoint.base_url)):
            url = httpx.URL(f"{_batches(endpoint)}/{quote(batch.id, safe='')}/results")
        request = httpx.Request("GET", url, headers=_headers(endpoint), extensions={SAVE: RESULTS})
        checked((yield request))
    return (RESULTS,) if batch.result_files else ()


def _batches(endpoint: Endpoint) -> str:
    return f"{endpoint.base_url}/v1/messages/batches"


def _headers(endpoint: Endpoint) -> dict[str, str]:
    return {**endpoint.headers, "anthropic-version": VERSION}


def _request(
    method: str,
    endpoint: Endpoint,
    path: str,
    headers: dict[str, str] | None = None,
    content: Iterable[bytes] | None = None,
) -> httpx.Request:
    return httpx.Request(
        method,
        f"{_batches(endpoint)}{path}",
        headers={**_headers(endpoint), **(headers or {})},
        content=content,
    )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _batch(found: _Batch) -> Batch:
    counts = found.request_counts
    return Batch(
        id=found.id,
        state=_state(found),
        raw_status=found.processing_status,
        total=counts.total,
        succeeded=counts.succeeded,
        failed=counts.errored,
        result_files=() if found.results_url is None else (found.results_url,),
    )


def _state(found: _Batch) -> State:
    """Why a batch ended, which its status does not tell. Without a place to fetch results it is not over."""
    if found.processing_status != "ended" or (found.results_url is None and found.archived_at is None):
        return "running"
    if found.cancel_initiated_at is not None and found.request_counts.canceled > 0:
        return "cancelled"
    return "expired" if found.request_counts.expired > 0 else "ended"
