"""Making the lines of a job, and joining results with its records, with two worker processes against one.

    uv run pytest tests/benchmarks/test_cores.py -s [--megabytes 100]

One shard, so that its join has no other range to run beside. In turns, the best of each counts. On a machine
with one core the ratio says nothing, so the test fails there.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_process
import pytest

from addon.jobs.coordinator import coordinated
from addon.jobs.processes.input_reader import InputFile
from addon.jobs.processes.join import NO_RESULT, Range, join
from addon.jobs.processes.lines import custom_id
from addon.jobs.processes.pool import Workers, at_low_priority
from addon.jobs.processes.split import Limits, split
from tests.benchmarks.file_provider import ANSWER
from tests.benchmarks.test_large_job import write_input
from translators.translation import Route

TURNS = 5
JOB = "abcdefghij12"
ROUTE = Route(
    model_id="anthropic.claude-3-haiku-20240307-v1:0",
    invocation_type="InvokeModel",
    provider="openai",
    model="gpt-4o-mini",
)


async def seconds(work: Callable[[Workers], object], workers: int) -> float:
    limiter = anyio.CapacityLimiter(workers)

    async def in_process(function: Callable[..., Any], *arguments: Any) -> Any:
        return await anyio.to_process.run_sync(
            at_low_priority, function, *arguments, cancellable=True, limiter=limiter
        )

    begin = time.perf_counter()
    await coordinated(work, in_process, 2 * workers, anyio.CapacityLimiter(1))
    return time.perf_counter() - begin


async def compare(name: str, work: Callable[[Workers], object], records: int) -> None:
    await seconds(work, 2)  # starts the processes
    turns = [(await seconds(work, 1), await seconds(work, 2)) for _ in range(TURNS)]
    one, two = (min(column) for column in zip(*turns, strict=True))
    each = f"{one / records * 1e6:5.1f} and {two / records * 1e6:5.1f} µs a record"
    print(f"\n{name:>5}: {each} with 1 and 2 workers, {one / two:.2f} times as fast   (budget 1.8)")


@pytest.mark.timeout(1800)
async def test_two_workers_against_one(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert (os.process_cpu_count() or 1) > 1, "this machine has one core"
    inputs = (InputFile(tmp_path / "in.jsonl", "s3://in/in.jsonl"),)
    records = write_input(inputs[0].path, min(100, int(request.config.getoption("--megabytes"))))
    limits = Limits(requests=10**9, bytes=10**12)
    results = tmp_path / "results"
    with results.open("wb") as file:
        for index in range(records):
            head = b'{"id":"b","custom_id":"%b","error":null' % custom_id(JOB, index).encode()
            file.write(head + b',"response":%b}\n' % ANSWER)
    (cut,) = split(JOB, inputs, ROUTE, limits, tmp_path).cuts
    wanted = Range(
        job_id=JOB,
        number=0,
        cut=cut,
        route=ROUTE,
        inputs=inputs,
        results=(results,),
        folder=tmp_path,
        max_bytes=limits.bytes,
        unprocessed=NO_RESULT,
        refusals={},
        refused_records={},
    )
    await compare(
        "lines", lambda workers: split(JOB, inputs, ROUTE, limits, tmp_path, workers=workers), records
    )
    await compare("join", lambda workers: join(wanted, workers), records)
