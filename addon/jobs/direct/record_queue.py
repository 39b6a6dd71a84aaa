"""The records of a shard that are sent one by one: which is next, and when.

A record that failed temporarily goes behind the others.
"""

import heapq
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from addon.providers.concurrency import ConcurrencyLimit

MOST_WAITING = 100
"""Records that failed and will be sent again; when there are more, no new ones are begun."""


@dataclass(order=True)
class QueuedRecord:
    """A record that has no row yet, and its attempts."""

    due: float = field(init=False, default=0.0)
    """It is not sent before this time of the event loop."""
    line: bytes = field(compare=False)
    attempts: int = field(default=0, compare=False)
    blamed: int = field(default=0, compare=False)
    """Number of attempts that failed because of the record, as far as is known."""


class RecordQueue:
    """Hands out records: new ones first; then, or if too many failed, those that are due again."""

    def __init__(self, new: AsyncGenerator[bytes], limit: ConcurrencyLimit) -> None:
        self._new = new
        self._limit = limit
        self._failed: list[QueuedRecord] = []
        """A heap, by due time."""
        self._changed = anyio.Event()
        self._waiting: anyio.CancelScope | None = None
        """While a record waits for the limit."""
        self.running = 0
        """Records that were handed out and are not done."""
        self.held = False
        """Hand out none for now."""
        self.closed = False

    async def records(self) -> AsyncGenerator[QueuedRecord]:
        """Every record, each when it may be sent; ends when all are done or the queue is closed."""
        async with aclosing(self._in_turn()) as records:
            async for record in records:
                if not await self._has_room():
                    break
                self.running += 1
                yield record

    def put_back(self, record: QueuedRecord, due: float) -> None:
        """Have a record sent again, not before a time of the event loop."""
        record.due = due
        heapq.heappush(self._failed, record)

    def done(self) -> None:
        """Count a record as no longer running; it has a row, or was put back."""
        self.running -= 1
        self._limit.release()
        self._wake()

    def close(self) -> None:
        """Hand out no more records."""
        self.closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        self._wake()

    async def _in_turn(self) -> AsyncGenerator[QueuedRecord]:
        async with aclosing(self._new) as lines:
            async for line in lines:
                while len(self._failed) >= MOST_WAITING and (record := await self._next_failed()):
                    yield record
                yield QueuedRecord(line)
        while record := await self._next_failed():
            yield record

    async def _next_failed(self) -> QueuedRecord | None:
        """The next record that failed, when it is due; None if there is none, or the queue is closed."""
        while not self.closed:
            if self._failed:
                left = self._failed[0].due - anyio.current_time()
                if left <= 0:
                    return heapq.heappop(self._failed)
                await self._change(left)
            elif self.running:
                await self._change()
            else:
                return None
        return None

    async def _has_room(self) -> bool:
        """Wait until one more request may run; False if the queue is closed."""
        while not self.closed:
            if self.held:
                await self._change()
                continue
            with anyio.CancelScope() as scope:
                self._waiting = scope
                await self._limit.acquire()
            self._waiting = None
            if scope.cancelled_caught:
                continue
            if self._may_send():
                return True
            self._limit.release()
        return False

    def _may_send(self) -> bool:
        return not (self.closed or self.held)

    async def _change(self, seconds: float | None = None) -> None:
        """Wait until a request ends or the queue is closed, at most so long."""
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
