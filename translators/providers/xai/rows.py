"""Results of a batch: chat completions and gRPC statuses (xAI: docs/guides/batch-api; xai-sdk 1.21).

Whatever endpoint was asked, the answer is a chat completion, as seen on the live API.
"""

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import Receipt, unreadable
from translators.providers.grpc_status import Status

_NOTHING = Raw(b"null")


class _Response(Struct):
    chat_get_completion: Raw = _NOTHING


class _Result(Struct):
    response: _Response | None = None
    error: Status | str | None = None


class _Row(Struct):
    batch_request_id: str
    batch_result: _Result | None = None
    error_message: str | None = None


_ROW = msgspec.json.Decoder(_Row)


def receipt(row: bytes) -> Receipt:
    """Receipt of a result row. Raises `ValueError` when it cannot be read."""
    read = _ROW.decode(row)
    error = None if read.batch_result is None else read.batch_result.error
    status = error.http if isinstance(error, Status) and error.code != 0 else None
    return Receipt(read.batch_request_id, finished=True, status=status)


def body_of(row: bytes) -> Raw | RecordError:
    """The chat completion in a row, or the error in its place."""
    try:
        read = _ROW.decode(row)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    result = read.batch_result or _Result()
    if isinstance(result.error, str) or read.error_message:
        return RecordError(500, result.error if isinstance(result.error, str) else read.error_message or "")
    if result.error is not None and result.error.code != 0:
        return RecordError(result.error.http, result.error.text)
    if result.response is None or result.response.chat_get_completion == _NOTHING:
        return RecordError(502, "the provider's result holds neither a chat completion nor an error")
    return result.response.chat_get_completion
