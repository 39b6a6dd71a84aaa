"""OpenAI's Files and Batch APIs, as conversations (OpenAI: api-reference files, batch; guides/batch).

Answers are read tolerantly: only the members in use, and those may be null, absent or empty.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import IO, Annotated
from urllib.parse import quote

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    State,
    Submission,
)
from translators.providers.openai.errors import checked, provider_error

MARKER_KEY = "bedrock_batch"
"""Where a batch's metadata holds our marker; the one field of a batch that is ours to write."""

PAGE = 100
"""The most batches that one page of the list may have."""

CLOCKS_DIFFER_BY = 3600.0
"""Seconds by which the provider's clock may be behind ours."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "validating": "running",
        "in_progress": "running",
        "finalizing": "running",
        "cancelling": "running",
        "completed": "ended",
        "failed": "failed",
        "expired": "expired",
        "cancelled": "cancelled",
    }
)
"""A word that is not here counts as running: the provider may add one, and the job's own time-out ends it."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _File(_Wire):
    id: str


class _LineError(_Wire):
    code: str | None = None
    message: str | None = None
    line: int | None = None


class _Errors(_Wire):
    data: tuple[_LineError, ...] | None = None


class _Counts(_Wire):
    total: int | None = None
    completed: int | None = None
    failed: int | None = None


class _Batch(_Wire):
    id: str
    status: str
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _Errors | tuple[_LineError, ...] | None = None
    request_counts: _Counts | None = None


def _in_a_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class _Listed(_Wire):
    """As much of a batch as tells whose it is; the list also has batches that others made."""

    id: str
    created_at: Annotated[datetime, AfterValidator(_in_a_zone)] | None = None
    """Unix seconds; ISO 8601 at some, with or without a zone."""
    input_file_id: str | None = None
    metadata: dict[str, object] | None = None


class _Paging(_Wire):
    next_cursor: str | None = None


class _Page(_Wire):
    data: tuple[_Listed, ...]
    has_more: bool = False
    paging: _Paging | None = None
    """Groq's way to the next page, instead of `has_more`."""


def state_of(status: str) -> State:
    """What the provider's word for how a batch stands means; in capitals at some."""
    return _STATES.get(status.lower(), "running")


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`."""
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary={MARKER_KEY}-{submission.marker}"
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/files",
        headers={**endpoint.headers, "Content-Type": content_type},
        data={"purpose": "batch"},
        files={"file": (f"{submission.marker}.jsonl", lines, "application/octet-stream")},
    )
    return _read(response, _File).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`.

    A file can be unknown to the Batch API for a while after its upload (400 "Cannot find file …"). When
    the Files API knows it, the refusal is raised as one that passes.
    """
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batches",
        headers=endpoint.headers,
        json={
            "input_file_id": submission.input_id,
            "endpoint": submission.group,
            "completion_window": "24h",
            "metadata": {MARKER_KEY: str(submission.marker)},
        },
    )
    if response.status_code == 400 and "Cannot find file" in response.text:
        file = yield _get(endpoint, f"files/{quote(submission.input_id, safe='')}")
        if file.is_success:
            refusal = provider_error(response)
            raise ProviderError(409, refusal.message, code=refusal.code)
    return _batch(_read(response, _Batch))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch whose metadata holds the marker; at a server that keeps no metadata, the one that was made
    of our input. Raises `ProviderError`.

    The list has no filter and no documented order. It is left early only where it runs from new to old.
    """
    place = ""
    while True:
        page = _read((yield _get(endpoint, f"batches?limit={PAGE}{place}")), _Page)
        for found in page.data:
            if _is_ours(found, submission):
                return (yield from retrieve(endpoint, found.id))
        following = _following(page)
        if following is None or _older(page.data, search.since - CLOCKS_DIFFER_BY):
            return None
        if following == place:
            return None  # a server that does not page and says that there is more
        place = following


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    return _batch(_read((yield _get(endpoint, f"batches/{quote(batch_id, safe='')}")), _Batch))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. 409 says that the batch is over already. Raises `ProviderError`."""
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batches/{quote(batch_id, safe='')}/cancel",
        headers=endpoint.headers,
    )
    if response.status_code == 409:
        return (yield from retrieve(endpoint, batch_id))
    return _batch(_read(response, _Batch))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file, whichever exist. Raises `ProviderError`."""
    names: list[str] = []
    for number, file_id in enumerate(batch.result_files):
        name = f"results-{number}.jsonl"
        request = _get(endpoint, f"files/{quote(file_id, safe='')}/content")
        request.extensions[SAVE] = name
        checked((yield request))
        names.append(name)
    return tuple(names)


def _get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}/{path}", headers=endpoint.headers)


def _read[Shape: BaseModel](response: httpx.Response, shape: type[Shape]) -> Shape:
    return read(checked(response), shape)


def _following(page: _Page) -> str | None:
    """Where the next page is; None after the last."""
    if not page.data:
        return None
    if page.paging is not None and page.paging.next_cursor:
        return f"&cursor={quote(page.paging.next_cursor, safe='')}"
    return f"&after={quote(page.data[-1].id, safe='')}" if page.has_more else None


def _older(page: tuple[_Listed, ...], since: float) -> bool:
    """Whether the page runs from new to old and what follows it was created before `since`."""
    first, last = page[0].created_at, page[-1].created_at
    if first is None or last is None:
        return False
    return last <= first and last.timestamp() < since


def _is_ours(batch: _Listed, submission: Submission) -> bool:
    """The marker decides; where the server kept no metadata, the input, which is one submission's alone."""
    written = (batch.metadata or {}).get(MARKER_KEY)
    if written is not None:
        return written == str(submission.marker)
    return batch.input_file_id == submission.input_id


def _batch(read: _Batch) -> Batch:
    errors = (read.errors.data or ()) if isinstance(read.errors, _Errors) else (read.errors or ())
    counts = read.request_counts or _Counts()
    return Batch(
        id=read.id,
        state=state_of(read.status),
        raw_status=read.status,
        total=counts.total or 0,
        succeeded=counts.completed or 0,
        failed=counts.failed or 0,
        errors=tuple(_line_error(error) for error in errors),
        result_files=tuple(file for file in (read.output_file_id, read.error_file_id) if file),
        code=next((error.code for error in errors if error.code is not None), None),
    )


def _line_error(error: _LineError) -> str:
    text = error.message or "no reason given"
    if error.code is not None:
        text = f"{text} ({error.code})"
    return text if error.line is None else f"line {error.line}: {text}"
