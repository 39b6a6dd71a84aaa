"""Running a shard without a batch API: one request per record, many at a time, each response kept at once.

What the provider answered is paid for: rows are stored as they arrive, and a restart sends only the records
that have none. A response that concerns the whole job refuses the shard, if no record of it was answered.
"""

import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

import anyio
import httpx
from anyio import to_thread

from addon.jobs import answers
from addon.jobs.answers import ROWS, AnswerWriter
from addon.jobs.batches.lifecycle import lines_of
from addon.jobs.database.event_store import MOST_CHARACTERS
from addon.jobs.database.tables import DIRECT, BatchRow, Shard, utc_now
from addon.jobs.direct.record_queue import QueuedRecord, RecordQueue
from addon.jobs.errors import Interrupted, NotConfigured
from addon.jobs.job_run import JobRun
from addon.jobs.processes.result_rows import answered_and_failed
from addon.jobs.processes.split import Request, request_of
from addon.jobs.retrying import until_done
from addon.jobs.timeline import Kind
from addon.providers.retry_policy import Unreachable, backoff
from translators.errors import ACCESS_DENIED, ProviderError, is_transient
from translators.providers.conversation import Endpoint
from translators.providers.direct import Direct

logger = logging.getLogger(__name__)

ATTEMPTS = 5
"""Number of times that a record is sent if it fails while others are answered."""
LONGEST_PAUSE = 60.0
SAVE_EVERY = 1.0
"""Seconds between two checks of the job's state and two updates of its counts."""
MOST_FAILURES = 3
"""Kinds of failures that one update adds to the timeline."""
LAST_SECONDS = 3.0
"""Seconds that requests may still take after the job's end."""

_UNREACHABLE = "unreachable"
"""Marks a substitute for a response that never came."""
_ABOUT_THE_JOB = ACCESS_DENIED | {402, 404}
"""The key, the account, or no such model or path."""
_ABOUT_ALL = frozenset({429, 503})
"""The provider wants fewer requests, or is down; any other failure is the record's own."""


async def send(run: JobRun, shard: Shard, row: BatchRow) -> bool:
    """Have the lines of a shard in the spool; False if there are none, or the job is over."""
    if row.batch_id is not None:
        return True
    if run.is_over() or await lines_of(run, shard, row.round) is None:
        return False
    await run.resources.store.change_batch(run.id, row.shard, row.round, batch_id=DIRECT)
    await run.note("create", f"{shard.lines} lines are sent one by one", shard=row.shard)
    return True


async def watch(run: JobRun, shard: Shard, row: BatchRow) -> None:
    """Send every record of the shard, until all are answered or the job is over or refused."""
    store = run.resources.store
    lines = await lines_of(run, shard, row.round)
    assert lines is not None

    accepted = False

    async def attempt() -> None:
        nonlocal accepted
        direct = DirectRun(run, row, lines, shard.group)
        try:
            await direct.run()
        finally:
            accepted = direct.accepted

    state = "ended"
    try:
        with suppress(Interrupted):
            await until_done(run, "asking the provider", attempt, shard=row.shard)
    except ProviderError as error:
        await run.refuse(shard, error.message, error.status)
        if not accepted:
            state = "failed"  # nothing was accepted: another provider may take the job
    await store.change_batch(run.id, row.shard, row.round, state=state, raw_status="", saved=[ROWS])
    row = await store.latest_batch(run.id, row.shard)
    await run.note("results", f"{row.succeeded} answers, {row.failed} errors", shard=row.shard)


class DirectRun:
    """The requests for one shard."""

    def __init__(self, run: JobRun, row: BatchRow, lines: Path, group: str) -> None:
        self._run = run
        self._row = row
        self._lines = lines
        self._group = group
        direct = run.target.provider.direct
        if direct is None:
            raise NotConfigured(f"{run.target.provider.name} has no direct mode")
        self._direct: Direct = direct
        self._limit = run.resources.direct_limit(run.target)
        self._queue = RecordQueue(self._unanswered(), self._limit)
        self._answered: frozenset[Request] = frozenset()
        """Lines with a row from before a restart."""
        self._answers = AnswerWriter(run.resources.store, row)
        self._failed_before = self._succeeded_before = 0
        self.accepted = False
        """A record was answered, now or before a restart."""
        self._over = False
        self._waiting: str | None = None
        self._failures: Counter[tuple[Kind, str]] = Counter()
        """Temporary failures that the timeline does not hold yet."""
        self._outage = False
        """A record failed at its first attempt since the last response: presumably all would."""
        self._refused: list[tuple[bytes, httpx.Response]] = []
        """Responses that concern the job, unless a request that still runs is answered."""
        self._refusal: ProviderError | None = None

    async def run(self) -> None:
        """Send every record that has no row yet, until all have one or the job is over.

        Raises `ProviderError` if the provider refuses the job.
        """
        await self._read_answers()
        endpoint = await self._run.endpoint()
        try:
            await self._send_all(endpoint)
        except ExceptionGroup as group:
            raise _first(group) from group
        await self._save_counts()
        await self._show_waiting(None)
        if self._refusal is not None:
            raise self._refusal
        if self._over:
            raise Interrupted("asking for records")

    async def _send_all(self, endpoint: Endpoint) -> None:
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._answers.run)
            try:
                async with anyio.create_task_group() as sending, aclosing(self._queue.records()) as records:
                    watching.start_soon(self._watch, sending.cancel_scope)
                    async for record in records:
                        sending.start_soon(self._send, endpoint, record)
            finally:
                with anyio.move_on_after(LAST_SECONDS, shield=True):
                    await self._answers.store()
            watching.cancel_scope.cancel()

    async def _read_answers(self) -> None:
        """Find the records that were answered before a restart."""
        run, row, store = self._run, self._row, self._run.resources.store
        folder = run.spool.results(row.shard, row.round)
        await answers.adopt(store, row, folder / ROWS)
        path = await answers.written(store, row, folder / "answered.jsonl")
        if path is not None:
            self._answered, self._failed_before = await run.resources.in_process(
                answered_and_failed, (path,), run.job.kind, run.id
            )
            self._succeeded_before = len(self._answered) - self._failed_before
            self.accepted = self._succeeded_before > 0
            await to_thread.run_sync(path.unlink)

    async def _unanswered(self) -> AsyncGenerator[bytes]:
        with await to_thread.run_sync(self._lines.open, "rb") as file:
            while block := await to_thread.run_sync(file.readlines, 1 << 20):
                for line in block:
                    if not self._answered or self._request(line) not in self._answered:
                        yield line

    def _request(self, line: bytes) -> Request:
        return request_of(self._direct.custom_id(line), self._run.id)

    async def _send(self, endpoint: Endpoint, record: QueuedRecord) -> None:
        try:
            response = await self._response(endpoint, record.line)
            # A response is paid for: it is kept even if time is up at this moment.
            with anyio.CancelScope(shield=True):
                await self._handle(record, response)
        finally:
            self._queue.done()
            if self._refused and not self._queue.running and not self._over:
                self._refusal = self._direct.error(self._refused[0][1])
                self._queue.close()

    async def _response(self, endpoint: Endpoint, line: bytes) -> httpx.Response:
        """The response to one request; if there is none, a 503 that is marked as unreachable."""
        request = self._direct.request(endpoint, line, self._run.job.model, self._group)
        try:
            return _explained(await self._run.resources.transport.send(request))
        except Unreachable as error:
            return httpx.Response(503, text=str(error), extensions={_UNREACHABLE: True})

    async def _handle(self, record: QueuedRecord, response: httpx.Response) -> None:
        """Keep a response as the record's row, or put the record back."""
        if is_transient(response.status_code) and self._direct.error(response).passing:
            await self._fail(record, response)
            return
        self._limit.answered()
        self._outage = False
        if not self.accepted and self._is_about_the_job(response):
            self._refused.append((record.line, response))
            self._queue.held = True
            return
        await self._show_waiting(None)
        await self._keep(record.line, response)
        if response.is_success:
            self.accepted = True
            refused, self._refused = self._refused, []
            self._queue.held = False
            for line, refusal in refused:
                await self._keep(line, refusal)

    def _is_about_the_job(self, response: httpx.Response) -> bool:
        if response.is_success:
            return False
        error = self._direct.error(response)  # some providers' status is in the body only
        return error.status in _ABOUT_THE_JOB or (error.status == 429 and not error.passing)

    async def _fail(self, record: QueuedRecord, response: httpx.Response) -> None:
        """Put the record back behind the others, or have it fail permanently."""
        record.attempts += 1
        if response.status_code not in _ABOUT_ALL:
            record.blamed += 1
        elif record.attempts == 1:
            record.blamed, self._outage = 1, True
        elif not self._outage:
            record.blamed += 1
        if record.blamed >= ATTEMPTS:
            await self._keep(record.line, response)
            return
        pause = backoff(record.attempts, LONGEST_PAUSE)
        due = anyio.current_time() + pause
        if _UNREACHABLE in response.extensions:
            self._failures["waiting", response.text[:MOST_CHARACTERS]] += 1
            await self._show_waiting(response.text)
        elif response.status_code in _ABOUT_ALL:
            error = self._direct.error(response)
            text = f"{response.status_code}: {error.message}"[:MOST_CHARACTERS]
            self._failures["throttled", text] += 1
            self._limit.slower(anyio.current_time() + (error.retry_after or pause))
            await self._show_waiting(f"the provider answers {response.status_code}")
        self._queue.put_back(record, due)

    async def _keep(self, line: bytes, response: httpx.Response) -> None:
        await self._answers.add(self._direct.row(line, response) + b"\n", succeeded=response.is_success)

    async def _watch(self, sending: anyio.CancelScope) -> None:
        """Save the counts until the job is over; then cancel what still runs after a few seconds. Cancelled
        records are unprocessed, though the provider may have begun them and may charge for them."""
        interval = min(SAVE_EVERY, self._run.resources.poll_interval)
        while not self._over:
            await anyio.sleep(interval)
            await self._save_counts()
            self._over = (await self._run.reload()).is_over()
        self._queue.close()
        await anyio.sleep(LAST_SECONDS)
        sending.cancel()

    async def _save_counts(self) -> None:
        store, row = self._run.resources.store, self._row
        await store.change_batch(
            row.job_id,
            row.shard,
            row.round,
            succeeded=self._succeeded_before + self._answers.succeeded,
            failed=self._failed_before + self._answers.failed,
        )
        await store.count(row.job_id, utc_now())
        failures, self._failures = self._failures, Counter()
        for (kind, text), times in failures.most_common(MOST_FAILURES):
            await self._run.note(kind, text, shard=row.shard, times=times)
            failures.subtract({(kind, text): times})
        if rest := failures.total():
            await self._run.note("waiting", "other temporary failures", shard=row.shard, times=rest)

    async def _show_waiting(self, reason: str | None) -> None:
        if reason != self._waiting:
            self._waiting = reason
            await self._run.show_waiting(reason)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The first error: a full disk fails many calls at once."""
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _explained(response: httpx.Response) -> httpx.Response:
    """The response; a redirect, which a call that costs money does not follow, gets a text."""
    if not response.is_redirect:
        return response
    place = response.headers.get("location", "nowhere")
    return httpx.Response(
        response.status_code, text=f"the provider answers {response.status_code} and sends on to {place}"
    )
