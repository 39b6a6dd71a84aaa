"""Running a shard without a batch API: one call a record, many at a time, each answer kept at once.

What the provider answered is paid for: rows are written as they come, and a restart asks only for what has
none. How many calls run at a time follows what the provider can take: fewer after a refusal for rate, one
more after every round of answers.
"""

import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio
import httpx

from addon.jobs.collecting import DIRECT
from addon.jobs.context import Context, opened
from addon.jobs.joining import answered_and_failed
from addon.jobs.sending import lines_of
from addon.jobs.splitting import record_index
from addon.jobs.tables import BatchRow, Job, Shard
from addon.jobs.waiting import Interrupted, NotConfigured, utc_now
from addon.transport import Unreachable, retry_after
from translators.providers.conversation import Endpoint
from translators.providers.direct import Direct

logger = logging.getLogger(__name__)

ROWS = "rows.jsonl"
ATTEMPTS = 5
"""How often a record is asked for that the provider fails at; being asked to slow down does not count."""
LONGEST_PAUSE = 60.0
SAVE_EVERY = 1.0
"""Seconds between two looks at the job's state and two updates of its counts."""


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
    """Ask for every record of the shard, whatever it takes, until the job is over."""
    row = await context.off_loop(context.store.batch, job.id, shard.number, round_)
    lines = await lines_of(context, job, shard, round_)
    assert lines is not None

    async def attempt() -> None:
        await DirectRun(context, job, row, lines, shard.group).run()

    with suppress(Interrupted):
        await context.patience.until_done(job.id, "asking the provider", attempt)
    await context.off_loop(
        context.store.change_batch, job.id, shard.number, round_, state="ended", raw_status="", saved=[ROWS]
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
        self._room = anyio.Condition()
        self._over = False
        self._said: str | None = None
        self._succeeded = 0
        self._failed = 0

    async def run(self) -> None:
        """Ask for every record that has no row yet, until all have or the job is over."""
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
        if self._over:
            raise Interrupted("asking for records")

    async def _ask_all(self, endpoint: Endpoint, done: frozenset[int], rows: BinaryIO) -> None:
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._watch)
            async with anyio.create_task_group() as asking:
                async for line in self._unanswered(done):
                    await self._enter()
                    if self._over:
                        break
                    asking.start_soon(self._ask, endpoint, line, rows)
            watching.cancel_scope.cancel()

    async def _done(self, path: Path) -> frozenset[int]:
        if not await self._context.off_loop(path.is_file):
            return frozenset()
        await self._context.off_loop(_cut_half_a_row, path)
        kind = self._context.route(self._job).provider
        done, self._failed = await self._context.in_process(answered_and_failed, (path,), kind, self._job.id)
        self._succeeded = len(done) - self._failed
        return done

    async def _unanswered(self, done: frozenset[int]) -> AsyncIterator[bytes]:
        with await self._context.off_loop(opened, self._lines) as file:
            while block := await self._context.off_loop(file.readlines, 1 << 20):
                for line in block:
                    if record_index(self._direct.custom_id(line), self._job.id) not in done:
                        yield line

    async def _enter(self) -> None:
        async with self._room:
            while self._running >= self._pace.now and not self._over:
                await self._room.wait()
            self._running += 1

    async def _ask(self, endpoint: Endpoint, line: bytes, rows: BinaryIO) -> None:
        try:
            response = await self._answer(endpoint, line)
            if response is not None:
                row = self._direct.row(line, response)
                await self._context.off_loop(_written, rows, row)
                self._succeeded += response.is_success
                self._failed += not response.is_success
        finally:
            async with self._room:
                self._running -= 1
                self._room.notify_all()

    async def _answer(self, endpoint: Endpoint, line: bytes) -> httpx.Response | None:
        """What the provider says for good; None when the job is over before it does."""
        failures = 0
        for pause in _pauses():
            await self._hold()
            if self._over:
                return None
            try:
                response = await self._context.transport.send(
                    self._direct.request(endpoint, line, self._job.model, self._group)
                )
            except Unreachable as error:
                await self._say(str(error))
                await anyio.sleep(pause)
                continue
            if response.status_code not in {408, 429} and response.status_code < 500:
                self._pace.answered()
                await self._say(None)
                return response
            if response.status_code in {429, 503}:
                self._pace.slower(anyio.current_time() + (retry_after(response.headers) or pause))
                await self._say(f"the provider answers {response.status_code}")
                continue
            failures += 1
            if failures == ATTEMPTS:
                return response
            await anyio.sleep(pause)
        raise AssertionError("the pauses never end")

    async def _hold(self) -> None:
        """Wait as long as the provider asked all of us to."""
        while (left := self._pace.held_until - anyio.current_time()) > 0 and not self._over:
            await self._context.patience.pause(self._job.id, min(left, SAVE_EVERY))

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(min(SAVE_EVERY, self._context.poll_interval))
            await self._count()
            job = await self._context.patience.job(self._job.id)
            if self._context.patience.is_over(job):
                self._over = True
                async with self._room:
                    self._room.notify_all()

    async def _count(self) -> None:
        store, row = self._context.store, self._row
        counts = {"succeeded": self._succeeded, "failed": self._failed}
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


def _pauses() -> Iterator[float]:
    """0.5, 1, 2 … seconds, each up to a quarter shorter so that calls do not march in step."""
    seconds = 0.5
    while True:
        yield seconds * random.uniform(0.75, 1)
        seconds = min(2 * seconds, LONGEST_PAUSE)


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
