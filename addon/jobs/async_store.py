"""The job database for code on an event loop."""

from collections.abc import Awaitable, Callable
from functools import partial

from anyio import CapacityLimiter, to_thread

from addon.jobs.store import Store

THREADS = 8
"""Calls at the same time through one `AsyncStore`."""


class AsyncStore:
    """The methods of a store, each run in a worker thread.

    Threads are limited for each instance: the control plane and the jobs have one each, so that many jobs
    do not keep requests waiting. `views` has threads of its own.
    """

    def __init__(self, store: Store) -> None:
        self.url = store.url
        self.views = store.views()
        self._store = store
        self._threads = CapacityLimiter(THREADS)

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
        self.change_shard = call(store.change_shard)
        self.refuse = call(store.refuse)

        self.batch = call(store.batch)
        self.batches = call(store.batches)
        self.claimed = call(store.claimed)
        self.intend = call(store.intend)
        self.change_batch = call(store.change_batch)

        self.keep_answers = call(store.keep_answers)
        self.answer_blocks = call(store.answer_blocks)
        self.answer_rows = call(store.answer_rows)

        self.tags = call(store.tags)
        self.set_tags = call(store.set_tags)
        self.remove_tags = call(store.remove_tags)

    def for_jobs(self) -> "AsyncStore":
        """The same database, with threads for jobs."""
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
        async def call(*arguments: Arguments.args, **values: Arguments.kwargs) -> Result:
            return await to_thread.run_sync(partial(method, *arguments, **values), limiter=self._threads)

        return call
