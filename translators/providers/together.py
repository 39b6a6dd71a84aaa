"""Together AI: records as chat completions, jobs as batches (Together: docs/inference/batch, reference;
together 3.1: types/batch_job.py).

The format is OpenAI's; what is different is said here:

    lines          no method and no URL
    messages       several texts of a message are joined: only a user's may have parts
    files          uploaded for `batch-api`, by a call of its own
    batches        the answer to a creation is wrapped in `job`; words in capitals, no counts, no metadata;
                   the list is a bare array, and a batch is ours when it was made of our file
    answers        `eos` where a model ended by itself; reasoning in fields of its own, or in the text between
                   `<think>` and `</think>`
"""

from collections.abc import Callable
from typing import IO, Literal
from urllib.parse import quote

import httpx
from msgspec import Raw
from pydantic import BaseModel, ConfigDict, RootModel

from translators.bedrock.converse import Answer, Note, Request
from translators.errors import RecordError
from translators.providers.answers import read
from translators.providers.conversation import Batch, Conversation, Endpoint, Search, Submission
from translators.providers.openai import batches, native, request, response
from translators.providers.openai.errors import checked
from translators.providers.openai.lines import short_line_of
from translators.providers.openai.models import Traits
from translators.providers.openai.rows import body_of
from translators.providers.rows import Line, Unfinished

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"

_MANNER = response.Manner(think_tags=True)

_ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "seed"),
        *("top_k", "min_p", "repetition_penalty"),
        *("chat_template_kwargs", "context_length_exceeded_behavior", "echo", "reasoning", "safety_model"),
    }
)
_OFF = Raw(b'{"enabled":false}')


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _File(_Wire):
    id: str


class _Known(_Wire):
    """What the refusal of a file says that is there already."""

    file_id: str


class _Job(_Wire):
    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    error: str | None = None


class _Created(_Wire):
    job: _Job


class _Jobs(RootModel[tuple[_Job, ...]]):
    pass


_TRAITS = Traits(
    limit="max_tokens",
    efforts=("none", "low", "medium", "high"),
    additional=_ADDITIONAL,
    lenient=True,
    most_stop_sequences=None,
    files=False,
    text_parts=False,
)
"""Together serves many models, and says of few what they take."""


def line(custom_id: str, asked: Request, model: str) -> Line:
    """The line that asks Together for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    body = request.body_for(asked, model, _TRAITS, notes)
    if body.get("reasoning_effort") == "none":
        _switch_off(body)
    return short_line_of(custom_id, ENDPOINT, body, notes)


def native_line(custom_id: str, model_input: Raw, model: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    notes: list[Note] = []
    body: dict[str, object] = {**native.body_for(model_input, model, _TRAITS, notes)}
    if body.get("reasoning_effort") == Raw(b'"none"'):
        _switch_off(body)
    return short_line_of(custom_id, ENDPOINT, body, notes)


def _switch_off(body: dict[str, object]) -> None:
    """Reasoning has a switch of its own, beside the efforts."""
    del body["reasoning_effort"]
    body["reasoning"] = _OFF


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    return response.answer_in(body, asked, _MANNER) if isinstance(body, Raw) else body


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Hand over the lines as a file; the outcome is its id. Raises `ProviderError`.

    A file that is there already, of an upload whose answer was lost, is refused with its id.
    """
    name = f"{submission.marker}.jsonl"
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    content_type = f"multipart/form-data; boundary={batches.MARKER_KEY}-{submission.marker}"
    answered = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/files/upload",
        headers={**endpoint.headers, "Content-Type": content_type},
        data={"purpose": "batch-api", "file_name": name, "file_type": "jsonl"},
        files={"file": (name, lines, "application/octet-stream")},
    )
    if answered.status_code == 409:
        return read(answered, _Known).file_id
    return read(checked(answered), _File).id


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start the batch. Raises `ProviderError`."""
    answered = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/batches",
        headers=endpoint.headers,
        json={
            "input_file_id": submission.input_id,
            "endpoint": submission.group,
            "completion_window": "24h",
        },
    )
    return _batch(read(checked(answered), _Created).job)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch that was made of our file, and is not that of an earlier round. Raises `ProviderError`."""
    listed = yield httpx.Request("GET", f"{endpoint.base_url}/batches", headers=endpoint.headers)
    for job in read(checked(listed), _Jobs).root:
        if job.input_file_id == submission.input_id and job.id not in search.claimed:
            return _batch(job)
    return None


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How the batch stands. Raises `ProviderError`."""
    answered = yield httpx.Request("GET", _url(endpoint, batch_id), headers=endpoint.headers)
    return _batch(read(checked(answered), _Job))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """Ask for the end. What is said of a batch that is over already is not documented: where it is refused,
    the batch is reported as it stands. Raises `ProviderError`."""
    url = f"{_url(endpoint, batch_id)}/cancel"
    answered = yield httpx.Request("POST", url, headers=endpoint.headers)
    if answered.status_code in {400, 409}:
        return (yield from retrieve(endpoint, batch_id))
    return _batch(read(checked(answered), _Job))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """Fetch the output file and the error file. Raises `ProviderError`."""
    return (yield from batches.results(endpoint, batch))


def _url(endpoint: Endpoint, batch_id: str) -> str:
    return f"{endpoint.base_url}/batches/{quote(batch_id, safe='')}"


def _batch(job: _Job) -> Batch:
    return Batch(
        id=job.id,
        state=batches.state_of(job.status),
        raw_status=job.status,
        errors=() if not job.error else (job.error,),
        result_files=tuple(file for file in (job.output_file_id, job.error_file_id) if file),
    )
