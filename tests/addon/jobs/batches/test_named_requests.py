"""Batches that a provider refuses because of requests that it names: errors; the others are sent again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Refuse
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.batches import lifecycle
from addon.jobs.database.tables import Job
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put, rows, run
from tests.end_to_end.anthropic_server import AnthropicServer
from tests.end_to_end.gemini_server import GeminiServer

KEY = "a-key"
IN_THREE = "requests.2.params.messages.0.content: is not valid"


def asking(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": f"question {number}"}]}]}


def bad_line(*numbers: int, **values: Any) -> Outcome:
    problem = Problem(code="invalid_request", message="Is not valid.", param="body.messages")
    return Outcome(problems=tuple(Problem(**{**vars(problem), **values, "line": line}) for line in numbers))


def errors(bucket: Any, key: str = "a") -> dict[int, str]:
    """The messages of the rows that are errors 400, by place; every other row is an answer."""
    found = dict(enumerate(rows(bucket, f"out/{JOB}/{key}.jsonl.out")))
    assert all(row["error"]["errorCode"] == 400 for row in found.values() if "error" in row)
    return {place: row["error"]["errorMessage"] for place, row in found.items() if "error" in row}


async def test_the_lines_that_a_failed_batch_names_are_errors_and_the_rest_is_sent(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: {1: bad_line(2, 5), 2: bad_line(3)}.get(number, Outcome())
    put(bucket, "in/a.jsonl", [asking(number) for number in range(6)])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 3)
    assert sorted(errors(bucket)) == [1, 3, 4]  # the third of those left is the fourth of all
    assert all("Is not valid." in message for message in errors(bucket).values())
    assert [batch.total for batch in provider.batches.values()] == [0, 0, 3]
    two, one = setup.told("refused")
    assert two.startswith("refused because of 2 records: ")
    assert one.startswith("refused because of 1 records: ")
    assert setup.told("round") == [
        "round 1: the records that are not among the 2 refused ones are sent again",
        "round 2: the records that are not among the 1 refused ones are sent again",
    ]


async def test_what_concerns_the_batch_is_no_lines_error_even_if_one_is_named(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: bad_line(1, code="model_not_found", message="There is no such model")
    put(bucket, "in/a.jsonl", [asking(number) for number in range(2)])
    job = await run(setup)
    assert (job.status, len(provider.batches)) == ("Failed", 1)
    assert "There is no such model" in (job.message or "")


async def test_a_batch_whose_only_request_is_named_leaves_nothing_to_send(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: bad_line(1)
    put(bucket, "in/a.jsonl", [asking(0)])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 0, 1)
    assert len(provider.batches) == 1


async def test_refusals_are_not_endless(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MOST_REFUSALS", 2)
    provider.outcome = lambda number: bad_line(1)
    put(bucket, "in/a.jsonl", [asking(number) for number in range(9)])
    job = await run(setup)
    assert (job.status, len(provider.batches)) == ("Failed", 3)
    assert "Is not valid." in (job.message or "")


async def test_records_are_dropped_once_although_the_process_ends_in_between(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: bad_line(2) if number == 1 else Outcome()
    provider.timing = Timing(looks=6)
    put(bucket, "in/a.jsonl", [asking(number) for number in range(4)])

    def is_sent_again(job: Job) -> bool:
        return len(provider.batches) == 2

    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(is_sent_again)
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.succeeded, job.failed, len(provider.batches)) == ("Completed", 3, 1, 2)
    assert list(errors(bucket)) == [1]


@pytest.fixture
def anthropic(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnthropicServer]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with AnthropicServer(KEY) as server:
        yield server


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with GeminiServer(KEY) as server:
        yield server


def refusing_first(message: str, kind: str) -> Callable[[str, int], None]:
    def at(point: str, count: int) -> None:
        if point == "create:before" and count == 1:
            raise Refuse(400, message, type=kind)

    return at


async def test_the_request_that_anthropic_names_is_one_error(
    tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, anthropic, kind="anthropic", model="claude-haiku-4-5")
    anthropic.at = refusing_first(IN_THREE, "invalid_request_error")
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 1)
    assert errors(bucket) == {2: IN_THREE}
    assert len(anthropic.batches) == 1


async def test_the_requests_that_gemini_names_are_errors(
    tmp_path: Path, s3_url: str, bucket: Any, gemini: GeminiServer
) -> None:
    place = "Invalid value at 'batch.input_config.requests.requests[{}].request.contents[0].parts[0]'"
    setup = Setup(tmp_path / "data", s3_url, gemini, kind="gemini", model="gemini-2.5-flash")
    gemini.at = refusing_first("\n".join(map(place.format, (0, 3))), "INVALID_ARGUMENT")
    put(bucket, "in/a.jsonl", [CONVERSE] * 5)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 2)
    assert errors(bucket) == {0: place.format(0), 3: place.format(3)}
