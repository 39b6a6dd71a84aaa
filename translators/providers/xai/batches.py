"""xAI's batches (xAI: docs/guides/batch-api, api-reference; xai-sdk 1.21: batch.py).

A batch is made empty, which costs nothing, and its requests are added by a second call. Ours are added by one
call alone, so a batch has either all of them or none, and its counters show which after a lost response.
Responses are read tolerantly: only the members in use, and those may be null or absent.
"""

from collections.abc import Iterable
from typing import IO

import httpx
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.answers.received import Reader, compact
from translators.providers.api_requests import get, post, post_json, segment
from translators.providers.api_responses import Received, ResponseReader
from translators.providers.batch_calls import BatchApi, saved
from translators.providers.chat_completions import errors
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, State, Submission
from translators.providers.request_bodies import JsonArray

_BEGINNING, _END = b'{"batch_requests":[', b"]}"

PAGE = 1000
"""The most results that one page may have."""


class _Counters(Received):
    """A counter of zero may be left out."""

    num_requests: int = 0
    num_pending: int = 0
    num_success: int = 0
    num_error: int = 0
    num_cancelled: int = 0


class _Batch(Received):
    batch_id: str
    cancel_time: str | None = None
    cancel_by_xai_message: str | None = None
    """The reason for which xAI refused or ended the batch."""
    state: _Counters | None = None

    @property
    def batch(self) -> Batch:
        counters = self.state or _Counters()
        state = self._state(counters)
        refusal = self.cancel_by_xai_message if state == "failed" else None
        return Batch(
            id=self.batch_id,
            state=state,
            raw_status=self._words(counters),
            total=counters.num_requests,
            succeeded=counters.num_success,
            failed=counters.num_error,
            errors=(refusal,) if refusal else (),
            result_files=(self.batch_id,) if state in {"ended", "cancelled"} else (),
        )

    def _state(self, counters: _Counters) -> State:
        """A batch has counters and no status. All are zero before its requests have been counted."""
        if self.cancel_by_xai_message and counters.num_success + counters.num_error == 0:
            return "failed"
        if counters.num_pending > 0:
            return "running"
        if self.cancel_time is not None or counters.num_cancelled > 0:
            return "cancelled"
        return "ended" if counters.num_requests > 0 else "running"

    def _words(self, counters: _Counters) -> str:
        """A substitute for the status word, which xAI does not have."""
        if self.cancel_by_xai_message:
            return "rejected"
        progress = _progress(counters.num_success + counters.num_error, counters.num_requests)
        return progress if self.cancel_time is None else f"{progress}, cancelled"


class _Results(Struct):
    results: list[Raw] = []
    pagination_token: str | None = None


_RESULTS = Reader(_Results)


class _Page:
    """The rows in a page of results; keeps the token of the next page."""

    def __init__(self) -> None:
        self.following = ""

    def __call__(self, body: bytes) -> Iterable[bytes]:
        try:
            page = _RESULTS.decode_whole(body)
            rows = [compact(row) for row in page.results]
        except ValueError as error:
            raise ProviderError(502, f"the provider's results cannot be read: {error}") from error
        self.following = page.pagination_token or ""
        return rows


def _error_of(response: httpx.Response) -> ProviderError:
    """OpenAI's form. A key that is not valid is 400 here, as seen on the live API: its words make it 401."""
    error = errors.READER.error(response)
    if error.status == 400 and "API key" in error.message:
        return ProviderError(401, error.message, code=error.code)
    return error


READER = ResponseReader(_error_of)


_BATCHES = BatchApi(
    path="/batches",
    reader=READER,
    batch_in=lambda response: READER.read(response, _Batch).batch,
    cancel_path=":cancel",
    only_over=True,
)

retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel  # which status a batch that is over gets is not documented


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Create an empty batch; the outcome is its id."""
    response = yield post(endpoint, "/batches", {"name": str(submission.marker)})
    return READER.read(response, _Batch).batch_id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Add all requests to the batch, which starts them. The response is empty."""
    body = JsonArray(lines, _BEGINNING, _END)
    path = f"{_path(submission.input_id)}/requests"
    READER.checked((yield post_json(endpoint, path, body, {"Content-Length": str(body.size)})))
    return Batch(
        id=submission.input_id,
        state="running",
        raw_status=_progress(0, submission.lines),
        total=submission.lines,
    )


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch, if it has requests."""
    found = READER.read((yield get(endpoint, _path(submission.input_id))), _Batch)
    return found.batch if found.state is not None and found.state.num_requests > 0 else None


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the results, page by page."""
    names: list[str] = []
    for batch_id in batch.result_files:
        token = ""
        while True:
            page = _Page()
            query = f"&pagination_token={segment(token)}" if token else ""
            request = get(endpoint, f"{_path(batch_id)}/results?limit={PAGE}{query}")
            names.append((yield from saved(request, len(names), READER, page)))
            if page.following in {"", token}:
                break
            token = page.following
    return tuple(names)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Nothing: a batch holds its requests and results, expires, and no call deletes it (docs.x.ai: batch
    API reference, read 2026-11)."""
    yield from ()


def _path(batch_id: str) -> str:
    return f"/batches/{segment(batch_id)}"


def _progress(done: int, total: int) -> str:
    return f"{done} of {total} done"
