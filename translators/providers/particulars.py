"""What a provider's answer says of a batch beside how it stands: when it was made, of what, on which model.

Jobs that run here need none of it, so it is read in one place, by the names that the providers have for it,
and as tolerantly as can be: what is not said, or not said in a known way, is None.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

_CREATED = ("created_at", "createTime", "create_time")
_EXPIRES = ("expires_at", "expireTime")
_ENDED = (
    "completed_at",
    "ended_at",
    "endTime",
    "end_time",
    "failed_at",
    "expired_at",
    "cancelled_at",
    "cancel_time",
)
_MODEL = ("model", "model_id")
_INPUT = ("input_file_id", "inputDatasetId", "input_dataset_id")

_AROUND = ("job", "batch", "metadata")
"""Members in which some providers put the batch, or what they say of it."""


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """Times are UTC with its zone."""

    created: datetime | None = None
    ended: datetime | None = None
    expires: datetime | None = None
    model: str | None = None
    """The provider's own name of it."""
    input_id: str | None = None
    """The provider's id of the input."""


def particulars(body: bytes) -> Particulars:
    """What an answer to `retrieve` says of its batch."""
    said = dict(_members(body))
    return Particulars(
        created=_first(said, _CREATED, _moment),
        ended=_first(said, _ENDED, _moment),
        expires=_first(said, _EXPIRES, _moment),
        model=_first(said, _MODEL, _text),
        input_id=_first(said, _INPUT, _text),
    )


def _members(body: bytes) -> Iterator[tuple[str, object]]:
    """The batch's own members last: they win over those around it."""
    try:
        read: object = json.loads(body)
    except (ValueError, RecursionError):
        return
    for holder in (read, *(_object(read).get(name) for name in _AROUND)):
        yield from _object(holder).items()


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _first[Value](
    said: Mapping[str, object], names: tuple[str, ...], read: Callable[[object], Value | None]
) -> Value | None:
    return next((value for name in names if (value := read(said.get(name))) is not None), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: object) -> datetime | None:
    """Unix seconds, or ISO 8601 with or without a zone."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.astimezone(UTC) if read.tzinfo is not None else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):  # not a time that there is
        return None
    return None
