"""Azure OpenAI: records as chat completions of a deployment, jobs as its batches (Azure: how-to/batch).

The format is OpenAI's; what is different is said here:

    address        the resource's, as the SDK's `azure_endpoint`; `/openai/v1` follows it
    key            in `api-key`; a token of Microsoft Entra ID as a bearer
    model          the name of a deployment of a batch SKU, which need not say which model it is of
    files          `pending` at first; a batch is refused until they are `processed`
    batches        words in either case, moments as numbers or as text, an error file of no bytes
    answers        what the content filter found beside each choice
"""

from typing import IO, Literal
from urllib.parse import quote

import httpx
from msgspec import Raw
from pydantic import BaseModel, ConfigDict

from translators.bedrock.converse import Request
from translators.errors import ProviderError
from translators.providers.answers import read
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.openai import batches, native, request
from translators.providers.openai.models import Traits, own_traits
from translators.providers.rows import Line

ENDPOINT: Literal["/chat/completions"] = "/chat/completions"
"""What lines and batches name: the documentation's samples leave the `/v1` out."""

_VERSION = "/openai/v1"

_WAITING = frozenset({"uploaded", "pending", "running"})
"""States of a file that is not ready yet; other states than `processed` never will be."""

_NO_ROOM = "token_limit_exceeded"

_UNKNOWN_MODEL = Traits()


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    status: str | None = None


def headers(key: str) -> dict[str, str]:
    """A key of the resource, or a token of Microsoft Entra ID, which is a JSON Web Token."""
    if key.startswith("eyJ") and key.count(".") == 2:
        return {"Authorization": f"Bearer {key}"}
    return {"api-key": key}


def traits(deployment: str) -> Traits:
    """What the model behind a deployment takes, as far as the deployment's name tells."""
    name = deployment.lower().replace("gpt-35", "gpt-3.5")
    return own_traits(name) or _UNKNOWN_MODEL


def line(custom_id: str, asked: Request, deployment: str) -> Line:
    """The line that asks a deployment for this record's answer. Raises `Refused`."""
    return request.line_for(custom_id, asked, deployment, traits(deployment), ENDPOINT)


def native_line(custom_id: str, model_input: Raw, deployment: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    return native.line_for(custom_id, model_input, deployment, traits(deployment), ENDPOINT)


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`."""
    return (yield from batches.upload(_v1(endpoint), submission, lines))


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`, one that passes while the file is not ready, or while other
    batches fill the deployment's quota (where Azure does not find that out later)."""
    place = _v1(endpoint)
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
    return (yield from batches.find(_v1(endpoint), submission, search))


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    return (yield from batches.retrieve(_v1(endpoint), batch_id))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. Raises `ProviderError`."""
    return (yield from batches.cancel(_v1(endpoint), batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file, which may be empty. Raises `ProviderError`."""
    return (yield from batches.results(_v1(endpoint), batch))


def _file(endpoint: Endpoint, file_id: str) -> httpx.Request:
    return httpx.Request(
        "GET", f"{endpoint.base_url}/files/{quote(file_id, safe='')}", headers=endpoint.headers
    )


def _v1(endpoint: Endpoint) -> Endpoint:
    """The batch API's address; the portal shows it with its end, the SDK wants it without."""
    return Endpoint(
        base_url=f"{endpoint.base_url.removesuffix(_VERSION)}{_VERSION}", headers=endpoint.headers
    )
