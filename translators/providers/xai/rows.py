"""Results of a batch: chat completions and gRPC statuses (xAI: docs/guides/batch-api; xai-sdk 1.21).

Whatever endpoint was asked, the answer is a chat completion, as seen on the live API.
"""

from typing import Any, cast

from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.answers.error_bodies import message_of
from translators.providers.answers.received import Reader
from translators.providers.batch_file import Receipt, unreadable
from translators.providers.chat_completions.rows import failure
from translators.providers.grpc_status import Status

_NOTHING = Raw(b"null")


class _Response(Struct):
    chat_get_completion: Raw = _NOTHING


class _Result(Struct):
    response: _Response | None = None
    error: Any = None


class _Row(Struct):
    batch_request_id: str
    batch_result: _Result | None = None
    error_message: str | None = None

    @property
    def completion(self) -> Raw:
        """The chat completion; null where there is none."""
        found = None if self.batch_result is None else self.batch_result.response
        return _NOTHING if found is None else found.chat_get_completion

    @property
    def status(self) -> Status | None:
        """The gRPC status of a failure: any code but 0."""
        error = None if self.batch_result is None else self.batch_result.error
        if not isinstance(error, dict):
            return None
        members = cast("dict[str, object]", error)
        code, status = members.get("code"), members.get("status")
        if not isinstance(code, int) or isinstance(code, bool) or code == 0:
            return None
        return Status(code, message_of(members) or "", status if isinstance(status, str) else None)


_ROW = Reader(_Row)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    read = _ROW.decode(row)
    return Receipt(
        read.batch_request_id, finished=True, status=None if read.status is None else read.status.http
    )


def body_of(row: bytes) -> Raw | RecordError:
    """The chat completion in a row, or the error in its place."""
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if read.status is not None:
        return RecordError(read.status.http, read.status.text)
    if read.completion != _NOTHING:
        return read.completion
    words = None if read.batch_result is None else message_of(read.batch_result.error)
    if words is None and not read.error_message:
        return RecordError(502, "the provider's result holds neither a chat completion nor an error")
    return failure(words or read.error_message)
