"""A thread that has its work done in worker processes."""

import asyncio
import os
import time
from pathlib import Path

import anyio
import anyio.to_process
import pytest

from addon.jobs.coordinator import coordinated
from addon.jobs.processes.pool import Workers
from tests.waiting import PATIENCE


async def in_process(function, *arguments):  # type: ignore[no-untyped-def] # of any function
    limiter = anyio.CapacityLimiter(1)
    return await anyio.to_process.run_sync(function, *arguments, cancellable=True, limiter=limiter)


def working(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(PATIENCE)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def run(work, in_flight: int = 2):  # type: ignore[no-untyped-def] # of any function
    return await coordinated(work, in_process, in_flight, anyio.CapacityLimiter(1))


async def test_results_come_from_worker_processes() -> None:
    def work(workers: Workers) -> list[int]:
        return [workers.submit(abs, -number).result() for number in range(workers.in_flight)]

    assert await run(work, 3) == [0, 1, 2]


async def test_an_error_is_the_calls() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await run(lambda workers: workers.submit(int, "x").result())


async def test_a_cancelled_call_ends_its_workers_and_its_thread(tmp_path: Path) -> None:
    ended = []

    def work(workers: Workers) -> None:
        try:
            workers.submit(working, tmp_path).result()
        finally:
            ended.append(True)

    task = asyncio.ensure_future(run(work))
    async with asyncio.timeout(PATIENCE):
        while not (found := list(tmp_path.iterdir())):  # noqa: ASYNC110, ASYNC240 - of another process
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended
        while is_running(int(found[0].name)):  # noqa: ASYNC110 - it is killed
            await asyncio.sleep(0.02)
