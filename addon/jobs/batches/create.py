"""Making a batch at the provider: the only call that spends money.

Before it the intent is stored; after a lost answer, or a restart that finds an intent without a batch, the
batch is looked for by its marker before another is made.

Where batches bear no marker, one is found by its size and time. So that it is not another of ours, batches
are made one at a time there; that it is nobody else's shows in its results.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

from addon.jobs.fallback import Outage
from addon.jobs.job_run import Context, opened
from addon.jobs.retrying import Interrupted, passes, utc_now
from addon.jobs.tables import BatchRow, Job
from addon.providers.transport import LostAnswer
from translators.providers.conversation import Batch, Search, Submission

LOOKS = 3
"""How often a batch with a lost answer is looked for: it may show in the list with a delay."""

TURN_SECONDS = 5
"""How soon a job that waits for its turn to create a batch notices that it is over."""


@asynccontextmanager
async def turn(context: Context, job: Job, row: BatchRow) -> AsyncIterator[None]:
    """The time in which no other batch is created with the same key, where batches bear no marker.

    Raises `Interrupted` when the job is over before its turn and nothing has been created for it.
    """
    if context.target(job).provider.marks_batches:
        yield
        return
    endpoint = await context.patience.until_done(
        job.id, "creating the batch at the provider", lambda: context.endpoint(job)
    )
    key = (job.provider, endpoint.base_url, *endpoint.headers.values())
    lock = context.turns.setdefault(key, asyncio.Lock())
    while True:
        try:
            await asyncio.wait_for(lock.acquire(), TURN_SECONDS)
            break
        except TimeoutError:
            if row.intended is None and context.patience.is_over(await context.patience.job(job.id)):
                raise Interrupted("creating the batch") from None
    try:
        yield
    finally:
        lock.release()


class Creation:
    """The creation of one batch, however many attempts it takes.

    `found` says that the batch was found after a lost answer.
    """

    def __init__(
        self, context: Context, job: Job, row: BatchRow, submission: Submission, lines: Path
    ) -> None:
        self._context = context
        self._job = job
        self._row = row
        self._submission = submission
        self._lines = lines
        self._intended = row.intended
        self._may_exist = row.intended is not None
        self._outage = Outage(context, job)
        self._batches = context.target(job).provider.batches
        self.found = False

    async def batch(self) -> Batch:
        """The batch that exists already, or a new one.

        Raises `Interrupted` when the job is over and there is none, and what the provider says for good.
        """
        patience = self._context.patience
        try:
            return await patience.until_done(
                self._job.id,
                "creating the batch at the provider",
                self._attempt,
                curable=self._may_work,
            )
        except Interrupted:
            if self._intended is None:
                raise
            # Nobody would cancel a batch that was made after all and is not known.
            found = await patience.until_done(
                self._job.id,
                "looking for a batch whose creation was not answered",
                self._look,
                give_up=lambda job: False,
            )
            if found is None:
                raise
            self.found = True
            return found

    async def _attempt(self) -> Batch:
        if self._intended is not None and (found := await self._look()) is not None:
            self.found = True
            return found
        context, row = self._context, self._row
        if context.patience.is_over(await context.patience.job(row.job_id)):
            raise Interrupted("creating the batch")
        if self._intended is None:
            self._intended = utc_now()
            await context.off_loop(
                context.store.change_batch, row.job_id, row.shard, row.round, intended=self._intended
            )
        endpoint = await context.endpoint(self._job)
        async with context.transfers:
            with await context.off_loop(opened, self._lines) as lines:
                try:
                    return await context.transport.play(
                        self._batches.create(endpoint, self._submission, lines), once=True
                    )
                except LostAnswer:
                    self._may_exist = True
                    raise

    async def _look(self) -> Batch | None:
        for number in range(LOOKS):
            seconds = number * min(2.0, self._context.poll_interval)
            await self._context.patience.pause(self._job.id, seconds)
            if (found := await self._find()) is not None:
                return found
        return None

    async def _find(self) -> Batch | None:
        context = self._context
        assert self._intended is not None
        claimed = await context.off_loop(context.store.claimed, self._job.provider)
        search = Search(since=self._intended.replace(tzinfo=UTC).timestamp(), claimed=claimed)
        endpoint = await context.endpoint(self._job)
        return await context.transport.play(self._batches.find(endpoint, self._submission, search))

    def _may_work(self, error: Exception) -> bool:
        if self._may_exist:
            return passes(error) or isinstance(error, LostAnswer)
        return self._outage.passes(error)
