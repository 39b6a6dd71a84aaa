"""Creating a batch at the provider: the only call that spends money.

The row is claimed before it, for longer than the call may take. After a lost response, or a claim that ended
without a word, the batch is searched for by its marker, for minutes, before another one is created. If the
search itself is refused, nothing is created and no other provider is used.

Where batches carry no marker, they are found by size and time. To keep ours apart, batches are created one
at a time there; whether a found one is another application's shows in its results.
"""

import hashlib
import logging
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
from anyio import to_thread

from addon.jobs.database.tables import BatchRow, Shard
from addon.jobs.errors import NotYet
from addon.jobs.fallback import is_outage_over
from addon.jobs.job_run import JobRun
from addon.jobs.retrying import passes
from addon.providers.deadlines import Deadline
from addon.providers.retry_policy import LostAnswer
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Search, Submission

logger = logging.getLogger(__name__)

MARGIN = 1.25
"""How many times longer a claim is than the call may take: the database may answer late."""
SLOWEST_UPLOAD = 500_000
"""Bytes a second, for calls that carry the lines."""
LEAST_SEARCH = 30.0
"""Seconds. It may take a while until a new batch is in the provider's list."""
POLLS_OF_SEARCH = 6
LONGEST_CLAIM_PAUSE = 5.0
UNKNOWN_GRACE_HOURS = 1
"""Hours after the job's end during which a batch that may exist is searched for where the search fails."""

_LOOKING = "looking for a batch whose creation was not answered"
_CREATING = "creating the batch at the provider"


class Creation:
    """One attempt to have the batch of a row."""

    def __init__(self, run: JobRun, shard: Shard, row: BatchRow, submission: Submission, lines: Path) -> None:
        self._run = run
        self._shard = shard
        self._row = row
        self._submission = submission
        self._lines = lines
        self._store = run.resources.store
        self._owner = f"{run.resources.executor}/{uuid4().hex}"

    async def attempt(self) -> float:
        """Find or create the batch, if this process may; the seconds until the next look at the row, which
        shows the outcome.

        Raises `NotYet`, and the error for which there is no batch and will be none.
        """
        limit = await self._limit()
        row = self._row
        claim = await self._store.claim_batch(
            row.job_id, row.shard, row.round, self._owner, limit * MARGIN, lane=await self._lane()
        )
        if not claim.granted:
            return min(claim.wait, LONGEST_CLAIM_PAUSE)
        self._row = claim.row
        if claim.row.lost is not None:
            return await self._find_or_create(limit)
        if self._run.is_over():
            await self._release(creation="refused")
            return 0
        return await self._create(limit)

    async def _find_or_create(self, limit: float) -> float:
        assert self._row.lost is not None
        found = await self._search()
        if found is not None:
            await self._created(found, adopted=True)
            return 0
        left = self._search_seconds() - await self._store.seconds_since(self._row.lost)
        if left > 0:
            await self._release(creation="intended")
            text = f"{_LOOKING}: it is not in the provider's list"
            await self._run.show_waiting(text)
            await self._run.note("waiting", text, shard=self._row.shard)
            # often at first, when it is likely to appear
            return max(0.05, min(left, self._search_seconds() / 10))
        if self._run.is_over():
            await self._release(creation="refused")
            return 0
        return await self._create(limit)

    async def _search(self) -> Batch | None:
        run = self._run
        try:
            endpoint = await run.endpoint()
            assert self._row.intended is not None
            claimed = await self._store.claimed(run.job.provider, self._row.intended)
            since = self._row.intended.replace(tzinfo=UTC).timestamp()
            search = Search(since=since, claimed=claimed)
            return await run.resources.transport.play(run.batches.find(endpoint, self._submission, search))
        except ProviderError as error:
            await self._release(creation="intended" if error.passing else "unknown")
            raise NotYet(_LOOKING, error) from error
        except Exception as error:
            await self._release()
            if not passes(error):
                raise
            raise NotYet(_LOOKING, error) from error

    async def _create(self, limit: float) -> float:
        resources = self._run.resources
        try:
            endpoint = await self._run.endpoint()
            with await to_thread.run_sync(self._lines.open, "rb") as lines:
                async with resources.transfers:
                    deadline = Deadline(limit)
                    if not await self._store.renew_claim(self._row, self._owner, limit * MARGIN):
                        return 0  # another process has it
                    conversation = self._run.batches.create(endpoint, self._submission, lines)
                    resources.creating.add(self._owner)
                    batch = await resources.transport.play(conversation, once=True, deadline=deadline)
        except LostAnswer as error:
            await self._release(lost=True, creation="intended")
            await self._run.note("create", f"its answer was lost: {error}", shard=self._row.shard)
            raise NotYet(_CREATING, error) from error
        except Exception as error:
            await self._failed(error)
        else:
            await self._created(batch)
        finally:
            resources.creating.discard(self._owner)
        return 0

    async def _failed(self, error: Exception) -> None:
        """Release the row after an error that leaves no batch. Raises it, or `NotYet` if it passes."""
        may_exist = self._row.lost is not None
        if passes(error) and (may_exist or not is_outage_over(self._run, self._shard)):
            await self._release(creation="intended" if may_exist else "planned")
            raise NotYet(_CREATING, error) from error
        await self._release(creation="refused")
        raise error

    async def _created(self, batch: Batch, *, adopted: bool = False) -> None:
        if not await self._store.created_batch(self._row, batch.id, batch.raw_status, adopted=adopted):
            logger.error("job %s: batch %s is one too many", self._run.id, batch.id)
        await self._run.show_waiting(None)
        await self._note(batch, adopted=adopted)

    async def _note(self, batch: Batch, *, adopted: bool) -> None:
        marker = self._submission.marker
        if not adopted:
            text = f"{batch.raw_status}: created with the marker {marker}"
        elif self._run.target.provider.marks_batches:
            text = f"{batch.raw_status}: found by the marker {marker} after a lost answer"
        else:
            text = f"{batch.raw_status}: found by its size and time after a lost answer"
        await self._run.note("create", text, shard=self._row.shard, batch=batch.id)

    async def _release(self, *, lost: bool = False, **values: Any) -> None:
        with anyio.CancelScope(shield=True):
            await self._store.release_claim(self._row, self._owner, lost=lost, **values)

    async def _limit(self) -> float:
        """Seconds that the call may take."""
        limit = self._run.resources.config.jobs.create_limit
        if self._submission.input_id:
            return limit
        return limit + (await anyio.Path(self._lines).stat()).st_size / SLOWEST_UPLOAD

    def _search_seconds(self) -> float:
        configured = self._run.resources.config.jobs.search_seconds
        if configured is not None:
            return configured
        return max(LEAST_SEARCH, POLLS_OF_SEARCH * self._run.resources.poll_interval)

    async def _lane(self) -> str | None:
        """Where batches carry no marker: what those have in common of which one is created at a time."""
        if self._run.target.provider.marks_batches:
            return None
        endpoint = await self._run.endpoint()
        parts = (self._run.job.provider, endpoint.base_url, *endpoint.headers.values())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
