"""Jobs whose batches carry no marker: lost responses, foreign batches, batches that are not known yet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.jobs.database.tables import FOREIGN
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put, rows, run
from tests.end_to_end.anthropic_server import AnthropicServer, Point

KEY = "anthropics-key"
OTHER_JOB = "zyxwvutsrq98"


@pytest.fixture
def anthropic(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnthropicServer]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with AnthropicServer(KEY) as server:
        yield server


def setup_of(folder: Path, s3_url: str, server: AnthropicServer, **values: Any) -> Setup:
    return Setup(folder / "data", s3_url, server, kind="anthropic", model="claude-haiku-4-5", **values)


@pytest.fixture
def setup(tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer) -> Setup:
    return setup_of(tmp_path, s3_url, anthropic)


def requests_of_others(count: int, job: str = "somebody-else") -> list[dict[str, Any]]:
    params = {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Mine"}]}
    return [{"custom_id": f"{job}-{number}", "params": params} for number in range(count)]


def custom_ids(server: AnthropicServer) -> list[str]:
    return [asked["custom_id"] for batch in server.batches.values() for asked in batch.requests]


def answer_to_first_create_is_lost(point: Point, count: int) -> None:
    if point == "create:after" and count == 1:
        raise Cut


async def test_the_rows_of_a_job_are_in_input_order(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE] * 20)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 20)
    assert [row["recordId"] for row in rows(bucket, f"out/{JOB}/a.jsonl.out")] == [
        f"in/a.jsonl-{number}" for number in range(20)
    ]
    assert len(anthropic.batches) == 1


async def test_a_lost_answer_to_create_makes_no_second_batch(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    anthropic.at = answer_to_first_create_is_lost
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 3)
    assert len(anthropic.batches) == 1


async def test_a_create_that_never_arrived_is_sent_again(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:before" and count == 1:
            raise Cut

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    assert (await run(setup)).succeeded == 3
    assert len(anthropic.batches) == 1


async def test_a_batch_of_others_that_was_taken_for_ours_costs_no_record(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:before" and count == 1:
            anthropic.add(requests_of_others(3))
            raise Cut

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 0)
    taken, ours = setup.store.batches(JOB)
    assert (taken.batch_id, taken.state, taken.adopted) == ("msgbatch_000001", FOREIGN, True)
    assert (ours.batch_id, ours.state, ours.adopted) == ("msgbatch_000002", "ended", False)
    assert setup.told("create")[1].endswith(": found by its size and time after a lost answer")
    assert setup.told("round") == ["round 1: all records are sent again: the batch is another application's"]
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 3


async def test_a_batch_of_another_range_of_the_job_is_not_ours(
    tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer
) -> None:
    """Its rows belong to the job, and to other records."""

    def at(point: Point, count: int) -> None:
        if point == "create:before" and count == 2:
            anthropic.add(requests_of_others(2, JOB))
            raise Cut

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup_of(tmp_path, s3_url, anthropic, max_requests_per_batch=2))
    assert (job.status, job.succeeded, job.failed) == ("Completed", 4, 0)


async def test_every_shard_finds_its_own_batch_although_all_answers_are_lost(
    tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:after":
            raise Cut

    anthropic.at, anthropic.looks = at, 2
    put(bucket, "in/a.jsonl", [CONVERSE] * 8)
    setup = setup_of(tmp_path, s3_url, anthropic, max_requests_per_batch=2)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 8)
    assert len(anthropic.batches) == 4
    assert {row.state for row in setup.store.batches(JOB)} == {"ended"}


async def test_batches_without_a_marker_are_created_one_at_a_time(
    tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer
) -> None:
    inside, most = 0, 0

    def at(point: Point, count: int) -> None:
        nonlocal inside, most
        if point == "create:before":
            inside += 1
            most = max(most, inside)
        elif point == "create:after":
            inside -= 1

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 12)
    job = await run(setup_of(tmp_path, s3_url, anthropic, max_requests_per_batch=1))
    assert (job.succeeded, most) == (12, 1)


async def test_a_job_that_waits_for_the_creation_lock_can_be_stopped(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point in {"create:before", "list"}:
            raise Refuse(503, "down", {"x-should-retry": "false"}, type="api_error")

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.waiting is not None)
        setup.add(job_id=OTHER_JOB)
        await runner.submit(OTHER_JOB)
        while not setup.store.shards(OTHER_JOB):  # noqa: ASYNC110 - what is waited for is in a database
            await anyio.sleep(0.02)
        await anyio.sleep(0.3)
        setup.store.stop(OTHER_JOB, setup.job(OTHER_JOB).submitted)
        runner.nudge(OTHER_JOB)
        while not is_over(setup.job(OTHER_JOB)):  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert setup.job(OTHER_JOB).status == "Stopped"
    assert anthropic.batches == {}


async def test_a_batch_that_is_not_known_yet_is_asked_for_again(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if (point == "retrieve" and count in {1, 3}) or (point == "results" and count == 1):
            raise Refuse(404, "not found", type="not_found_error")

    anthropic.at, anthropic.looks = at, 2
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 1)
    assert len(anthropic.batches) == 1


async def test_a_batch_that_stays_unknown_is_gone(
    tmp_path: Path, s3_url: str, bucket: Any, anthropic: AnthropicServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "retrieve":
            raise Refuse(404, "Message Batch not found.", type="not_found_error")

    anthropic.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup_of(tmp_path, s3_url, anthropic, seconds_per_hour=1))
    assert job.status == "Failed"
    assert "Message Batch not found." in (job.message or "")


async def test_what_expired_is_sent_again_and_nothing_else(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    anthropic.answers = lambda requests: 3 if requests == 5 else None
    put(bucket, "in/a.jsonl", [CONVERSE] * 5)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 5)
    assert [len(batch.requests) for batch in anthropic.batches.values()] == [5, 2]
    assert sorted(custom_ids(anthropic)) == sorted(
        [*(f"{JOB}-{n}" for n in range(5)), f"{JOB}-3", f"{JOB}-4"]
    )


async def test_records_of_different_betas_go_in_different_batches(
    setup: Setup, bucket: Any, anthropic: AnthropicServer
) -> None:
    beta = {"additionalModelRequestFields": {"anthropic_beta": ["context-1m-2025-08-07"]}}
    put(bucket, "in/a.jsonl", [CONVERSE, CONVERSE | beta, CONVERSE])
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 3)
    assert sorted(len(batch.requests) for batch in anthropic.batches.values()) == [1, 2]
    betas = [headers.get("Anthropic-Beta") for method, _, headers in anthropic.seen if method == "POST"]
    assert sorted(betas, key=str) == [None, "context-1m-2025-08-07"]
