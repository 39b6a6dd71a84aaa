"""Azure's files and batches: OpenAI's, below another address, with files that have to be waited for (Azure:
how-to/batch)."""

from dataclasses import replace
from typing import IO

from translators.errors import ProviderError
from translators.providers import uploaded_files
from translators.providers.api_requests import get, segment
from translators.providers.api_responses import Received, read
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission

_VERSION = "/openai/v1"

_WAITING = frozenset({"uploaded", "pending", "running"})
"""States of a file that is not ready yet; other states than `processed` never will be."""

_NO_ROOM = "token_limit_exceeded"


class _File(Received):
    status: str | None = None


def versioned(endpoint: Endpoint) -> Endpoint:
    """The batch API's address; the portal shows it with its end, the SDK wants it without."""
    return replace(endpoint, base_url=f"{endpoint.base_url.removesuffix(_VERSION)}{_VERSION}")


_FILES = replace(uploaded_files.FILES, at=versioned)
_BATCHES = replace(uploaded_files.BATCHES, at=versioned)

upload = _FILES.upload
results = _FILES.results
delete = _FILES.delete
retrieve = _BATCHES.retrieve
cancel = _BATCHES.cancel


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    return uploaded_files.find(versioned(endpoint), submission, search)


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Create the batch. Raises `ProviderError`, one that passes while the file is not ready, or while other
    batches fill the deployment's quota (where Azure does not find that out later)."""
    place = versioned(endpoint)
    try:
        return (yield from uploaded_files.create(place, submission, lines))
    except ProviderError as error:
        if error.status != 400:
            raise
        refusal = error
    if refusal.code == _NO_ROOM:
        raise ProviderError(429, refusal.message, code=_NO_ROOM, retry_after=refusal.retry_after)
    file = yield get(place, f"/files/{segment(submission.input_id)}")
    if file.is_success and (read(file, _File).status or "").lower() in _WAITING:
        raise ProviderError(425, refusal.message, code=refusal.code)
    raise refusal
