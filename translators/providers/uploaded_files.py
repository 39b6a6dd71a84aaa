"""Batches over uploaded files: OpenAI's Files and Batch APIs, which other providers and servers offer too
(OpenAI: api-reference files, batch; guides/batch).

Responses are read tolerantly: only the members in use, and those may be null, absent or empty.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import IO, Annotated

import httpx
from pydantic import AfterValidator

from translators.errors import ProviderError
from translators.providers.api_requests import delete as delete_request
from translators.providers.api_requests import get, post, post_form, segment
from translators.providers.api_responses import Received, ResponseReader
from translators.providers.batch_calls import (
    CLOCKS_DIFFER_BY,
    BatchApi,
    as_it_is,
    deleted,
    is_older,
    saved,
    searched,
)
from translators.providers.chat_completions.errors import READER
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, State, Submission

MARKER_KEY = "bedrock_batch"
"""Key of our marker in a batch's metadata; the one field of a batch that is ours to write."""

PAGE = 100
"""The most batches that one page of the list may have."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "completed": "ended",
        "failed": "failed",
        "expired": "expired",
        "cancelled": "cancelled",
    }
)
"""Others: validating, in_progress, finalizing, cancelling."""


EXPIRY = {"anchor": "created_at", "seconds": 14 * 86_400}
"""When files delete themselves, if nothing else deletes them: after the longest job, and the day that its
results are tried to be published. OpenAI takes 1 hour to 30 days (openai 2.0: types/file_create_params.py),
Azure 14 to 30 (Azure: how-to/batch, read 2026-11), where files with an expiry have a higher limit."""

_TOO_MANY = re.compile(r"quota for files|(too many|maximum number of) files", re.IGNORECASE)
"""Azure/azure-sdk-for-java#47401 (2025-11): 400, code quotaExceeded, "The quota for files without expiry is
reached. The maximum is 500."."""


class File(Received):
    id: str


@dataclass(frozen=True, kw_only=True)
class FileApi:
    """Conversations that upload the lines as a file and download result files by their ids."""

    reader: ResponseReader
    path: str = "/files"
    at: Callable[[Endpoint], Endpoint] = as_it_is
    expires: bool = False
    """Whether uploads can have an expiry."""

    def upload(self, endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
        """Upload the lines; the outcome is the file's id. A refusal because too many files are kept is raised
        as one that passes."""
        place, name = self.at(endpoint), str(submission.marker)
        expiry = {f"expires_after[{member}]": str(value) for member, value in EXPIRY.items()}
        fields = {"purpose": "batch"}
        with_expiry = {**fields, **expiry} if self.expires else fields
        response = yield post_form(place, self.path, name, lines, fields=with_expiry)
        if self.expires and _knows_no_expiry(response):
            response = yield post_form(place, self.path, name, lines, fields=fields)
        if response.is_client_error and _TOO_MANY.search(response.text):
            message = f"{self.reader.error(response).message} Delete files there that nothing needs any more."
            raise ProviderError(429, message)
        return self.reader.read(response, File).id

    def results(self, endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
        """Download the output file and the error file, whichever exist."""
        names: list[str] = []
        for file_id in batch.result_files:
            request = get(self.at(endpoint), f"{self.path}/{segment(file_id)}/content")
            names.append((yield from saved(request, len(names), self.reader)))
        return tuple(names)

    def delete(self, endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
        """Delete the input file and the result files."""
        place = self.at(endpoint)
        files = filter(None, (input_id, *batch.result_files))
        yield from deleted(
            (delete_request(place, f"{self.path}/{segment(file_id)}") for file_id in files), self.reader
        )


def _knows_no_expiry(response: httpx.Response) -> bool:
    """Whether a server with OpenAI's API refuses an expiry, as Perplexity does (its docs, read 2026-11)."""
    return response.status_code in {400, 422} and "expires_after" in response.text


_ABOUT_THE_BATCH = frozenset(
    {
        "empty_file",
        "mismatched_model",
        "model_mismatch",
        "model_not_found",
        "too_many_tasks",
        "token_limit_exceeded",
        "url_mismatch",
    }
)
"""Codes of errors that are no single request's, although one may be named."""


class _LineError(Received):
    code: str | None = None
    message: str | None = None
    param: str | None = None
    line: int | None = None


class _Errors(Received):
    data: tuple[_LineError, ...] | None = None


class _Counts(Received):
    total: int | None = None
    completed: int | None = None
    failed: int | None = None


class _Batch(Received):
    id: str
    status: str
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _Errors | tuple[_LineError, ...] | None = None
    request_counts: _Counts | None = None


def state_of(status: str) -> State:
    """State of a batch with this status, which is in capitals at some."""
    return _STATES.get(status.lower(), "running")


def result_files(*ids: str | None) -> tuple[str, ...]:
    """The ids of the files that exist."""
    return tuple(filter(None, ids))


def _batch_in(response: httpx.Response) -> Batch:
    found = READER.read(response, _Batch)
    errors = (found.errors.data or ()) if isinstance(found.errors, _Errors) else (found.errors or ())
    counts = found.request_counts or _Counts()
    return Batch(
        id=found.id,
        state=state_of(found.status),
        raw_status=found.status,
        total=counts.total or 0,
        succeeded=counts.completed or 0,
        failed=counts.failed or 0,
        errors=tuple(map(_error_text, errors)),
        result_files=result_files(found.output_file_id, found.error_file_id),
        code=next((error.code for error in errors if error.code is not None), None),
    )


def _error_text(error: _LineError) -> str:
    text = error.message or "no reason given"
    if error.code is not None:
        text = f"{text} ({error.code})"
    about_all = error.code in _ABOUT_THE_BATCH or error.param == "body.model"
    return text if error.line is None or about_all else f"line {error.line}: {text}"


FILES = FileApi(reader=READER, expires=True)
BATCHES = BatchApi(path="/batches", reader=READER, batch_in=_batch_in, over=frozenset({409}))

upload = FILES.upload
results = FILES.results
delete = FILES.delete
retrieve = BATCHES.retrieve
cancel = BATCHES.cancel


def create(
    endpoint: Endpoint, submission: Submission, lines: IO[bytes], *, expires: bool = True
) -> Conversation[Batch]:
    """A file can be unknown to the Batch API for a while after its upload (400 "Cannot find file …"). When
    the Files API knows it, the refusal is raised as one that passes."""
    members: dict[str, object] = {
        "input_file_id": submission.input_id,
        "endpoint": submission.group,
        "completion_window": "24h",
        "metadata": {MARKER_KEY: str(submission.marker)},
    }
    with_expiry = {**members, "output_expires_after": EXPIRY} if expires else members
    response = yield post(endpoint, "/batches", with_expiry)
    if expires and _knows_no_expiry(response):
        response = yield post(endpoint, "/batches", members)
    if response.status_code == 400 and "Cannot find file" in response.text:
        file = yield get(endpoint, f"/files/{segment(submission.input_id)}")
        if file.is_success:
            refusal = READER.error(response)
            raise ProviderError(409, refusal.message, code=refusal.code)
    return _batch_in(response)


def _in_a_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class _Listed(Received):
    """Members of a batch that a search needs; the list also has batches of other programs, in any form."""

    id: str
    created_at: Annotated[datetime, AfterValidator(_in_a_zone)] | None = None
    """Unix seconds; ISO 8601 at some, with or without a zone."""
    input_file_id: str | None = None
    metadata: dict[str, object] | None = None

    def is_of(self, submission: Submission) -> bool:
        """The marker decides; where the server keeps no metadata, the input, which one submission has."""
        written = (self.metadata or {}).get(MARKER_KEY)
        if written is not None:
            return written == str(submission.marker)
        return self.input_file_id == submission.input_id


class _Paging(Received):
    next_cursor: str | None = None


class _Page(Received):
    data: tuple[_Listed, ...]
    has_more: bool = False
    paging: _Paging | None = None
    """Groq's reference to the next page, instead of `has_more`."""

    def following(self, since: float) -> str:
        """The query of the next page, empty where no batch of the time since then follows."""
        if not self.data or is_older(self.data[0].created_at, self.data[-1].created_at, since):
            return ""
        if self.paging is not None and self.paging.next_cursor:
            return f"&cursor={segment(self.paging.next_cursor)}"
        return f"&after={segment(self.data[-1].id)}" if self.has_more else ""


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch with the marker in its metadata; at a server that keeps no metadata, the one of our input.

    The list has no filter and no documented order. It is left early only where it runs from new to old.
    """

    def look(response: httpx.Response) -> tuple[str | None, str]:
        page = READER.read(response, _Page)
        ours = next((found.id for found in page.data if found.is_of(submission)), None)
        return ours, page.following(search.since - CLOCKS_DIFFER_BY)

    ours = yield from searched(lambda place: get(endpoint, f"/batches?limit={PAGE}{place}"), look)
    return None if ours is None else (yield from retrieve(endpoint, ours))
