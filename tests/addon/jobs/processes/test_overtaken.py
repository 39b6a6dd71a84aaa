"""A process that was paused and goes on with a job that another one has taken over, in the same spool."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from addon.jobs.processes.join import Range, join
from addon.jobs.processes.pool import HERE, Workers
from addon.jobs.processes.split import Limits, Plan, split
from tests.addon.jobs.processes.test_blocks import CHAT, JOB, chat, row, written

RECORDS = 40
BLOCK = 400


def nothing() -> None:
    pass


def paused(at: int, meanwhile: Callable[[], object], after: Callable[[], object] = nothing) -> Workers:
    """Workers that do something else before the call of that number, and check later ones."""
    calls = 0

    def submit(function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        nonlocal calls
        calls += 1
        if calls == at:
            meanwhile()
        if calls > at:
            after()
        return HERE.submit(function, *arguments)

    return Workers(submit, in_flight=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("at", [1, 2, 5, 12])
def test_lines_are_whole_whoever_makes_them(tmp_path: Path, at: int) -> None:
    inputs = written(tmp_path, [b"\n".join(chat(f"{n} " + "x" * 40).encode() for n in range(RECORDS))])
    whole = tmp_path / "job" / "lines"
    made: list[dict[str, bytes]] = []

    def all_lines(workers: Workers) -> Plan:
        limits = Limits(requests=9, bytes=100_000)
        return split(JOB, inputs, CHAT, limits, tmp_path / "job", workers=workers, size=BLOCK)

    def take_over() -> None:
        plans.append(all_lines(HERE))
        made.append(contents(whole))

    def check() -> None:
        assert contents(whole) == made[0]

    plans: list[Plan] = []
    plans.append(all_lines(paused(at, take_over, check)))
    assert plans[0] == plans[1]
    assert len(made[0]) == 5
    check()
    assert contents(tmp_path / "job").keys() == {f"lines/{name}" for name in made[0]}


def test_lines_of_a_process_that_fails_replace_none(tmp_path: Path) -> None:
    inputs = written(tmp_path, [b"\n".join(chat(f"{n}").encode() for n in range(RECORDS))])
    whole = tmp_path / "job" / "lines"

    def all_lines(workers: Workers) -> Plan:
        limits = Limits(requests=30, bytes=100_000)
        return split(JOB, inputs, CHAT, limits, tmp_path / "job", workers=workers, size=BLOCK)

    def fail() -> None:
        raise RuntimeError

    all_lines(HERE)
    made = contents(whole)
    with pytest.raises(RuntimeError):
        all_lines(paused(4, fail))
    assert contents(whole) == made


@pytest.mark.parametrize("at", [1, 2, 6, 12])
def test_output_is_whole_whoever_makes_it(tmp_path: Path, at: int) -> None:
    inputs = written(tmp_path, [b"\n".join(chat(f"{n} " + "x" * 40).encode() for n in range(RECORDS))])
    results = tmp_path / "results"
    results.write_bytes(b"\n".join(row(n, "an answer") for n in range(RECORDS)))
    (cut,) = split(JOB, inputs, CHAT, Limits(requests=100, bytes=100_000), tmp_path / "job").cuts
    whole = tmp_path / "job" / "output"
    wanted = Range(
        job_id=JOB,
        number=0,
        cut=cut,
        route=CHAT,
        inputs=tuple(inputs),
        results=(results,),
        folder=tmp_path / "job",
        max_bytes=100_000,
        unprocessed=None,
    )
    made: list[dict[str, bytes]] = []

    def take_over() -> None:
        assert join(wanted, HERE, BLOCK).succeeded == RECORDS
        made.append(contents(whole))

    def check() -> None:
        assert contents(whole) == made[0]

    assert join(wanted, paused(at, take_over, check), BLOCK).succeeded == RECORDS
    assert len(made) == 1
    check()
