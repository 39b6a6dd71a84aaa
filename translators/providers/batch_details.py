"""Details of a batch at a provider that its state does not need: times, model, input.

Read in one place, by the names that the providers have for them, and tolerantly: what is absent or has an
unknown form is None.
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
"""Members in which some providers put the batch, or details of it."""


@dataclass(frozen=True, kw_only=True)
class BatchDetails:
    """Times are in UTC, with a zone."""

    created: datetime | None = None
    ended: datetime | None = None
    expires: datetime | None = None
    model: str | None = None
    """The provider's own name of it."""
    input_id: str | None = None
    """The provider's id of the input."""


def batch_details(body: bytes) -> BatchDetails:
    """The details in a response to `retrieve`."""
    members = dict(_members(body))
    return BatchDetails(
        created=_first(members, _CREATED, _moment),
        ended=_first(members, _ENDED, _moment),
        expires=_first(members, _EXPIRES, _moment),
        model=_first(members, _MODEL, _text),
        input_id=_first(members, _INPUT, _text),
    )


def _members(body: bytes) -> Iterator[tuple[str, object]]:
    """All members; the batch's own come last, to win over those around it."""
    try:
        read: object = json.loads(body)
    except (ValueError, RecursionError):
        return
    for holder in (read, *(_object(read).get(name) for name in _AROUND)):
        yield from _object(holder).items()


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _first[Value](
    members: Mapping[str, object], names: tuple[str, ...], read: Callable[[object], Value | None]
) -> Value | None:
    return next((value for name in names if (value := read(members.get(name))) is not None), None)


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
    except (ValueError, OverflowError, OSError):  # no such time
        return None
    return None
