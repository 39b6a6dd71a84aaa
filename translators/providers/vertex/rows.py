"""A row of a job's results: the record it belongs to, and the answer in it, Gemini's or Claude's.

Google: models/capabilities/batch-inference, models/partner-models/claude/batch. The request comes back with
its answer; rows come in any order, and a job's output may hold a row twice. Read tolerantly: only the members
in use, and those may be absent or null.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw, Struct

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.answers.received import Reader
from translators.providers.anthropic import response as of_claude
from translators.providers.anthropic.native.answer import answer_in as claude_answer_in
from translators.providers.batch_file import Receipt, Unfinished, unreadable
from translators.providers.gemini import response as of_gemini
from translators.providers.vertex.lines import LABEL
from translators.providers.vertex.statuses import Said, failure, failure_in
from translators.wire import ModelOutput

_NOTHING = Raw(b"null")
_NO_ANSWER = frozenset({b"null", b"{}", b'""'})


class _Asked(Struct):
    labels: dict[str, Any] | None = None


class _Head(Struct):
    custom_id: str | None = None
    request: _Asked | None = None
    status: Said = None


class _Row(Struct):
    status: Said = None
    response: Raw = _NOTHING


class _Response(Struct):
    type: Any = None
    """`message` or `error`, of Claude's; Gemini's has none."""
    content: Raw = _NOTHING
    """Of Claude's; Gemini's is in its candidates."""


_HEAD = Reader(_Head)
_ROW = Reader(_Row)
_RESPONSE = Reader(_Response)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it names no record."""
    head = _HEAD.decode(row)
    labels = None if head.request is None else head.request.labels
    custom_id = (labels or {}).get(LABEL) if head.custom_id is None else head.custom_id
    if not isinstance(custom_id, str):
        raise ValueError("the row does not name its record")
    body = _body(row)
    status = None
    if isinstance(body, RecordError) and head.status is not None and head.status != "":
        status = body.code
    return Receipt(custom_id, finished=not isinstance(body, Unfinished), status=status)


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = _body(row)
    if not isinstance(body, Raw):
        return body
    if _RESPONSE.decode(body).content == _NOTHING:
        return of_gemini.answer_in(body, asked)
    return of_claude.answer_in(body, asked)


def native_answer(row: bytes) -> ModelOutput | Answer | RecordError | Unfinished:
    """The message of Claude's in a row, or the error in its place."""
    body = _body(row)
    return claude_answer_in(body) if isinstance(body, Raw) else body


def _body(row: bytes) -> Raw | RecordError | Unfinished:
    """The response, when there is one."""
    try:
        read = _ROW.decode(row)
        if bytes(read.response) in _NO_ANSWER:
            return failure(read.status)
        response = _RESPONSE.decode(read.response)
        if response.type == "error" and response.content == _NOTHING:
            return failure_in(read.response)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    return read.response
