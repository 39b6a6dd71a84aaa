"""How many requests to a provider run at a time.

It follows what the provider can take: half as many after it asks for fewer, one more after every round of
responses.
"""

import anyio


class ConcurrencyLimit:
    """Limit of concurrent requests to a provider, over all shards and jobs of this process.

    It is between one and `most`. Those that wait for a request to end get its place in the order in which
    they came.
    """

    def __init__(self, most: int) -> None:
        self.now = self._most = most
        self.running = 0
        self._held_until = 0.0
        """No request starts before this time of the event loop."""
        self._responses = 0
        self._turn = anyio.Lock(fast_acquire=True)
        self._changed: anyio.Event | None = None
        """What the first of those that wait is waiting for."""

    async def acquire(self) -> None:
        """Wait until one more request may run, and count it."""
        async with self._turn:
            while True:
                left = self._held_until - anyio.current_time()
                if self.running >= self.now:
                    await self._change(None)
                elif left > 0:
                    await self._change(left)
                else:
                    break
            self.running += 1

    def release(self) -> None:
        """Count a request as ended."""
        self.running -= 1
        self._wake()

    def slower(self, until: float) -> None:
        """Allow half as many, and none before a time; a later time set before still holds."""
        self.now = max(1, self.now // 2)
        self._held_until = max(self._held_until, until)
        self._responses = 0

    def answered(self) -> None:
        """Count a response; allow one more request after as many as may run at a time."""
        self._responses += 1
        if self._responses >= self.now and self.now < self._most:
            self.now += 1
            self._responses = 0
            self._wake()

    async def _change(self, seconds: float | None) -> None:
        self._changed = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
