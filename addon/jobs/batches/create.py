"""Creating a batch at the provider: the only call that spends money.

The intent is stored before it; after a lost response, or a restart that finds an intent without a batch, the
batch is searched for by its marker before another one is created.

Where batches carry no marker, they are found by size and time. To keep ours apart, batches are created one
at a time there; whether a found one is another application's shows in its results.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

from anyio import to_thread

from addon.jobs.errors import Interrupted
from addon.jobs.fallback import outage_limit
from addon.jobs.job_run import JobRun
from addon.jobs.retrying import passes, until_done
from addon.jobs.tables import BatchRow, utc_now
from addon.providers.retry_policy import LostAnswer
from translators.providers.conversation import Batch, Search, Submission

SEARCHES = 3
"""Number of searches for a batch after a lost response: it may appear in the list with a delay."""

LOCK_SECONDS = 5
"""Seconds that a job waits for the lock before it checks whether it is over."""


@asynccontextmanager
async def creation_lock(run: JobRun, row: BatchRow) -> AsyncIterator[None]:
    """Excludes other creations with the same key, where batches carry no marker.

    Raises `Interrupted` if the job is over before it has the lock and nothing was created for it.
    """
    if run.target.provider.marks_batches:
        yield
        return
    endpoint = await until_done(run, "creating the batch at the provider", run.endpoint)
    key = (run.job.provider, endpoint.base_url, *endpoint.headers.values())
    lock = run.resources.creation_locks.setdefault(key, asyncio.Lock())
    while True:
        try:
            await asyncio.wait_for(lock.acquire(), LOCK_SECONDS)
            break
        except TimeoutError:
            if row.intended is None and (await run.reload()).is_over():
                raise Interrupted("creating the batch") from None
    try:
        yield
    finally:
        lock.release()


class Creation:
    """The creation of one batch, over all its attempts."""

    def __init__(self, run: JobRun, row: BatchRow, submission: Submission, lines: Path) -> None:
        self._run = run
        self._row = row
        self._submission = submission
        self._lines = lines
        self._intended = row.intended
        self._may_exist = row.intended is not None
        self._is_outage = outage_limit(run)
        self._batches = run.batches
        self.found = False
        """Whether the batch was found after a lost response."""

    async def batch(self) -> Batch:
        """The batch that exists already, or a new one.

        Raises `Interrupted` if the job is over and there is none, and permanent errors of the provider.
        """
        try:
            return await until_done(
                self._run, "creating the batch at the provider", self._attempt, curable=self._may_work
            )
        except Interrupted:
            if self._intended is None:
                raise
            # A batch that exists but is not known would never be cancelled.
            found = await until_done(
                self._run,
                "looking for a batch whose creation was not answered",
                self._search,
                give_up=lambda run: False,
            )
            if found is None:
                raise
            self.found = True
            return found

    async def _attempt(self) -> Batch:
        if self._intended is not None and (found := await self._search()) is not None:
            self.found = True
            return found
        run, row, resources = self._run, self._row, self._run.resources
        if (await run.reload()).is_over():
            raise Interrupted("creating the batch")
        if self._intended is None:
            self._intended = utc_now()
            await resources.store.change_batch(run.id, row.shard, row.round, intended=self._intended)
        endpoint = await run.endpoint()
        async with resources.transfers:
            with await to_thread.run_sync(self._lines.open, "rb") as lines:
                try:
                    return await resources.transport.play(
                        self._batches.create(endpoint, self._submission, lines), once=True
                    )
                except LostAnswer:
                    self._may_exist = True
                    raise

    async def _search(self) -> Batch | None:
        for number in range(SEARCHES):
            await self._run.sleep(number * min(2.0, self._run.resources.poll_interval))
            if (found := await self._find()) is not None:
                return found
        return None

    async def _find(self) -> Batch | None:
        resources = self._run.resources
        assert self._intended is not None
        claimed = await resources.store.claimed(self._run.job.provider, self._intended)
        search = Search(since=self._intended.replace(tzinfo=UTC).timestamp(), claimed=claimed)
        endpoint = await self._run.endpoint()
        return await resources.transport.play(self._batches.find(endpoint, self._submission, search))

    def _may_work(self, error: Exception) -> bool:
        if self._may_exist:
            return passes(error) or isinstance(error, LostAnswer)
        return self._is_outage(error)
