"""The background work of a member: heartbeats, taking over from dead members, comparing store and engine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from anyio import to_thread

from addon.jobs import timeline, workflow
from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.tables import utc_now
from addon.jobs.fleet import engine
from addon.jobs.fleet.executors import BEATS_TO_LIVE, Executors, Member
from addon.jobs.outages import is_database_away

logger = logging.getLogger(__name__)

BEATS_BETWEEN_COMPARISONS = 3


class Membership:
    """A member's life beside its jobs."""

    def __init__(self, executors: Executors, member: Member, store: AsyncStore, heartbeat: float) -> None:
        self._executors = executors
        self.member = member
        self._store = store
        self._heartbeat = heartbeat
        self._tasks: list[asyncio.Task[None]] = []
        self._was_cut_off = False
        self._judges_from = 0.0
        """Time of the event loop from which the silence of others counts."""
        self._without_task: frozenset[str] = frozenset()
        """Workflows of this member that had no task at the last comparison."""

    async def join(self) -> None:
        """Register this process. Raises what the database raises."""
        await self.beat()

    async def beat(self) -> None:
        """Give a sign of life. Raises what the database raises."""
        try:
            await to_thread.run_sync(self._executors.beat, self.member)
        except Exception:
            self._was_cut_off = True
            raise
        if self._was_cut_off:
            # the others could give no sign of life either
            self._was_cut_off = False
            self._judges_from = asyncio.get_running_loop().time() + BEATS_TO_LIVE * self._heartbeat

    def start(self, *, runs: bool) -> None:
        """Begin the background work; what concerns running jobs only if this process `runs` them."""
        works = [(self.beat, self._heartbeat)]
        if runs:
            works += [
                (self.reap, self._heartbeat),
                (self.reconcile, BEATS_BETWEEN_COMPARISONS * self._heartbeat),
            ]
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(_regularly(work, seconds), name=work.__name__) for work, seconds in works
        ]

    async def stop(self) -> None:
        """End the background work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def drain(self) -> None:
        """Tell the others that this process ends."""
        await to_thread.run_sync(lambda: self._executors.beat(self.member, draining=True))

    async def leave(self) -> None:
        await to_thread.run_sync(self._executors.remove, [self.member.id])

    async def reap(self) -> None:
        """Put what dead members ran back on the queues."""
        if asyncio.get_running_loop().time() < self._judges_from:
            return
        live = await engine.live_workflows()
        await self._note_takeovers(await to_thread.run_sync(self._reap, live.executors), live)

    def _reap(self, running: frozenset[str]) -> frozenset[str]:
        """The members whose work was put back."""
        with self._executors.alone("reaper") as alone:
            if not alone:
                return frozenset()
            dead = frozenset(self._executors.dead())
            known = {executor.id for executor in self._executors.members()}
            gone = (dead | (running - known)) - {self.member.id}
            if gone:
                logger.warning("Taking over the jobs of %s", ", ".join(sorted(gone)))
                engine.recover(gone)
                self._executors.remove(list(gone))
            return gone

    async def _note_takeovers(self, gone: frozenset[str], live: engine.LiveWorkflows) -> None:
        """Have the timelines of their jobs show that other members go on."""
        for executor in gone:
            for job_id in live.jobs.get(executor, ()):
                text = f"{executor} ended or is silent; another member goes on"
                await timeline.write(self._store, job_id, "takeover", text, utc_now())

    async def take_over_all(self) -> None:
        """Put what any other process ran back on the queues: none of them lives, as the lock of an embedded
        database says."""
        live = await engine.live_workflows()
        gone = live.executors - {self.member.id}
        await to_thread.run_sync(engine.recover, gone)
        await self._note_takeovers(gone, live)
        runners = [one.id for one in await to_thread.run_sync(self._executors.members) if one.role == "runs"]
        others = [executor for executor in runners if executor != self.member.id]
        await self._store.free_claims([*others, *gone])
        await to_thread.run_sync(self._executors.remove, others)

    async def reconcile(self) -> None:
        """Start what the store has unfinished and no workflow runs; delete workflows that have a
        successor."""
        unfinished = await self._store.unfinished()
        live = await engine.live_workflows()
        if lost := self._lost(live):
            logger.warning("Beginning workflows anew that an outage of the database ended")
            live = replace(live, ids=live.ids - lost)  # deleted when their successors are there
        for job_id in unfinished:
            known = await engine.generations(job_id)
            job = f"{job_id}:"
            if not any(name.startswith(job) and name.count(":") == 1 for name in live.ids):
                await workflow.start_job(job_id, _next(known.get(job)))
            await self._start_shards(job_id, live, known)
            await engine.forget(_superseded(known, live))

    def _lost(self, live: engine.LiveWorkflows) -> frozenset[str]:
        """Workflows of this member that have had no task for two comparisons: one that was just taken from a
        queue has none yet, and the store says where a job is, so that nothing is repeated."""
        before, self._without_task = self._without_task, live.here - engine.running()
        return before & self._without_task

    async def _start_shards(self, job_id: str, live: engine.LiveWorkflows, known: engine.Generations) -> None:
        """Start the shards whose workflows ended before they were finished."""
        job = await self._store.job(job_id)
        assert job is not None
        for shard in await self._store.unfinished_shards(job_id):
            prefix = f"{job_id}:{job.attempt}:{shard}:"
            if prefix in known and not any(name.startswith(prefix) for name in live.ids):
                await workflow.start_shard(job_id, job.attempt, shard, _next(known[prefix]))


def _next(generations: list[int] | None) -> int:
    return max(generations) + 1 if generations else 0


def _superseded(known: engine.Generations, live: engine.LiveWorkflows) -> list[str]:
    return [
        f"{prefix}{generation}"
        for prefix, generations in known.items()
        for generation in generations
        if generation < max(generations) and f"{prefix}{generation}" not in live.ids
    ]


async def _regularly(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception as error:
            if is_database_away(error):
                logger.warning("The job database is away")
            else:
                logger.warning("%s failed", getattr(work, "__name__", work), exc_info=True)
