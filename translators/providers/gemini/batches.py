"""Gemini's Batch and Files APIs (Gemini: docs/batch-api, api/batch-api, docs/files).

A few small lines go inside the request that creates the batch, and their answers lie inside the batch; more
go as a file, and come back as one. Embeddings always go as a file: only there have they keys.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.api_requests import delete as delete_request
from translators.providers.api_requests import get, post_json, segment
from translators.providers.api_responses import CamelReceived, read
from translators.providers.batch_calls import CLOCKS_DIFFER_BY, BatchApi, deleted, is_older, saved, searched
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.gemini.errors import READER
from translators.providers.gemini.operations import batch_in, has_just_ended, operation_in, rows
from translators.providers.gemini.request import GENERATE
from translators.providers.gemini.uploads import File, uploaded
from translators.providers.request_bodies import size_of

INLINE_LINES = 100
INLINE_BYTES = 1_000_000
"""Limits of lines inside the request. Google takes 20 MB, but every look at the batch then brings all answers
along, and above some size it brings none (googleapis/python-genai#2519)."""

PAGE = 100
"""Batches on one page of the list."""


class _ListedMetadata(CamelReceived):
    display_name: object = None
    create_time: datetime | None = None


class _Listed(CamelReceived):
    """Members of a batch that a search needs; the list also has batches of other programs, in any form."""

    name: str
    metadata: _ListedMetadata = _ListedMetadata()


class _Page(CamelReceived):
    operations: tuple[_Listed, ...] = ()
    next_page_token: str = ""

    def following(self, since: float) -> str:
        """The token of the next page, empty where no batch of the time since then follows."""
        times = [found.metadata.create_time for found in self.operations] or [None]
        return "" if is_older(times[0], times[-1], since) else self.next_page_token


def path_of(kind: str, name: str) -> str:
    """The path of a resource; the name may or may not begin with the kind already."""
    return f"/v1beta/{kind}/{segment(name.removeprefix(f'{kind}/'))}"


_BATCHES = BatchApi(
    path="/v1beta/batches",
    reader=READER,
    batch_in=batch_in,
    segment=lambda name: segment(name.removeprefix("batches/")),
    cancel_path=":cancel",
    cancel_returns_batch=False,
)

retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Upload the lines as a file; the outcome is its name, empty when they are few."""
    few = submission.lines <= INLINE_LINES and size_of(lines) <= INLINE_BYTES
    if few and submission.group == GENERATE:
        return ""
    file = yield from uploaded(endpoint, str(submission.marker), lines)
    if file.state == "FAILED":
        raise ProviderError(400, f"the uploaded file cannot be used: {file.error.message}")
    return file.name


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """A file that the service still checks is refused; such a refusal is raised as one that passes."""
    path = f"{path_of('models', submission.model)}:{submission.group}"
    response = yield post_json(endpoint, path, _creation(submission, lines))
    if response.status_code == 400 and submission.input_id:
        file = yield get(endpoint, path_of("files", submission.input_id))
        if file.is_success and read(file, File).state == "PROCESSING":
            refusal = READER.error(response)
            raise ProviderError(409, refusal.message, code=refusal.code)
    return batch_in(response)


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
        keyed = _LINE.decode(line)
        yield _InlineRequest(keyed.request, _Key(keyed.key))


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that has the marker as its display name.

    The list has no filter and no documented order. It is left early only where it runs from new to old.
    """

    def look(response: httpx.Response) -> tuple[str | None, str]:
        page = READER.read(response, _Page)
        marker = str(submission.marker)
        ours = (found.name for found in page.operations if found.metadata.display_name == marker)
        return next(ours, None), page.following(search.since - CLOCKS_DIFFER_BY)

    def page_at(token: str) -> httpx.Request:
        following = f"&pageToken={segment(token)}" if token else ""
        return get(endpoint, f"{_BATCHES.path}?pageSize={PAGE}{following}")

    ours = yield from searched(page_at, look)
    return None if ours is None else (yield from retrieve(endpoint, ours))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Download the file of results, or the batch itself where they lie inside."""
    names: list[str] = []
    for source in batch.result_files:
        if inside := source.startswith("batches/"):
            path = path_of("batches", source)
        else:
            path = f"/download{path_of('files', source)}:download?alt=media"
        try:
            name = yield from saved(get(endpoint, path), len(names), READER, rows if inside else None)
        except ProviderError as error:
            if error.status == 404:
                yield from _not_there(endpoint, batch, error)
            raise
        names.append(name)
    return tuple(names)


def delete(endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
    """Delete the uploaded file, which else is kept for 48 hours, and a batch that holds its results itself.

    A file of results cannot be deleted: its id is longer than the call takes (googleapis/python-genai#1759,
    2026-09).
    """
    inside = (name for name in batch.result_files if name.startswith("batches/"))
    paths = [path_of("files", input_id)] if input_id else []
    paths += [path_of("batches", name) for name in inside]
    yield from deleted((delete_request(endpoint, path) for path in paths), READER)


def _not_there(endpoint: Endpoint, batch: Batch, missing: ProviderError) -> Conversation[None]:
    """Raise an error that passes where results that are not found may yet come."""
    response = yield get(endpoint, path_of("batches", batch.id))
    if response.is_success and has_just_ended(operation_in(response), response):
        raise ProviderError(425, missing.message, code=missing.code)
