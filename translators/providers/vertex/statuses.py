"""Reason for a row without an answer: the text of its `status` (Google: models/capabilities/batch-inference).

`Bad Request: {"error": {"code": 400, "message": "…", "status": "INVALID_ARGUMENT"}}` is the one that is
documented. Read are the JSON in it, of Google's or another vendor's error; else the words before it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from msgspec import Struct

from translators.errors import RecordError
from translators.providers.answers.received import Reader
from translators.providers.anthropic.results import STATUSES
from translators.providers.batch_file import EMPTY_ROW, Unfinished
from translators.providers.grpc_status import CANCELLED, Status

_PHRASES: Mapping[str, int] = MappingProxyType({status.phrase.upper(): status.value for status in HTTPStatus})


class Error(Struct):
    """An error of Google's, or of Anthropic's; or the body that holds one."""

    code: int | str | None = None
    message: str | None = None
    status: str | None = None
    type: str | None = None
    """Anthropic's word."""
    error: "Error | None" = None


type Said = str | Error | None
"""Content of `status`."""

_ERROR = Reader(Error)


def failure(said: Said) -> RecordError | Unfinished:
    """The failure of a record without an answer, from its status."""
    if said is None or said == "":
        return EMPTY_ROW
    error = _in_text(said) if isinstance(said, str) else said
    return _failure(error if error.error is None else error.error)


def failure_in(body: bytes) -> RecordError | Unfinished:
    """The failure in an error that stands in the place of an answer. Raises `ValueError`."""
    return failure(_ERROR.decode(body))


def _failure(error: Error) -> RecordError | Unfinished:
    code = error.code if isinstance(error.code, int) else STATUSES.get(error.type or "", 0)
    status = Status(code, error.message or error.type or "", error.status)
    return Unfinished(status.text) if status.word == CANCELLED else RecordError(status.http, status.text)


def _in_text(text: str) -> Error:
    words, brace, rest = text.partition("{")
    try:
        found = _ERROR.decode(f"{brace}{rest}".rstrip(" \n]").encode())
    except (ValueError, RecursionError):
        found = Error()
    if found.message is not None or found.error is not None:
        return found
    word = words.partition(":")[0].strip().upper()
    return Error(_PHRASES.get(word, 0), text, None if word in _PHRASES else word)
