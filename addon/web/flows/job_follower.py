"""Keeps the flows of running jobs up to date: comments, marks, and a timeline for each job.

One read tells which of all followed jobs changed; only these are read. Nothing is read while no job runs, and
nothing at all where flows are not kept.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from mitmproxy.http import HTTPFlow
from mitmproxy.utils import asyncio_utils

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.job_progress import Change, JobProgress, changes_of, newest, progress_of
from addon.jobs.database.tables import Event
from addon.jobs.outages import is_database_away
from addon.web.flows import labels
from addon.web.flows.flow_list import FlowList, flow_list
from addon.web.flows.timeline_flow import TimelineFlow

logger = logging.getLogger(__name__)

INTERVAL = 2.0
"""Seconds between two reads."""
LAST_READS = 2
"""Reads after a job's end: the last events may be stored after it."""
MOST_JOBS = 1000
"""Jobs that are followed; beyond, the one that was followed first is left as it is."""
MOST_FLOWS = 20
"""Flows of one job that are kept up to date."""


class JobReader(Protocol):
    """What is read of jobs."""

    async def changes(self, job_ids: Sequence[str]) -> dict[str, Change]: ...

    async def progress(self, job_ids: Sequence[str]) -> list[JobProgress]: ...

    async def events(self, job_id: str, after: int) -> Sequence[Event]: ...

    async def newest(self, limit: int) -> list[JobProgress]: ...


class StoredJobs:
    """The jobs in the database."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def changes(self, job_ids: Sequence[str]) -> dict[str, Change]:
        return await self._store.run(partial(changes_of, job_ids=job_ids))

    async def progress(self, job_ids: Sequence[str]) -> list[JobProgress]:
        return await self._store.run(partial(progress_of, job_ids=job_ids))

    async def events(self, job_id: str, after: int) -> Sequence[Event]:
        return await self._store.timeline(job_id, after)

    async def newest(self, limit: int) -> list[JobProgress]:
        return await self._store.run(partial(newest, limit=limit))


async def _pause() -> None:
    await asyncio.sleep(INTERVAL)


@dataclass
class _Followed:
    """A job, and its flows."""

    flows: list[HTTPFlow] = field(default_factory=list[HTTPFlow])
    timeline: TimelineFlow | None = None
    seen: Change | None = None
    reads_left: int | None = None
    """Of a job that is over."""


class JobFollower:
    """Follows jobs until they are over."""

    def __init__(
        self,
        reader: JobReader,
        *,
        view: Callable[[], FlowList | None] = flow_list,
        pause: Callable[[], Awaitable[None]] = _pause,
    ) -> None:
        self._reader = reader
        self._view = view
        self._pause = pause
        self._jobs: dict[str, _Followed] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def followed(self) -> Sequence[str]:
        return tuple(self._jobs)

    def follow(self, job_id: str, flow: HTTPFlow | None = None) -> None:
        """Keep a job's timeline, and a flow of it, up to date from now on."""
        if self._view() is None:
            return
        followed = self._jobs.setdefault(job_id, _Followed())
        if flow is not None:
            followed.flows = [*followed.flows, flow][-MOST_FLOWS:]
            followed.seen = None  # the new flow shows nothing yet
        if len(self._jobs) > MOST_JOBS:
            del self._jobs[next(iter(self._jobs))]
        if self._task is None or self._task.done():
            self._task = asyncio_utils.create_task(self._run(), name="batch jobs' flows", keep_ref=True)

    async def timeline(self, job_id: str) -> HTTPFlow | None:
        """The timeline of a job, over or not; None if there is no such job."""
        followed = self._jobs.get(job_id)
        if followed is not None and followed.timeline is not None:
            return followed.timeline.flow
        found = await self._reader.progress([job_id])
        if not found:
            return None
        view = self._view()
        if view is not None:
            for flow in view.resolve("@all"):
                if isinstance(flow, HTTPFlow) and flow.websocket and flow.metadata.get(labels.JOB) == job_id:
                    return flow
        made = TimelineFlow(found[0])
        made.add(await self._reader.events(job_id, 0))
        if found[0].ended is None and view is not None:
            self._jobs.setdefault(job_id, _Followed()).timeline = made
            self.follow(job_id)
        return made.flow

    async def read(self) -> None:
        """Bring all flows up to date once."""
        view = self._view()
        if view is None:
            self._jobs.clear()
            return
        asked = list(self._jobs)
        changes = await self._reader.changes(asked)
        changed = [job_id for job_id, now in changes.items() if self._is_news(job_id, now)]
        for job_id in asked:
            if job_id not in changes:
                self._jobs.pop(job_id, None)  # deleted since
        for job in await self._reader.progress(changed) if changed else ():
            followed = self._jobs.get(job.id)
            if followed is None:
                continue
            followed.seen = changes[job.id]
            await self._show(view, job, followed)
            if job.ended is not None and followed.reads_left is None:
                followed.reads_left = LAST_READS
        for job_id, followed in list(self._jobs.items()):
            if followed.reads_left is not None:
                followed.reads_left -= 1
                if followed.reads_left < 0:
                    self._jobs.pop(job_id, None)

    async def close(self) -> None:
        """End the read that is under way: the database is closed next."""
        self._jobs.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _is_news(self, job_id: str, now: Change) -> bool:
        followed = self._jobs.get(job_id)
        return followed is not None and followed.seen != now

    async def _show(self, view: FlowList, job: JobProgress, followed: _Followed) -> None:
        followed.flows = [flow for flow in followed.flows if view.get_by_id(flow.id) is not None]
        comment = labels.comment_of(job)
        progress = labels.progress_of(job)
        for flow in followed.flows:
            if flow.comment != comment:
                if labels.is_ours(flow.comment):
                    flow.comment = comment
                flow.metadata[labels.PROGRESS] = progress
                flow.metadata[labels.PROVIDER] = job.provider
                labels.mark(flow, labels.mark_of(job.status, job.failed))
                view.update([flow])
        timeline = followed.timeline
        if timeline is None:
            timeline = followed.timeline = TimelineFlow(job)
            timeline.add(await self._reader.events(job.id, 0))
            view.add([timeline.flow])
            return
        described = timeline.describe(job)
        if timeline.add(await self._reader.events(job.id, timeline.read_after)) or described:
            view.update([timeline.flow])

    async def _run(self) -> None:
        while self._jobs:
            try:
                await self.read()
            except Exception as error:
                if not is_database_away(error):
                    logger.exception("Flows of jobs are not followed any more")
                    self._jobs.clear()
            if self._jobs:
                await self._pause()
