"""Tells open pages that what they show has changed: one look at the database for all of them, and none when
no page is open."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from mitmproxy.utils import asyncio_utils

from addon.jobs.database import job_list
from addon.jobs.database.job_views import Views
from addon.jobs.outages import is_database_away

logger = logging.getLogger(__name__)

JOBS = ""
"""The topic of the list of jobs; the others are ids of jobs."""
INTERVAL = 1.0
"""Seconds between two looks."""
MOST = 200
"""Pages that are kept informed at the same time."""


class Listener:
    """An open page."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.is_over = False
        self._version: str | None = None
        self._told = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Wait for a change, for so long at most; whether there was one. The first look counts as a change:
        something may have happened since the page was made."""
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return not self.is_over

    def tell(self, version: str) -> None:
        """Have it know what is there now."""
        if version != self._version:
            self._version = version
            self._told.set()

    def end(self) -> None:
        """The page is gone, or the dashboard ends."""
        self.is_over = True
        self._told.set()


class Changes:
    """Looks at the database while somebody listens."""

    def __init__(self, views: Views, clock: Callable[[], datetime], interval: float = INTERVAL) -> None:
        self._views = views
        self._clock = clock
        self._interval = interval
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self.looks = 0
        """Number of looks so far."""

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @contextmanager
    def listener(self, topic: str) -> Iterator[Listener]:
        """A listener while its page is open."""
        listener = Listener(topic)
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio_utils.create_task(self._look(), name="dashboard changes", keep_ref=True)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def idle(self) -> None:
        """Wait until nobody listens, and nothing is looked at."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def close(self) -> None:
        """End all listeners."""
        if self._task is not None:
            self._task.cancel()
        for listener in self._listeners:
            listener.end()

    async def _look(self) -> None:
        while self._listeners:
            jobs = {listener.topic for listener in self._listeners} - {JOBS}
            try:
                await self._tell(jobs)
            except Exception as error:
                if is_database_away(error):
                    logger.warning("The dashboard waits for the job database")
                else:
                    logger.exception("The dashboard cannot see what changed")
            await asyncio.sleep(self._interval)

    async def _tell(self, jobs: set[str]) -> None:
        now = self._clock()
        newest, versions = await self._views.read(
            lambda connection: job_list.changes(connection, now, jobs),
        )
        self.looks += 1
        for listener in self._listeners:
            version = versions.get(listener.topic) if listener.topic else newest
            if version is not None:
                listener.tell(version)
