"""Parts of conversations that the batch APIs of several providers share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import httpx

from translators.errors import ProviderError
from translators.providers.api_requests import segment
from translators.providers.api_responses import ResponseReader
from translators.providers.conversation import LINES, SAVE, Batch, Conversation, Endpoint, Lines

CLOCKS_DIFFER_BY = 3600.0
"""Seconds by which a provider's clock may be behind ours."""


def as_it_is(endpoint: Endpoint) -> Endpoint:
    return endpoint


@dataclass(frozen=True, kw_only=True)
class BatchApi:
    """Conversations about one batch, at a provider where each has a URL of its own."""

    path: str
    """Of all batches; `/` and the batch's id follow."""
    reader: ResponseReader
    batch_in: Callable[[httpx.Response], Batch]
    """The batch in a response. Raises `ProviderError`."""
    at: Callable[[Endpoint], Endpoint] = as_it_is
    """The endpoint as configured → with the API's version."""
    segment: Callable[[str], str] = segment
    """A batch's id → the segment of the path."""
    cancel_path: str = "/cancel"
    cancel_returns_batch: bool = True
    over: frozenset[int] = frozenset({400, 409})
    """Statuses that may mean a batch cannot be cancelled because it is over: its state is read instead."""
    only_over: bool = False
    """Whether such a status is an error while the batch runs."""

    def retrieve(self, endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
        """State of the batch. Raises `ProviderError`."""
        return self.batch_in((yield self._request("GET", endpoint, batch_id)))

    def cancel(self, endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
        """Request the batch's end; the outcome is its state. Raises `ProviderError`."""
        response = yield self._request("POST", endpoint, batch_id, self.cancel_path)
        refused = response.status_code in self.over
        if not refused:
            self.reader.checked(response)
            if self.cancel_returns_batch:
                return self.batch_in(response)
        batch = yield from self.retrieve(endpoint, batch_id)
        if refused and self.only_over and batch.state == "running":
            raise self.reader.error(response)
        return batch

    def _request(self, method: str, endpoint: Endpoint, batch_id: str, verb: str = "") -> httpx.Request:
        place = self.at(endpoint)
        url = f"{place.base_url}{self.path}/{self.segment(batch_id)}{verb}"
        return httpx.Request(method, url, headers=place.headers)


def searched[Found](
    page_at: Callable[[str], httpx.Request], look: Callable[[httpx.Response], tuple[Found | None, str]]
) -> Conversation[Found | None]:
    """The first match in a list that comes in pages. `look` gives the match in a page, and the place of the
    next page: empty after the last. A server that does not page names the same place again, which ends the
    search."""
    place = ""
    while True:
        found, following = look((yield page_at(place)))
        if found is not None or following in {"", place}:
            return found
        place = following


def is_older(first: datetime | None, last: datetime | None, since: float) -> bool:
    """Whether a page of batches that were created at these times runs from new to old and what follows it was
    created before `since`, in Unix seconds."""
    if first is None or last is None:
        return False
    return last.timestamp() <= first.timestamp() and last.timestamp() < since


_NOTHING_TO_DELETE = frozenset({404, 405, 410, 501})
"""It is gone, or this server deletes nothing."""


def deleted(requests: Iterable[httpx.Request], reader: ResponseReader) -> Conversation[None]:
    """Send requests that delete something, all of them; what is gone already is no error.

    Raises the `ProviderError` of the first that is refused.
    """
    refusals: list[ProviderError] = []
    for request in requests:
        response = yield request
        if not response.is_success and response.status_code not in _NOTHING_TO_DELETE:
            refusals.append(reader.error(response))
    if refusals:
        raise refusals[0]


def saved(
    request: httpx.Request, number: int, reader: ResponseReader, lines: Lines | None = None
) -> Conversation[str]:
    """Save what the request downloads, or these lines of it, as result file `number`; the outcome is the
    file's name. Raises `ProviderError`."""
    name = f"results-{number}.jsonl"
    request.extensions[SAVE] = name
    if lines is not None:
        request.extensions[LINES] = lines
    reader.checked((yield request))
    return name
