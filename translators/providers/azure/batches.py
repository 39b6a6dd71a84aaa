"""Azure's files and batches, as conversations: OpenAI's, below another address, with files that have to be
waited for (Azure: how-to/batch).
"""

from typing import IO
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict

from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.openai import batches

_VERSION = "/openai/v1"

_WAITING = frozenset({"uploaded", "pending", "running"})
"""States of a file that is not ready yet; other states than `processed` never will be."""

_NO_ROOM = "token_limit_exceeded"


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    status: str | None = None


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`."""
    return (yield from batches.upload(versioned(endpoint), submission, lines))


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`, one that passes while the file is not ready, or while other
    batches fill the deployment's quota (where Azure does not find that out later)."""
    place = versioned(endpoint)
    try:
        return (yield from batches.create(place, submission, lines))
    except ProviderError as error:
        if error.status != 400:
            raise
        refusal = error
    if refusal.code == _NO_ROOM:
        raise ProviderError(429, refusal.message, code=_NO_ROOM, retry_after=refusal.retry_after)
    file = yield _file(place, submission.input_id)
    if file.is_success and (read(file, _File).status or "").lower() in _WAITING:
        raise ProviderError(425, refusal.message, code=refusal.code)
    raise refusal


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch whose metadata holds the marker. Raises `ProviderError`."""
    return (yield from batches.find(versioned(endpoint), submission, search))


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    return (yield from batches.retrieve(versioned(endpoint), batch_id))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. Raises `ProviderError`."""
    return (yield from batches.cancel(versioned(endpoint), batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file, which may be empty. Raises `ProviderError`."""
    return (yield from batches.results(versioned(endpoint), batch))


def _file(endpoint: Endpoint, file_id: str) -> httpx.Request:
    return httpx.Request(
        "GET", f"{endpoint.base_url}/files/{quote(file_id, safe='')}", headers=endpoint.headers
    )


def versioned(endpoint: Endpoint) -> Endpoint:
    """The batch API's address; the portal shows it with its end, the SDK wants it without."""
    return Endpoint(
        base_url=f"{endpoint.base_url.removesuffix(_VERSION)}{_VERSION}", headers=endpoint.headers
    )
