"""xAI's batches, as conversations (xAI: docs/guides/batch-api, api-reference; xai-sdk 1.21: batch.py).

A batch is made empty, which costs nothing, and its requests are added by a second call. Ours are added by one
call alone, so a batch has either all of them or none, and a lost answer is told from its counters. Answers
are read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Iterable
from typing import IO
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Raw, Struct
from pydantic import BaseModel, ConfigDict

from translators.errors import ProviderError
from translators.providers.answers import read
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
from translators.providers.enclosed import Enclosed
from translators.providers.openai.errors import provider_error

_BEGINNING, _END = b'{"batch_requests":[', b"]}"

PAGE = 1000
"""The most results that one page may have."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Counters(_Wire):
    """A counter of zero may be left out."""

    num_requests: int = 0
    num_pending: int = 0
    num_success: int = 0
    num_error: int = 0
    num_cancelled: int = 0


class _Batch(_Wire):
    batch_id: str
    cancel_time: str | None = None
    cancel_by_xai_message: str | None = None
    """Why xAI refused or ended the batch."""
    state: _Counters | None = None


class _Results(Struct):
    results: list[Raw] = []
    pagination_token: str | None = None


_RESULTS = msgspec.json.Decoder(_Results)


class _Page:
    """Takes the rows out of a page of results, and keeps where the next page is."""

    def __init__(self) -> None:
        self.following: str | None = None

    def __call__(self, body: bytes) -> Iterable[bytes]:
        try:
            page = _RESULTS.decode(body)
            rows = [msgspec.json.format(bytes(row), indent=-1) for row in page.results]
        except msgspec.DecodeError as error:
            raise ProviderError(502, f"the provider's results cannot be read: {error}") from error
        self.following = page.pagination_token or None
        return rows


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Make an empty batch; the outcome is its id. Raises `ProviderError`."""
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batches",
        headers=endpoint.headers,
        json={"name": str(submission.marker)},
    )
    return read(_checked(response), _Batch).batch_id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Add all requests to the batch, which starts them. The answer says nothing. Raises `ProviderError`."""
    body = Enclosed(lines, _BEGINNING, _END)
    response = yield httpx.Request(
        "POST",
        f"{_url(endpoint, submission.input_id)}/requests",
        headers={
            **endpoint.headers,
            "Content-Type": "application/json",
            "Content-Length": str(body.size),
        },
        content=body,
    )
    _checked(response)
    return Batch(
        id=submission.input_id,
        state="running",
        raw_status=_progress(0, submission.lines),
        total=submission.lines,
    )


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch, if it has requests. Raises `ProviderError`."""
    found = read(_checked((yield _get(endpoint, submission.input_id))), _Batch)
    return _batch(found) if found.state is not None and found.state.num_requests > 0 else None


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    return _batch(read(_checked((yield _get(endpoint, batch_id))), _Batch))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. What is said of a batch that is over already is not documented: where it is refused,
    the batch is reported as it stands. Raises `ProviderError`."""
    response = yield httpx.Request("POST", f"{_url(endpoint, batch_id)}:cancel", headers=endpoint.headers)
    if response.status_code in {400, 409}:
        batch = yield from retrieve(endpoint, batch_id)
        if batch.state != "running":
            return batch
    return _batch(read(_checked(response), _Batch))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the results, page by page. Raises `ProviderError`."""
    names: list[str] = []
    for batch_id in batch.result_files:
        place = ""
        while True:
            page = _Page()
            request = _get(endpoint, batch_id, f"/results?limit={PAGE}{place}")
            request.extensions.update({SAVE: f"results-{len(names)}.jsonl", LINES: page})
            _checked((yield request))
            names.append(request.extensions[SAVE])
            following = _token(page.following)
            if following in {"", place}:
                break
            place = following
    return tuple(names)


def _token(token: str | None) -> str:
    return f"&pagination_token={quote(token, safe='')}" if token else ""


def _url(endpoint: Endpoint, batch_id: str) -> str:
    return f"{endpoint.base_url}/batches/{quote(batch_id, safe='')}"


def _get(endpoint: Endpoint, batch_id: str, more: str = "") -> httpx.Request:
    return httpx.Request("GET", f"{_url(endpoint, batch_id)}{more}", headers=endpoint.headers)


def _checked(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success. Raises `ProviderError`.

    A key that is not valid is 400 here, as seen on the live API; it is known by its words and told as 401.
    """
    if response.is_success:
        return response
    error = provider_error(response)
    if error.status == 400 and "API key" in error.message:
        raise ProviderError(401, error.message, code=error.code)
    raise error


def _batch(found: _Batch) -> Batch:
    counters = found.state or _Counters()
    state = _state(found, counters)
    return Batch(
        id=found.batch_id,
        state=state,
        raw_status=_words(found, counters),
        total=counters.num_requests,
        succeeded=counters.num_success,
        failed=counters.num_error,
        errors=(found.cancel_by_xai_message,) if state == "failed" and found.cancel_by_xai_message else (),
        result_files=(found.batch_id,) if state in {"ended", "cancelled"} else (),
    )


def _state(found: _Batch, counters: _Counters) -> State:
    """A batch has counters and no status. All are zero before its requests have been counted."""
    if found.cancel_by_xai_message and counters.num_success + counters.num_error == 0:
        return "failed"
    if counters.num_pending > 0:
        return "running"
    if found.cancel_time is not None or counters.num_cancelled > 0:
        return "cancelled"
    return "ended" if counters.num_requests > 0 else "running"


def _words(found: _Batch, counters: _Counters) -> str:
    """What stands for the status word that xAI does not have."""
    if found.cancel_by_xai_message:
        return "rejected"
    progress = _progress(counters.num_success + counters.num_error, counters.num_requests)
    return progress if found.cancel_time is None else f"{progress}, cancelled"


def _progress(done: int, total: int) -> str:
    return f"{done} of {total} done"
