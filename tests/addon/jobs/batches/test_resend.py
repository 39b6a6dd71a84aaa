"""Further batches for what an earlier one left, with a provider on a real socket."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider import endpoints
from addon.demo.fake_provider.batch import Answer, Outcome
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from tests.addon.jobs.job_setup import CONVERSE, JOB, NAMES_ONLY_FAIL, Setup, is_over, put, rows, run

NO_ROOM = Outcome(problems=(Problem(code="token_limit_exceeded", message="Enqueued token limit reached"),))


def asking(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": text}]}]}


def failing(times: int, status: int) -> Answer:
    """Answers whose records fail that often, each, before they are answered."""
    asked = Counter[str]()

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text = str(body["messages"][-1]["content"])
        asked[text] += 1
        if "later" in text and asked[text] <= times:
            return status, {"error": {"message": "Not now."}}
        return endpoints.answer(body)

    return answer


def sizes(provider: BatchServer) -> list[int]:
    return [batch.total for batch in provider.batches.values()]


async def test_what_a_provider_had_no_time_for_is_sent_again_and_nothing_else(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(expires_after=3) if number == 1 else Outcome()
    put(bucket, "in/a.jsonl", [CONVERSE] * 5)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 5)
    assert sizes(provider) == [5, 2]
    assert setup.told("round") == [
        "round 1: the records without a result are sent again: the batch is expired"
    ]
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 5


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_records_that_failed_for_a_passing_reason_are_sent_again_and_nothing_else(
    setup: Setup, bucket: Any, provider: BatchServer, status: int
) -> None:
    provider.answer = failing(1, status)
    put(bucket, "in/a.jsonl", [asking("now"), asking("later 1"), NAMES_ONLY_FAIL, asking("later 2")])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 1)
    assert sizes(provider) == [4, 2]
    assert setup.told("round") == ["round 1: 2 records failed for a passing reason and are sent again"]
    outcomes = [
        sorted(row.keys() - {"recordId", "modelInput"}) for row in rows(bucket, f"out/{JOB}/a.jsonl.out")
    ]
    assert outcomes == [["modelOutput"], ["modelOutput"], ["error"], ["modelOutput"]]


@pytest.mark.parametrize("status", [408, 429, 503])
async def test_such_rows_are_found_where_the_batch_counts_them_as_completed(
    setup: Setup, bucket: Any, provider: BatchServer, status: int
) -> None:
    provider.answer = failing(1, status)
    provider.outcome = lambda number: Outcome(counts_failures=False)
    put(bucket, "in/a.jsonl", [asking("now"), asking("later 1"), asking("later 2")])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 0)
    assert sizes(provider) == [3, 2]


async def test_records_that_go_on_failing_keep_the_providers_last_error(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.answer = failing(100, 429)
    put(bucket, "in/a.jsonl", [asking("now"), asking("later")])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 1, 1)
    assert sizes(provider) == [2, 1, 1]
    error = rows(bucket, f"out/{JOB}/a.jsonl.out")[1]["error"]
    assert error == {"errorCode": 429, "errorMessage": "Not now."}


async def test_nothing_is_sent_again_where_that_is_not_wanted(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, retry_rounds=0)
    provider.answer = failing(1, 429)
    put(bucket, "in/a.jsonl", [asking("now"), asking("later")])
    job = await run(setup)
    assert (job.succeeded, job.failed, sizes(provider)) == (1, 1, [2])


async def test_answers_are_kept_when_the_next_batch_is_refused(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.answer = failing(1, 429)
    refused = Outcome(problems=(Problem(code="model_not_found", message="There is no such model"),))
    provider.outcome = lambda number: refused if number == 2 else Outcome()
    put(bucket, "in/a.jsonl", [asking("now"), asking("later")])
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 1, 1)
    assert rows(bucket, f"out/{JOB}/a.jsonl.out")[1]["error"]["errorCode"] == 429


async def test_a_record_is_counted_once_while_it_is_sent_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.answer = failing(1, 429)
    provider.outcome = lambda number: Outcome() if number == 1 else Outcome(stalls_after=1)
    put(bucket, "in/a.jsonl", [asking("now"), asking("later 1"), asking("later 2")])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        job = await setup.until(lambda job: len(provider.batches) == 2 and job.succeeded == 2)
        assert (job.total, job.failed) == (3, 0)
        setup.store.stop(JOB, job.modified)
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded, job.failed) == ("Stopped", 2, 1)


async def test_a_batch_without_room_is_made_again_when_there_is_some(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: NO_ROOM if number <= 2 else Outcome()
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 3)
    assert len(provider.batches) == 3
    assert len(setup.told("throttled")) == len(setup.told("round")) == 2
    assert setup.told("upload")[1:] == ["the lines are there already"]
    assert sum(seen.path.endswith("/files") and seen.method == "POST" for seen in provider.seen) == 1


async def test_a_job_that_waits_for_room_shows_it_and_can_be_stopped(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: NO_ROOM
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        job = await setup.until(lambda job: job.waiting is not None)
        assert job.waiting == "room at the provider: Enqueued token limit reached (token_limit_exceeded)"
        setup.store.stop(JOB, job.modified)
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Stopped", 0)
