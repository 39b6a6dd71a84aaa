"""Batches in responses: long-running operations (Gemini: api/batch-api, docs/batch-api).

Read tolerantly: counts are text, what is zero is left out, so is `done` while it is false, and answers inside
the batch stand there twice.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

import httpx
import msgspec
from msgspec import Raw, Struct

from translators.errors import ProviderError
from translators.providers.answers.received import Reader, compact
from translators.providers.api_responses import CamelReceived
from translators.providers.conversation import Batch, State
from translators.providers.damaged_json import elements, repaired
from translators.providers.gemini.errors import READER
from translators.providers.grpc_status import Status

LATEST_OUTPUT = 3600.0
"""Seconds after its end in which a batch may be without its results (tidyverse/ellmer#926 waits for them)."""

_STATES: Mapping[str, State] = MappingProxyType(
    {
        "PENDING": "running",
        "RUNNING": "running",
        "SUCCEEDED": "ended",
        "FAILED": "failed",
        "CANCELLED": "cancelled",
        "EXPIRED": "expired",
    }
)
"""Without the prefix, which is `BATCH_STATE_` in responses and `JOB_STATE_` in samples of the guide."""


class _Error(CamelReceived):
    code: int = 0
    message: str = ""


class _Counts(CamelReceived):
    request_count: int = 0
    successful_request_count: int = 0
    failed_request_count: int = 0


class _Output(CamelReceived):
    responses_file: str | None = None
    inlined_responses: object = None


class _BatchMetadata(CamelReceived):
    state: str = ""
    end_time: datetime | None = None
    batch_stats: _Counts = _Counts()
    output: _Output | None = None


class Operation(CamelReceived):
    name: str
    metadata: _BatchMetadata = _BatchMetadata()
    done: bool = False
    error: _Error | None = None
    response: _Output | None = None

    @property
    def result_files(self) -> tuple[str, ...]:
        """The file of results, or the batch itself when they lie inside."""
        output = self.metadata.output or self.response or _Output()
        if output.responses_file is not None:
            return (output.responses_file,)
        return (self.name,) if output.inlined_responses is not None else ()


def batch_in(response: httpx.Response) -> Batch:
    """The batch in a response. Raises `ProviderError`."""
    operation = operation_in(response)
    counts = operation.metadata.batch_stats
    error = operation.error
    return Batch(
        id=operation.name,
        state=_state(operation, response),
        raw_status=operation.metadata.state,
        total=counts.request_count,
        succeeded=counts.successful_request_count,
        failed=counts.failed_request_count,
        errors=() if error is None else (Status(error.code, error.message).text,),
        result_files=operation.result_files,
        code=None if error is None else Status(error.code).word,
    )


def operation_in(response: httpx.Response) -> Operation:
    """The operation in a response. Raises `ProviderError`."""
    return READER.read(response, Operation)


def _state(operation: Operation, response: httpx.Response) -> State:
    """A word that is not known counts as running while the operation is not done: Google may add one."""
    word = operation.metadata.state.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    state = _STATES.get(word)
    if state is None:
        if not operation.done:
            return "running"
        return "ended" if operation.error is None else "failed"
    if state == "ended" and not operation.result_files and has_just_ended(operation, response):
        return "running"
    return state


def has_just_ended(operation: Operation, response: httpx.Response) -> bool:
    """Whether the batch ended so shortly before this response, by its own clock, that results which
    are missing may yet come."""
    ended = operation.metadata.end_time
    try:
        now = parsedate_to_datetime(response.headers.get("date", ""))
        return ended is not None and (now - ended).total_seconds() < LATEST_OUTPUT
    except (ValueError, TypeError):  # no date, or one of the two without its zone
        return False


class _Metadata(Struct):
    key: str | None = None


class _Inline(Struct):
    metadata: _Metadata | None = None
    response: Raw = Raw(b"")
    error: Raw = Raw(b"")


class _Inlined(Struct, rename="camel"):
    inlined_responses: list[_Inline]


class _InlineOutput(Struct, rename="camel"):
    inlined_responses: _Inlined


class _InlineMetadata(Struct):
    output: _InlineOutput


class _InlineOperation(Struct):
    metadata: _InlineMetadata


_INLINE = Reader(_InlineOperation)
_ANSWER = Reader(_Inline)


def rows(body: bytes) -> Iterator[bytes]:
    """The answers inside a batch, as the rows that a file of results would have. Raises `ProviderError`.

    An answer may lack its key (googleapis/python-genai#1886); its row has none either.
    """
    try:
        answers = _INLINE.decode_whole(body).metadata.output.inlined_responses.inlined_responses
    except (ValueError, RecursionError):
        yield from _damaged_rows(body)
        return
    yield from map(_row, answers)


def _row(answer: _Inline) -> bytes:
    key = None if answer.metadata is None else answer.metadata.key
    name, body = (b"response", answer.response) if bytes(answer.response) else (b"error", answer.error)
    value = compact(bytes(body) or b"null")
    return b'{"key":%b,"%b":%b}' % (msgspec.json.encode(key), name, value)


def _damaged_rows(body: bytes) -> Iterator[bytes]:
    """The rows of a body that is no valid JSON as a whole: each answer by itself, unreadable ones as they
    are. Raises `ProviderError` where there is none."""
    element = None
    for element in elements(body, b"inlinedResponses"):
        try:
            yield _row(_ANSWER.decode(repaired(element)))
        except (ValueError, RecursionError):
            yield b" ".join(element.split())
    if element is None:
        raise ProviderError(502, "the provider's answers cannot be read: there are none in the batch")
