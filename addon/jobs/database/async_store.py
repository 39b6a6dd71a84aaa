"""The job database for code on an event loop."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import tenacity
from anyio import CapacityLimiter, to_thread

from addon.jobs.database.batch_store import BatchStore
from addon.jobs.database.event_store import EventStore
from addon.jobs.database.store import Store
from addon.jobs.outages import is_database_away

logger = logging.getLogger(__name__)

THREADS = 8
"""Calls at the same time through one `AsyncStore`."""
LONGEST_PAUSE = 5.0
"""Seconds between two attempts while the database is away."""


class AsyncStore:
    """The methods of a store, each run in a worker thread.

    Threads are limited for each instance: the control plane and the jobs have one each, so that many jobs do
    not keep requests waiting. `views` has threads of its own. With `waits_out_outages`, as running jobs need
    it, a call is repeated for as long as the database is away; every method may be repeated. Without, as
    requests need it, the error is raised.
    """

    def __init__(self, store: Store, *, waits_out_outages: bool = False) -> None:
        self.url = store.url
        self.views = store.views()
        self._store = store
        self._threads = CapacityLimiter(THREADS)
        self._waits = waits_out_outages
        batches, events = BatchStore(store), EventStore(store)

        call = self._call
        self.add = call(store.add)
        self.job = call(store.job)
        self.unfinished = call(store.unfinished)
        self.job_of_token = call(store.job_of_token)
        self.free_token = call(store.free_token)
        self.encrypted_key = call(store.encrypted_key)
        self.change = call(store.change)
        self.advance = call(store.advance)
        self.begin = call(store.begin)
        self.count = call(store.count)
        self.fall_back = call(store.fall_back)
        self.stop = call(store.stop)
        self.end = call(store.end)

        self.plan = call(store.plan)
        self.shards = call(store.shards)
        self.shard = call(store.shard)
        self.unfinished_shards = call(store.unfinished_shards)
        self.change_shard = call(store.change_shard)
        self.refuse = call(store.refuse)

        self.batch = call(store.batch)
        self.batches = call(store.batches)
        self.claimed = call(store.claimed)
        self.change_batch = call(store.change_batch)
        self.latest_batch = call(batches.latest)
        self.claim_batch = call(batches.claim)
        self.renew_claim = call(batches.renew)
        self.release_claim = call(batches.release)
        self.created_batch = call(batches.created)
        self.seconds_since = call(batches.seconds_since)
        self.free_claims = call(batches.free)

        self.note = call(events.note)
        self.timeline = call(events.timeline)

        self.keep_answers = self._once(store.keep_answers)  # of blocks that can be read once
        self.answer_blocks = call(store.answer_blocks)
        self.answer_rows = call(store.answer_rows)

        self.tags = call(store.tags)
        self.set_tags = call(store.set_tags)
        self.remove_tags = call(store.remove_tags)

    def for_jobs(self) -> "AsyncStore":
        """The same database, with threads for jobs, which wait while it is away."""
        return AsyncStore(self._store, waits_out_outages=True)

    def for_pages(self) -> "AsyncStore":
        """The same database, with threads for what people look at, which never make a request wait.

        Its `views` are the caller's to close.
        """
        return AsyncStore(self._store)

    async def run[Result](self, action: Callable[[Store], Result]) -> Result:
        """The result of an action on the store, in a thread."""
        return await self._call(action)(self._store)

    async def close(self) -> None:
        """Close the database for all."""
        await to_thread.run_sync(self.views.close)
        await to_thread.run_sync(self._store.close)

    def _call[**Arguments, Result](
        self, method: Callable[Arguments, Result]
    ) -> Callable[Arguments, Awaitable[Result]]:
        once = self._once(method)
        if not self._waits:
            return once

        async def call(*arguments: Arguments.args, **values: Arguments.kwargs) -> Result:
            return await _patiently.copy()(once, *arguments, **values)

        return call

    def _once[**Arguments, Result](
        self, method: Callable[Arguments, Result]
    ) -> Callable[Arguments, Awaitable[Result]]:
        async def call(*arguments: Arguments.args, **values: Arguments.kwargs) -> Result:
            return await to_thread.run_sync(partial(method, *arguments, **values), limiter=self._threads)

        return call


_patiently = tenacity.AsyncRetrying(
    retry=tenacity.retry_if_exception(is_database_away),
    wait=tenacity.wait_random_exponential(0.2, LONGEST_PAUSE),
    before_sleep=lambda state: logger.warning("The job database is away; trying again"),
)
