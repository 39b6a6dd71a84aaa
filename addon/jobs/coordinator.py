"""Work that a thread coordinates and worker processes do."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

from anyio import CapacityLimiter, to_thread

from addon.jobs.processes.pool import Workers


async def coordinated[Result](
    coordinate: Callable[[Workers], Result],
    in_process: Callable[..., Awaitable[Any]],
    in_flight: int,
    threads: CapacityLimiter,
) -> Result:
    """Run a function in a thread, which has parts of its work done by `in_process`. When the call is
    cancelled, those are cancelled, and the thread ends before this returns."""
    loop = asyncio.get_running_loop()
    running = set[Future[Any]]()

    async def call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        return await in_process(function, *arguments)

    def submit[Part](function: Callable[..., Part], /, *arguments: Any) -> Future[Part]:
        future: Future[Part] = asyncio.run_coroutine_threadsafe(call(function, arguments), loop)
        running.add(future)
        future.add_done_callback(running.discard)
        return future

    work = asyncio.ensure_future(to_thread.run_sync(coordinate, Workers(submit, in_flight), limiter=threads))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():  # it may begin another call meanwhile
            for future in tuple(running):
                future.cancel()
            await asyncio.wait([work], timeout=0.05)
        raise
