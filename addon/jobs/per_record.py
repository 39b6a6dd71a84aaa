"""Running a shard without a batch API: one call a record, many at a time, each answer kept at once.

What the provider answered is paid for: rows are written as they come, and a restart asks only for what has
none. How many calls run at a time follows what the provider can take: fewer after a refusal for rate, one
more after every round of answers. A record that fails for now goes behind the others. An answer that is about
the job refuses the shard, as long as no record of it was answered.
"""

import heapq
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio
import httpx

from addon.jobs.batch_states import DIRECT
from addon.jobs.batches.lifecycle import lines_of
from addon.jobs.job_run import Context, opened
from addon.jobs.processes.join import answered_and_failed
from addon.jobs.processes.split import record_index
from addon.jobs.retrying import Interrupted, NotConfigured, utc_now
from addon.jobs.tables import BatchRow, Job, Shard
from addon.providers.transport import Unreachable, retry_after
from translators.errors import ProviderError
from translators.providers.conversation import Endpoint
from translators.providers.direct import Direct

logger = logging.getLogger(__name__)

ROWS = "rows.jsonl"
ATTEMPTS = 5
"""How often a record is asked for that fails while others are answered."""
MOST_WAITING = 100
"""Records that failed and are to be asked again; when there are more, no new ones are begun."""
LONGEST_PAUSE = 60.0
SAVE_EVERY = 1.0
"""Seconds between two looks at the job's state and two updates of its counts."""
LAST_SECONDS = 3.0
"""How long calls may still take after the job's end."""

_UNREACHABLE = "unreachable"
"""Marks what stands for an answer that never came."""
_ABOUT_THE_JOB = frozenset({401, 402, 403, 404})
"""The key, the account, or no such model or path."""
_ABOUT_ALL = frozenset({429, 503})
"""The provider wants fewer calls, or is down; any other failure tells of the record that it was given."""


async def send(context: Context, job: Job, shard: Shard, round_: int) -> bool:
    """Have the lines of a shard at hand; False when there is none, or the job is over."""
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    if row.batch_id is not None:
        return True
    if context.patience.is_over(job):
        return False
    if await lines_of(context, job, shard, round_) is None:
        return False
    await context.off_loop(context.store.change_batch, job.id, shard.number, round_, batch_id=DIRECT)
    return True


async def watch(context: Context, job: Job, shard: Shard, round_: int) -> None:
    """Ask for every record of the shard, whatever it takes, until the job is over or refused."""
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    lines = await lines_of(context, job, shard, round_)
    assert lines is not None

    succeeded = 0

    async def attempt() -> None:
        nonlocal succeeded
        run = DirectRun(context, job, row, lines, shard.group)
        try:
            await run.run()
        finally:
            succeeded = run.succeeded

    state = "ended"
    try:
        with suppress(Interrupted):
            await context.patience.until_done(job.id, "asking the provider", attempt)
    except ProviderError as error:
        await context.off_loop(context.store.refuse, shard, error.message, error.status)
        if succeeded == 0:
            state = "failed"  # nothing was accepted: another provider may take the job
    await context.off_loop(
        context.store.change_batch, job.id, shard.number, round_, state=state, raw_status="", saved=[ROWS]
    )


@dataclass
class Pace:
    """How many calls may run at a time, between one and the configured number, and from when on."""

    most: int
    now: int = field(init=False)
    held_until: float = 0.0
    """Before this moment of the event loop's clock none starts."""
    _answers: int = 0

    def __post_init__(self) -> None:
        self.now = self.most

    def slower(self, until: float) -> None:
        """The provider wants fewer calls, and none before a moment; what it asked for earlier still holds."""
        self.now = max(1, self.now // 2)
        self.held_until = max(self.held_until, until)
        self._answers = 0

    def answered(self) -> None:
        self._answers += 1
        if self._answers >= self.now and self.now < self.most:
            self.now += 1
            self._answers = 0


@dataclass(order=True)
class Asked:
    """A record, and how asking for it went."""

    due: float = field(init=False, default=0.0)
    """Before this moment of the event loop's clock it is not asked for again."""
    line: bytes = field(compare=False)
    tries: int = field(default=0, compare=False)
    blamed: int = field(default=0, compare=False)
    """How many of them tell against the record."""


class DirectRun:
    """The work on one shard."""

    def __init__(self, context: Context, job: Job, row: BatchRow, lines: Path, group: str) -> None:
        self._context = context
        self._job = job
        self._row = row
        self._lines = lines
        self._group = group
        target = context.target(job)
        direct = target.provider.direct
        if direct is None:
            raise NotConfigured(f"{target.provider.name} has no direct mode")
        self._direct: Direct = direct
        self._pace = Pace(target.section.concurrency)
        self._running = 0
        self._changed = anyio.Event()
        self._over = False
        self._said: str | None = None
        self.succeeded = 0
        """Records that are answered, before a restart too."""
        self._failed = 0
        self._waiting: list[Asked] = []
        """A heap: what failed and is asked for again, by when it is due."""
        self._outage = False
        """A record failed for the first time since the last answer: as far as we know, all would."""
        self._refused: list[tuple[bytes, httpx.Response]] = []
        """Answers that are about the job, unless a call that runs yet is answered."""
        self._refusal: ProviderError | None = None

    async def run(self) -> None:
        """Ask for every record that has no row yet, until all have or the job is over.

        Raises `ProviderError` when the provider refuses the job.
        """
        folder = self._context.spool(self._job.id).results(self._row.shard, self._row.round)
        await self._context.off_loop(folder.mkdir, parents=True, exist_ok=True)
        path = folder / ROWS
        done = await self._done(path)
        endpoint = await self._context.endpoint(self._job)
        with await self._context.off_loop(_appended, path) as rows:
            try:
                await self._ask_all(endpoint, done, rows)
            except ExceptionGroup as group:
                raise _first(group) from group
        await self._count()
        await self._say(None)
        if self._refusal is not None:
            raise self._refusal
        if self._over:
            raise Interrupted("asking for records")

    async def _ask_all(self, endpoint: Endpoint, done: frozenset[int], rows: BinaryIO) -> None:
        async with anyio.create_task_group() as watching:
            async with anyio.create_task_group() as asking, aclosing(self._in_turn(done)) as records:
                watching.start_soon(self._watch, asking.cancel_scope)
                async for asked in records:
                    if not await self._has_room():
                        break
                    self._running += 1
                    asking.start_soon(self._ask, endpoint, asked, rows)
            watching.cancel_scope.cancel()

    async def _done(self, path: Path) -> frozenset[int]:
        if not await self._context.off_loop(path.is_file):
            return frozenset()
        await self._context.off_loop(_cut_half_a_row, path)
        kind = self._context.route(self._job).provider
        done, self._failed = await self._context.in_process(answered_and_failed, (path,), kind, self._job.id)
        self.succeeded = len(done) - self._failed
        return done

    async def _unanswered(self, done: frozenset[int]) -> AsyncGenerator[bytes]:
        with await self._context.off_loop(opened, self._lines) as file:
            while block := await self._context.off_loop(file.readlines, 1 << 20):
                for line in block:
                    if record_index(self._direct.custom_id(line), self._job.id) not in done:
                        yield line

    async def _in_turn(self, done: frozenset[int]) -> AsyncGenerator[Asked]:
        """New records first; then, or when too many wait, those that failed."""
        async with aclosing(self._unanswered(done)) as lines:
            async for line in lines:
                while len(self._waiting) >= MOST_WAITING and (again := await self._again()):
                    yield again
                yield Asked(line)
        while again := await self._again():
            yield again

    async def _again(self) -> Asked | None:
        """The next record that failed, when it is due; None when none is left, or asking is over."""
        while not self._ends:
            if self._waiting:
                left = self._waiting[0].due - anyio.current_time()
                if left <= 0:
                    return heapq.heappop(self._waiting)
                await self._change(left)
            elif self._running:
                await self._change()
            else:
                return None
        return None

    async def _has_room(self) -> bool:
        """Wait until one more call may run; False when asking is over."""
        while not self._ends:
            left = self._pace.held_until - anyio.current_time()
            if self._running >= self._pace.now or self._refused:
                await self._change()
            elif left > 0:
                await self._change(left)
            else:
                return True
        return False

    @property
    def _ends(self) -> bool:
        return self._over or self._refusal is not None

    async def _change(self, seconds: float | None = None) -> None:
        """Wait until a call ended or the job did, or for so long."""
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _ask(self, endpoint: Endpoint, asked: Asked, rows: BinaryIO) -> None:
        try:
            response = await self._answer(endpoint, asked.line)
            # An answer is paid for: it is kept even when time is up at this moment.
            with anyio.CancelScope(shield=True):
                await self._sort(asked, response, rows)
        finally:
            self._running -= 1
            if self._refused and not self._running and not self._over:
                self._refusal = self._direct.error(self._refused[0][1])
            self._wake()

    async def _answer(self, endpoint: Endpoint, line: bytes) -> httpx.Response:
        """What the provider says this once; no answer reads like a 503 without a wish for fewer calls."""
        request = self._direct.request(endpoint, line, self._job.model, self._group)
        try:
            return _told(await self._context.transport.send(request))
        except Unreachable as error:
            return httpx.Response(503, text=str(error), extensions={_UNREACHABLE: True})

    async def _sort(self, asked: Asked, response: httpx.Response, rows: BinaryIO) -> None:
        """Keep an answer, or see what becomes of a record that has none."""
        if _is_passing(response.status_code) and self._direct.error(response).passing:
            await self._fail(asked, response, rows)
            return
        self._pace.answered()
        self._outage = False
        if self.succeeded == 0 and self._is_about_the_job(response):
            self._refused.append((asked.line, response))
            return
        await self._say(None)
        await self._keep(asked.line, response, rows)
        if response.is_success:
            refused, self._refused = self._refused, []
            for line, refusal in refused:
                await self._keep(line, refusal, rows)

    def _is_about_the_job(self, response: httpx.Response) -> bool:
        if response.is_success:
            return False
        error = self._direct.error(response)  # some providers' status is told by their words
        return error.status in _ABOUT_THE_JOB or (error.status == 429 and not error.passing)

    async def _fail(self, asked: Asked, response: httpx.Response, rows: BinaryIO) -> None:
        """Ask for the record again behind the others, or have it fail for good."""
        asked.tries += 1
        if response.status_code not in _ABOUT_ALL:
            asked.blamed += 1
        elif asked.tries == 1:
            asked.blamed, self._outage = 1, True
        elif not self._outage:
            asked.blamed += 1
        if asked.blamed >= ATTEMPTS:
            await self._keep(asked.line, response, rows)
            return
        pause = _pause(asked.tries)
        asked.due = anyio.current_time() + pause
        if _UNREACHABLE in response.extensions:
            await self._say(response.text)
        elif response.status_code in _ABOUT_ALL:
            self._pace.slower(anyio.current_time() + (retry_after(response.headers) or pause))
            await self._say(f"the provider answers {response.status_code}")
        heapq.heappush(self._waiting, asked)

    async def _keep(self, line: bytes, response: httpx.Response, rows: BinaryIO) -> None:
        await self._context.off_loop(_written, rows, self._direct.row(line, response))
        self.succeeded += response.is_success
        self._failed += not response.is_success

    async def _watch(self, asking: anyio.CancelScope) -> None:
        """Keep the counts, and see to the job's end: what is asked for then has a few seconds left. What is
        cut off is unprocessed, though the provider may have begun it and may charge for it."""
        while not self._over:
            await self._context.patience.pause(self._job.id, min(SAVE_EVERY, self._context.poll_interval))
            await self._count()
            job = await self._context.patience.job(self._job.id)
            self._over = self._context.patience.is_over(job)
        self._wake()
        await anyio.sleep(LAST_SECONDS)
        asking.cancel()

    async def _count(self) -> None:
        store, row = self._context.store, self._row
        counts = {"succeeded": self.succeeded, "failed": self._failed}
        await self._context.off_loop(store.change_batch, row.job_id, row.shard, row.round, **counts)
        await self._context.off_loop(store.count, row.job_id, utc_now())

    async def _say(self, trouble: str | None) -> None:
        if trouble != self._said:
            self._said = trouble
            await self._context.patience.say(self._job.id, trouble)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong first: a full disk says so to many calls at once."""
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _pause(tries: int) -> float:
    """0.5, 1, 2 … seconds, each up to a quarter shorter so that calls do not march in step."""
    return min(0.5 * 2.0 ** min(tries - 1, 10), LONGEST_PAUSE) * random.uniform(0.75, 1)


def _is_passing(status: int) -> bool:
    return status in {408, 429} or status >= 500


def _told(response: httpx.Response) -> httpx.Response:
    """The answer; in words where it only sends on, which a call that costs money does not follow."""
    if not response.is_redirect:
        return response
    place = response.headers.get("location", "nowhere")
    return httpx.Response(
        response.status_code, text=f"the provider answers {response.status_code} and sends on to {place}"
    )


def _appended(path: Path) -> BinaryIO:
    return path.open("ab", buffering=0)


def _written(file: BinaryIO, row: bytes) -> None:
    file.write(row + b"\n")


def _cut_half_a_row(path: Path) -> None:
    """A process that was killed may have left the beginning of a row; the next must not be glued to it."""
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        while size > 0:
            start = max(0, size - (1 << 16))
            file.seek(start)
            end = file.read(size - start).rfind(b"\n")
            if end >= 0:
                file.truncate(start + end + 1)
                return
            size = start
        file.truncate(0)
