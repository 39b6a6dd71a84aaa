"""Rows of a batch's output: receipts, and the body that answers a record or the error in its place.

OpenAI: guides/batch and api-reference batch/request-output. What a provider sends is read tolerantly: only
the members in use, and those may be absent or of any type.
"""

import re
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.answers.error_bodies import code_of, message_of
from translators.providers.answers.received import Reader, compact, parsed
from translators.providers.batch_file import EMPTY_ROW, Receipt, Unfinished, unreadable

_NOTHING = Raw(b"null")


class _Response(Struct):
    status_code: Any = None
    body: Raw = _NOTHING
    """JSON; at some compatible servers once more as a string."""


class _Row(Struct):
    response: _Response | None = None
    error: Any = None


class _Status(Struct):
    status_code: Any = None


class _Head(Struct):
    custom_id: str
    response: _Status | None = None
    error: Any = None


_HEAD = Reader(_Head)
_ROW = Reader(_Row)
_TEXT = Reader(str)

_UNFINISHED = frozenset({"batch_expired", "batch_cancelled"})
_EMPTY = frozenset({b"null", b"{}", b'""', b"[]"})


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    head = _HEAD.decode(row)
    if code_of(head.error) in _UNFINISHED:
        return Receipt(head.custom_id, finished=False)
    if head.response is None:
        return Receipt(head.custom_id, finished=True, status=status_of(head.error))
    return Receipt(head.custom_id, finished=True, status=failed_status(head.response.status_code))


def body_of(row: bytes) -> Raw | RecordError | Unfinished:
    """The JSON that answers the record, on one line, or why there is none."""
    try:
        read = _ROW.decode(row)
        code = code_of(read.error)
        if code in _UNFINISHED:
            return Unfinished(message_of(read.error) or code or "")
        if read.response is None:
            return failure(read.error) if read.error else EMPTY_ROW
        status, body = failed_status(read.response.status_code), read.response.body
        if status is not None:
            return RecordError(status, words_of(parsed(body), read.error))
        if is_failure(read.error) or (read.error and bytes(body) in _EMPTY):
            return failure(read.error)
        return _unwrapped(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)


def failed_status(status: object) -> int | None:
    """The status of a failure; None for another one, or for what is none."""
    number = int(status) if isinstance(status, str) and re.fullmatch(r"\d{3}", status) else status
    return number if isinstance(number, int) and 300 <= number <= 599 else None


def is_failure(error: object) -> bool:
    """Whether there is an error although there is a response: an object that names what went wrong. Servers
    put empty objects and texts beside good responses."""
    if not isinstance(error, dict):
        return False
    named = cast("dict[str, object]", error)
    return message_of(named) is not None or code_of(named) not in (None, "0", "200")


def words_of(*bodies: object) -> str:
    """The provider's words in the first of these that has some; else the whole of the first that is there."""
    found = next(filter(None, map(message_of, bodies)), None)
    whole = next((body for body in bodies if body is not None), None)
    return found or msgspec.json.encode(whole).decode()


def without_answer(body: Raw) -> RecordError:
    """The record's error where a success holds nothing."""
    return RecordError(502, f"the provider reports success without an answer: {words_of(parsed(body))}")


def failure(error: object) -> RecordError:
    """The record's error in whatever form one is given: an object with message and code, or words. A request
    that never got an HTTP answer has a code only (OpenAI: batch/request-output, `error.code`)."""
    code = _given_code(error)
    nothing_but = words_of(error) if code is None else f"the provider gives no reason but {code!r}"
    return RecordError(status_of(error) or 500, message_of(error) or nothing_but)


def _given_code(error: object) -> object:
    return cast("dict[str, object]", error).get("code") if isinstance(error, dict) else None


def status_of(error: object) -> int | None:
    """The HTTP number that an error's code stands for; some compatible servers give it as the code."""
    code = code_of(error)
    if code == "request_timeout":
        return 408
    return int(code) if code is not None and re.fullmatch(r"[45]\d\d", code) else None


def _unwrapped(body: Raw) -> Raw:
    """The body on one line. Raises `ValueError` where it is a text that is no JSON."""
    if memoryview(body)[0] != ord('"'):
        return body
    text = _TEXT.decode(body)
    return Raw(compact(text.encode())) if text else _NOTHING
