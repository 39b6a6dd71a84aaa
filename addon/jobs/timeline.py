"""A job's timeline: what happened to it, when, at which shard and batch."""

import logging
from collections.abc import Awaitable
from datetime import datetime
from typing import Literal, Protocol

logger = logging.getLogger(__name__)

Kind = Literal[
    "status",
    "upload",
    "create",
    "look",
    "throttled",
    "waiting",
    "refused",
    "fallback",
    "takeover",
    "results",
    "round",
    "joined",
    "published",
    "stop",
    "retried",
    "more",
]
"""What an entry is about.

status     the job has another status
upload     lines were uploaded
create     a batch was created, or found after a lost answer
look       the provider's status of a batch, or its counts, are others
throttled  the provider wants fewer requests, or has no room
waiting    a temporary failure is waited out
refused    the provider refused a whole range, some of its records, or a request for a deletion or an end
fallback   the job goes on with its next provider
takeover   another member goes on with the job
results    results were fetched
round      records are sent again in another batch
joined     the output rows of a range are made
published  the output is written
stop       a Stop was requested, or passed on to the provider
retried    failed records are sent again by another job
more       entries that are only counted
"""


class Events(Protocol):
    """Stores entries; `AsyncStore` does."""

    @property
    def note(self) -> "Note": ...


class Note(Protocol):
    def __call__(
        self,
        job_id: str,
        kind: Kind,
        text: str,
        now: datetime,
        *,
        shard: int | None = None,
        batch: str | None = None,
        times: int = 1,
    ) -> Awaitable[None]: ...


async def write(
    events: Events,
    job_id: str,
    kind: Kind,
    text: str,
    now: datetime,
    *,
    shard: int | None = None,
    batch: str | None = None,
    times: int = 1,
) -> None:
    """Store an entry. A failure is logged: no job fails for want of one."""
    try:
        await events.note(job_id, kind, text, now, shard=shard, batch=batch, times=times)
    except Exception:
        logger.warning("job %s: an entry of its timeline is lost: %s", job_id, kind, exc_info=True)
