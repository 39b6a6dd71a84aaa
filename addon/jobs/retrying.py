"""Doing things that outside trouble can hold up: a dead S3, a provider that is down, a full disk.

The job waits, says what it waits for, and goes on; only its own end, a stop or the deadline interrupt it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import anyio.to_thread

from addon.jobs.store import Store
from addon.jobs.tables import Job
from addon.providers.retry_policy import backoff, is_transient_error
from addon.settings.config import Config
from translators.bedrock.jobs import TERMINAL

logger = logging.getLogger(__name__)


class JobFailed(Exception):
    """The job cannot go on; the text is what Get shows as `message`."""


class Interrupted(Exception):
    """The job was stopped, or its time is over."""


class NotConfigured(Exception):
    """The provider's section or key is not there (any more); a restart with it goes on."""


def utc_now() -> datetime:
    """Now, in UTC, without a zone: as the store keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


def passes(error: Exception) -> bool:
    """Whether waiting may cure this."""
    return isinstance(error, NotConfigured) or is_transient_error(error)


class Patience:
    """Waits on behalf of jobs, and wakes those that somebody wants to stop."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._attention: dict[str, asyncio.Event] = {}

    def nudge(self, job_id: str) -> None:
        """Have a waiting job look at its state now."""
        event = self._attention.pop(job_id, None)
        if event is not None:
            event.set()

    def forget(self, job_id: str) -> None:
        self._attention.pop(job_id, None)

    async def pause(self, job_id: str, seconds: float) -> None:
        """Sleep, or until somebody nudges the job."""
        event = self._attention.setdefault(job_id, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def job(self, job_id: str) -> Job:
        """The job as it stands."""
        job = await anyio.to_thread.run_sync(self._store.job, job_id)
        if job is None:
            raise JobFailed(f"job {job_id} is not in the database")
        return job

    def is_over(self, job: Job, *, grace: timedelta = timedelta()) -> bool:
        """Whether the job shall start nothing new: stopped, timed out or ended."""
        return job.stop_requested or job.status in TERMINAL or self.is_late(job, grace=grace)

    def is_late(self, job: Job, *, grace: timedelta = timedelta()) -> bool:
        return utc_now() >= job.deadline + grace

    def hours(self, count: float) -> timedelta:
        """Hours as this installation counts them."""
        return timedelta(seconds=count * self._config.jobs.seconds_per_hour)

    async def until_done[Result](
        self,
        job_id: str,
        doing: str,
        action: Callable[[], Awaitable[Result]],
        *,
        curable: Callable[[Exception], bool] = passes,
        give_up: Callable[[Job], bool] | None = None,
    ) -> Result:
        """The result of `action`, tried again for as long as what is wrong may pass.

        Raises `Interrupted` when `give_up` says so (by default: when the job is over) between two tries,
        and whatever `action` raises that waiting does not cure.
        """
        longest = min(60.0, 200 * (self._config.jobs.poll_interval or 60))
        attempt = 0
        while True:
            try:
                result = await action()
            except Exception as error:
                if not curable(error):
                    raise
                logger.warning("job %s waits: %s: %s", job_id, doing, error)
                attempt += 1
                await self.say(job_id, f"{doing}: {error}")
                seconds = max(backoff(attempt, longest, first=1.0), getattr(error, "retry_after", None) or 0)
            else:
                if attempt:
                    await self.say(job_id, None)
                return result
            if (give_up or self.is_over)(await self.job(job_id)):
                raise Interrupted(doing)
            await self.pause(job_id, seconds)
            if (give_up or self.is_over)(await self.job(job_id)):
                raise Interrupted(doing)

    async def say(self, job_id: str, waiting: str | None) -> None:
        """Note what a job waits for, or that it waits no longer."""
        await anyio.to_thread.run_sync(lambda: self._store.change(job_id, utc_now(), waiting=waiting))
