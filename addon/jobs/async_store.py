"""The job database for code on an event loop."""

from collections.abc import Awaitable, Callable
from functools import partial

from anyio import to_thread

from addon.jobs.store import Store


class AsyncStore:
    """The methods of a store, each run in a worker thread."""

    def __init__(self, store: Store) -> None:
        self.url = store.url
        self.close = _in_thread(store.close)

        self.add = _in_thread(store.add)
        self.job = _in_thread(store.job)
        self.jobs = _in_thread(store.jobs)
        self.unfinished = _in_thread(store.unfinished)
        self.job_of_token = _in_thread(store.job_of_token)
        self.free_token = _in_thread(store.free_token)
        self.encrypted_key = _in_thread(store.encrypted_key)
        self.change = _in_thread(store.change)
        self.advance = _in_thread(store.advance)
        self.begin = _in_thread(store.begin)
        self.count = _in_thread(store.count)
        self.fall_back = _in_thread(store.fall_back)
        self.stop = _in_thread(store.stop)
        self.end = _in_thread(store.end)

        self.plan = _in_thread(store.plan)
        self.shards = _in_thread(store.shards)
        self.shard = _in_thread(store.shard)
        self.change_shard = _in_thread(store.change_shard)
        self.refuse = _in_thread(store.refuse)

        self.batch = _in_thread(store.batch)
        self.batches = _in_thread(store.batches)
        self.claimed = _in_thread(store.claimed)
        self.intend = _in_thread(store.intend)
        self.change_batch = _in_thread(store.change_batch)

        self.keep_answers = _in_thread(store.keep_answers)
        self.adopt_answers = _in_thread(store.adopt_answers)
        self.answer_blocks = _in_thread(store.answer_blocks)
        self.answer_rows = _in_thread(store.answer_rows)

        self.tags = _in_thread(store.tags)
        self.set_tags = _in_thread(store.set_tags)
        self.remove_tags = _in_thread(store.remove_tags)


def _in_thread[**Arguments, Result](
    method: Callable[Arguments, Result],
) -> Callable[Arguments, Awaitable[Result]]:
    async def call(*arguments: Arguments.args, **values: Arguments.kwargs) -> Result:
        return await to_thread.run_sync(partial(method, *arguments, **values))

    return call
