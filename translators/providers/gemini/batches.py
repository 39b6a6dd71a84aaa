"""Gemini's Batch and Files APIs, as conversations (Gemini: docs/batch-api, api/batch-api, docs/files).

A few small lines go inside the request that starts the batch, and their answers lie inside the batch; more go
as a file, and come back as one. Embeddings always go as a file: only there have they keys.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import (
    LINES,
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    Submission,
)
from translators.providers.gemini.errors import checked, provider_error
from translators.providers.gemini.operations import Wire, batch_of, has_just_ended, operation_of, rows
from translators.providers.gemini.request import GENERATE
from translators.providers.gemini.uploads import File, uploaded
from translators.providers.pieces import size_of

INLINE_LINES = 100
INLINE_BYTES = 1_000_000
"""What goes inside the request. Google takes 20 MB, but every look at the batch then brings all answers
along, and above some size it brings none (googleapis/python-genai#2519)."""

PAGE = 100
"""Batches on one page of the list."""

CLOCKS_DIFFER_BY = 3600.0
"""Seconds by which the provider's clock may be behind ours."""


class _ListedMetadata(Wire):
    display_name: object = None
    create_time: datetime | None = None


class _Listed(Wire):
    """As much of a batch as tells whose it is; the list also has batches that others made."""

    name: str
    metadata: _ListedMetadata = _ListedMetadata()


class _Page(Wire):
    operations: tuple[_Listed, ...] = ()
    next_page_token: str = ""


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its name, empty when they are few.

    Raises `ProviderError`.
    """
    few = submission.lines <= INLINE_LINES and size_of(lines) <= INLINE_BYTES
    if few and submission.group == GENERATE:
        return ""
    file = yield from uploaded(endpoint, str(submission.marker), lines)
    if file.state == "FAILED":
        raise ProviderError(400, f"the uploaded file cannot be used: {file.error.message}")
    return file.name


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`.

    A file that the service is still looking at is refused; such a refusal is raised as one that passes.
    """
    response = yield httpx.Request(
        "POST",
        f"{place(endpoint, 'models', submission.model)}:{submission.group}",
        headers={**endpoint.headers, "Content-Type": "application/json"},
        content=_creation(submission, lines),
    )
    if response.status_code == 400 and submission.input_id:
        file = yield _get(endpoint, place(endpoint, "files", submission.input_id))
        if file.is_success and read(file, File).state == "PROCESSING":
            refusal = provider_error(response)
            raise ProviderError(409, refusal.message, code=refusal.code)
    return batch_of(response)


class _Line(Struct):
    key: str
    request: Raw


class _Key(Struct):
    key: str


class _InlineRequest(Struct):
    request: Raw
    metadata: _Key


_LINE = msgspec.json.Decoder(_Line)


def _creation(submission: Submission, lines: IO[bytes]) -> bytes:
    source: dict[str, object]
    if not submission.input_id:
        source = {"requests": {"requests": list(_inline(lines))}}
    elif submission.group == GENERATE:
        source = {"fileName": submission.input_id}
    else:
        source = {"file_name": submission.input_id}  # as google-genai spells it for embeddings
    return msgspec.json.encode({"batch": {"displayName": str(submission.marker), "inputConfig": source}})


def _inline(lines: IO[bytes]) -> Iterator[_InlineRequest]:
    lines.seek(0)
    for line in lines:
        told = _LINE.decode(line)
        yield _InlineRequest(told.request, _Key(told.key))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that bears the marker as its display name. Raises `ProviderError`.

    The list has no filter and no documented order. It is left early only where it runs from new to old.
    """
    token = ""
    while True:
        following = f"&pageToken={quote(token, safe='')}" if token else ""
        url = f"{endpoint.base_url}/v1beta/batches?pageSize={PAGE}{following}"
        page = read(checked((yield _get(endpoint, url))), _Page)
        for found in page.operations:
            if found.metadata.display_name == str(submission.marker):
                return (yield from retrieve(endpoint, found.name))
        if page.next_page_token in {"", token} or _older(page.operations, search.since - CLOCKS_DIFFER_BY):
            return None
        token = page.next_page_token


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    return batch_of((yield _get(endpoint, place(endpoint, "batches", batch_id))))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. A batch that refuses it, being over perhaps, is reported as it stands.

    Raises `ProviderError`.
    """
    response = yield httpx.Request(
        "POST", f"{place(endpoint, 'batches', batch_id)}:cancel", headers=endpoint.headers
    )
    if response.status_code not in {400, 409}:
        checked(response)
    return (yield from retrieve(endpoint, batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the file of results, or the batch itself where they lie inside. Raises `ProviderError`."""
    names: list[str] = []
    for number, source in enumerate(batch.result_files):
        name = f"results-{number}.jsonl"
        if source.startswith("batches/"):
            request = _get(endpoint, place(endpoint, "batches", source))
            request.extensions[LINES] = rows
        else:
            file = place(endpoint, "files", source, service="download/v1beta")
            request = _get(endpoint, f"{file}:download?alt=media")
        request.extensions[SAVE] = name
        response = yield request
        if response.status_code == 404:
            yield from _not_there(endpoint, batch, response)
        checked(response)
        names.append(name)
    return tuple(names)


def _not_there(endpoint: Endpoint, batch: Batch, missing: httpx.Response) -> Conversation[None]:
    """Whether results that are not found may yet come. Raises a `ProviderError` that passes if so."""
    response = yield _get(endpoint, place(endpoint, "batches", batch.id))
    if response.is_success and has_just_ended(operation_of(response), response):
        refusal = provider_error(missing)
        raise ProviderError(425, refusal.message, code=refusal.code)


def _get(endpoint: Endpoint, url: str) -> httpx.Request:
    return httpx.Request("GET", url, headers=endpoint.headers)


def place(endpoint: Endpoint, kind: str, name: str, *, service: str = "v1beta") -> str:
    """The URL of a resource, whose name may or may not say its kind already."""
    return f"{endpoint.base_url}/{service}/{kind}/{quote(name.removeprefix(f'{kind}/'), safe='')}"


def _older(page: tuple[_Listed, ...], since: float) -> bool:
    """Whether the page runs from new to old and what follows it was created before `since`."""
    times = [found.metadata.create_time for found in page]
    if not times or times[0] is None or times[-1] is None:
        return False
    first, last = times[0].timestamp(), times[-1].timestamp()
    return last <= first and last < since
