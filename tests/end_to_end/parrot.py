"""A provider that nobody has: it says what it is told. All that it takes is this module and a row.

`test_new_provider.py` puts it into a copy of the project.
"""

from collections.abc import Callable
from typing import IO

import httpx
import msgspec
from msgspec import Struct

from translators.bedrock.converse import Answer, ContentBlock, Message, Output, Request, Response, Usage
from translators.errors import ProviderError, RecordError, Refused
from translators.providers.conversation import (
    SAVE,
    Batch,
    Conversation,
    Endpoint,
    Search,
    Submission,
)
from translators.providers.rows import Line, Receipt


class _Line(Struct):
    custom_id: str
    say: str


class _Row(Struct):
    custom_id: str
    said: str


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that has the parrot say the last text. Raises `Refused`."""
    for block in reversed(request.messages[-1].content):
        if block.text is not None:
            return Line(msgspec.json.encode(_Line(custom_id, block.text)))
    raise Refused("messages", "hold no text to say")


def receipt(row: bytes) -> Receipt:
    """Whose row this is."""
    return Receipt(msgspec.json.decode(row, type=_Row).custom_id, finished=True)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError:
    """What was said."""
    said = msgspec.json.decode(row, type=_Row).said
    response = Response(
        output=Output(Message("assistant", [ContentBlock(text=said)])),
        stop_reason="end_turn",
        usage=Usage(input_tokens=1, output_tokens=1, total_tokens=2),
    )
    return Answer(response=response, id="parrot-1", model="parrot")


def upload(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
    """Nothing: the lines go along with `create`."""
    return ""
    yield


def create(endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
    """Start a batch."""
    response = yield httpx.Request(
        "PUT",
        f"{endpoint.base_url}/batches/{submission.marker}",
        headers=endpoint.headers,
        content=lines.read(),
    )
    return _batch(response)


def find(endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
    """The batch of this marker."""
    response = yield _get(endpoint, str(submission.marker))
    return None if response.status_code == 404 else _batch(response)


def retrieve(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """How it stands."""
    return _batch((yield _get(endpoint, batch_id)))


def cancel(endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
    """It is over before anybody can ask."""
    return (yield from retrieve(endpoint, batch_id))


def results(endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
    """What was said."""
    request = _get(endpoint, f"{batch.id}/said")
    request.extensions[SAVE] = "said.jsonl"
    response = yield request
    if not response.is_success:
        raise ProviderError(response.status_code, response.text)
    return ("said.jsonl",)


def _get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}/batches/{path}", headers=endpoint.headers)


def _batch(response: httpx.Response) -> Batch:
    if not response.is_success:
        raise ProviderError(response.status_code, response.text)
    told = response.json()
    return Batch(
        id=told["id"],
        state="ended" if told["done"] else "running",
        raw_status=str(told["done"]),
        total=told["total"],
        succeeded=told["total"],
        result_files=("said",),
    )
