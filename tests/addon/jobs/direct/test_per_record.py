"""Jobs whose records are sent one by one, over real sockets."""

import json
import resource
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider import endpoints
from addon.demo.fake_provider.faults import Cut, Point, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.jobs import answers
from addon.jobs.answers import ROWS
from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.event_store import EventStore
from addon.jobs.database.sqlite import sqlite_module
from addon.jobs.database.tables import utc_now
from addon.jobs.direct import per_record, record_queue
from addon.jobs.direct.per_record import ATTEMPTS
from addon.jobs.processes.split import record_index
from addon.jobs.spool import Spool
from addon.settings.config import ProviderSection
from tests.addon.jobs.job_setup import (
    CONVERSE,
    JOB,
    NAMES_ONLY_FAIL,
    Setup,
    is_over,
    put,
    rows,
    run,
)
from tests.end_to_end.gemini_server import GeminiServer
from tests.waiting import PATIENCE


@pytest.fixture
def setup(tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer) -> Setup:
    return Setup(tmp_path / "data", s3_url, provider, mode="direct", concurrency=4)


def question(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": f"Question {number}?"}]}]}


def asked(provider: BatchServer) -> list[str]:
    """The questions that the provider received, in order."""
    bodies = [json.loads(seen.body or b"") for seen in provider.seen if seen.path == "/v1/chat/completions"]
    return [body["messages"][-1]["content"] for body in bodies]


def stored_answers(setup: Setup) -> list[int]:
    """The indexes of records whose answers are in the database."""
    blocks = setup.store.answer_blocks(JOB, 0, 0)
    lines = b"".join(setup.store.answer_rows(JOB, 0, 0, block) for block in blocks).splitlines()
    return [record_index(json.loads(line)["custom_id"], JOB) for line in lines]


def failing_at_the_first(error: Exception) -> Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]:
    """A provider that has an answer to every question but one."""

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if "Question 0?" in str(body):
            raise error
        return endpoints.answer(body)

    return answer


async def test_every_record_is_sent_once_and_rows_are_in_input_order(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    put(bucket, "in/a.jsonl", [*map(question, range(30)), NAMES_ONLY_FAIL])
    job = await run(setup)
    assert (job.status, job.total, job.succeeded, job.failed) == ("Completed", 31, 30, 1)
    found = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert [row["recordId"] for row in found] == [f"in/a.jsonl-{n}" for n in range(31)]
    texts = [row["modelOutput"]["output"]["message"]["content"][0]["text"] for row in found[:30]]
    assert all(f"Question {number}?" in text for number, text in enumerate(texts))
    assert found[30]["error"]["errorCode"] == 400
    assert len(asked(provider)) == 31
    assert provider.batches == {}


async def test_a_rate_limit_loses_nothing(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count % 3 == 0:
            raise Refuse(429, "slow down", {"retry-after-ms": "20"})

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.waiting) == ("Completed", 20, None)
    assert setup.told("throttled") == ["429: slow down"]
    assert setup.told("create", "results") == ["20 lines are sent one by one", "20 answers, 0 errors"]
    (throttled,) = [event for event in EventStore(setup.store).timeline(JOB) if event.kind == "throttled"]
    assert throttled.count == provider.reached("ask:before") - 20


async def test_a_record_that_the_provider_fails_at_is_an_error_row(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "ask:before":
            raise Refuse(500, "broken for good")

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert (job.status, job.failed) == ("Completed", 1)
    (row,) = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert row["error"]["errorCode"] == 500
    assert "broken for good" in row["error"]["errorMessage"]


async def test_a_provider_that_cuts_connections_is_waited_for(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    down = True

    def at(point: Point, count: int) -> None:
        if down and point == "ask:before":
            raise Cut

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.waiting is not None)
        down = False
        assert (await setup.until(is_over)).status == "Completed"


async def test_a_stop_keeps_what_was_answered(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count > 6:
            raise Refuse(429, "no more", {"retry-after-ms": "50"})

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 6)
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded, job.failed) == ("Stopped", 6, 0)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 6


async def test_a_restart_asks_only_for_what_has_no_answer(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count > 10:
            raise Refuse(429, "later", {"retry-after-ms": "50"})

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 10)
    answered = {f"Question {index}?" for index in stored_answers(setup)}
    provider.seen.clear()
    provider.at = lambda point, count: None
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Completed", 20)
    assert len(answered) == 10
    assert answered.isdisjoint(asked(provider))


async def test_another_machine_publishes_what_this_one_was_answered(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count > 10:
            raise Refuse(429, "later", {"retry-after-ms": "50"})

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 10)
    shutil.rmtree(setup.config.spool)
    provider.at = lambda point, count: None
    async with setup.open():
        job = await setup.until(lambda job: job.succeeded == 20)
    shutil.rmtree(setup.config.spool, ignore_errors=True)
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 20, 0)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 20
    assert provider.reached("ask:after") == 20


async def test_answers_wait_for_a_database_that_takes_none(
    setup: Setup, bucket: Any, provider: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(table: str, name: str) -> None:
        file = setup.config.folder / "jobs.db"
        with closing(sqlite_module().connect(file, timeout=30)) as database:
            database.execute(f"ALTER TABLE {table} RENAME TO {name}")

    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count == 1:
            rename("answers", "elsewhere")

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        while "answers wait to be stored" not in caplog.text:  # noqa: ASYNC110 - a log has no event
            await anyio.sleep(0.02)
        assert setup.job().succeeded == 0
        rename("elsewhere", "answers")
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Completed", 20)
    assert len(asked(provider)) == 20


async def test_a_short_write_leaves_no_part_of_the_answers(setup: Setup) -> None:
    setup.add()
    store = AsyncStore(setup.store)
    row = await store.batch(JOB, 0, 0)
    block = [f'{{"row": {number}}}\n'.encode() for number in range(20_000)]
    for name in ("1", "2"):
        await store.keep_answers(JOB, 0, 0, [(name, block)])
    path = setup.config.folder / "rows.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(b"".join(block)) + 10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            await answers.written(store, row, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not path.exists()
    assert await answers.written(store, row, path) == path
    assert path.read_bytes() == b"".join(block) * 2


async def test_a_provider_s_concurrency_holds_over_all_shards_and_jobs(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "few", s3_url, provider, mode="direct", concurrency=2, max_requests_per_batch=5)
    running, most, lock = 0, 0, threading.Lock()

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return endpoints.answer(body)

    provider.answer = answer
    put(bucket, "in/a.jsonl", list(map(question, range(20))))
    jobs = [f"job{number:09d}" for number in range(3)]
    async with setup.open() as runner:
        for job_id in jobs:
            setup.add(job_id=job_id)
            await runner.submit(job_id)
        while not all(is_over(setup.job(job_id)) for job_id in jobs):  # noqa: ASYNC110 - of a database
            await anyio.sleep(0.05)
    assert [setup.job(job_id).succeeded for job_id in jobs] == [20, 20, 20]
    assert most == 2


async def test_answers_in_a_file_of_version_0_1_0_are_not_asked_for_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    refused = {"status_code": 400, "request_id": "", "body": {"error": {"message": "not this"}}}
    row = {"id": "1", "custom_id": f"{JOB}-0", "response": refused, "error": None}
    path = Spool(setup.config.spool / JOB).results(0, 0) / ROWS
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(row) + '\n{"id":"half a row')
    put(bucket, "in/a.jsonl", list(map(question, range(4))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 1)
    batch = setup.store.batch(JOB, 0, 0)
    assert (batch.succeeded, batch.failed) == (3, 1)
    assert "Question 0?" not in asked(provider)


async def test_a_server_of_ones_own_needs_no_key_and_never_gets_the_providers(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-strangers")
    provider.key = ""
    setup = Setup(tmp_path / "data", s3_url, provider)
    local = ProviderSection(kind="openai", base_url=provider.url, mode="direct")
    setup.config = setup.config.model_copy(update={"providers": {"local": local}})
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, provider="local")
    assert job.status == "Completed"
    assert not [seen for seen in provider.seen if "not-for-strangers" in str(seen.headers)]


async def test_nothing_waits_for_what_is_over(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    def at(point: Point, count: int) -> None:
        raise Refuse(503, "down", {"retry-after-ms": "30"})

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, seconds=2)
    assert (job.status, job.succeeded) == ("Expired", 0)


NO_MODEL = Refuse(404, "There is no such model", code="model_not_found")
NO_MONEY = Refuse(429, "You have no money left", code="insufficient_quota")


@pytest.mark.parametrize("refusal", [Refuse(401, "Who are you?"), Refuse(403, "Not you"), NO_MODEL, NO_MONEY])
async def test_a_job_that_the_provider_refuses_fails_with_its_message_after_a_few_calls(
    setup: Setup, bucket: Any, provider: BatchServer, refusal: Refuse
) -> None:
    def at(point: Point, count: int) -> None:
        raise refusal

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(40))))
    job = await run(setup)
    assert (job.status, job.message) == ("Failed", refusal.error["message"])
    assert len(asked(provider)) <= 4


@pytest.mark.parametrize("refusal", [Refuse(403, "Not this"), NO_MODEL, NO_MONEY])
async def test_a_refusal_is_the_records_own_where_another_was_answered(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, refusal: Refuse
) -> None:
    provider.answer = failing_at_the_first(refusal)
    setup = Setup(tmp_path / "data", s3_url, provider, mode="direct", concurrency=1)
    put(bucket, "in/a.jsonl", list(map(question, (1, 0, 2))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 2, 1)
    row = rows(bucket, f"out/{JOB}/a.jsonl.out")[1]
    assert row["error"] == {"errorCode": refusal.status, "errorMessage": refusal.error["message"]}
    assert len(asked(provider)) == 3


async def test_a_refusal_waits_for_the_calls_beside_it(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    both_run = threading.Barrier(2)
    answer = failing_at_the_first(NO_MODEL)

    def answer_both(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        both_run.wait(PATIENCE)
        return answer(body)

    provider.answer = answer_both
    put(bucket, "in/a.jsonl", list(map(question, range(2))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 1, 1)
    assert len(asked(provider)) == 2


async def test_a_redirect_is_an_error_row_that_names_its_target(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.answer = failing_at_the_first(Refuse(307, "", {"location": "https://else.example/v1"}))
    put(bucket, "in/a.jsonl", [question(0)])
    await run(setup)
    (row,) = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert "307" in row["error"]["errorMessage"]
    assert "https://else.example/v1" in row["error"]["errorMessage"]


@pytest.mark.parametrize(
    "trouble",
    [Cut(), Refuse(503, "down"), Refuse(429, "slow down"), Refuse(425, "too early"), Refuse(500, "no")],
)
async def test_a_record_that_always_fails_goes_behind_the_others_and_then_is_an_error_row(
    tmp_path: Path,
    s3_url: str,
    bucket: Any,
    provider: BatchServer,
    trouble: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(per_record, "LONGEST_PAUSE", 0.05)
    provider.answer = failing_at_the_first(trouble)
    setup = Setup(tmp_path / "data", s3_url, provider, mode="direct", concurrency=1)
    put(bucket, "in/a.jsonl", list(map(question, range(4))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed, job.waiting) == ("Completed", 3, 1, None)
    others = ["Question 1?", "Question 2?", "Question 3?"]
    assert asked(provider) == ["Question 0?", *others, *["Question 0?"] * (ATTEMPTS - 1)]


async def test_an_outage_is_blamed_on_no_record_and_few_are_begun_in_it(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(per_record, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(record_queue, "MOST_WAITING", 3)

    def at(point: Point, count: int) -> None:
        if point == "ask:before" and count <= 60:
            raise Cut

    provider.at = at
    put(bucket, "in/a.jsonl", list(map(question, range(30))))
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 30, 0)
    assert len(set(asked(provider)[:60])) <= 3 + 4


async def test_a_stop_waits_neither_for_a_pause_nor_long_for_an_answer(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    stopped, all_run = threading.Event(), threading.Barrier(3)

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        all_run.wait(PATIENCE)
        if "Question 0?" in str(body):
            stopped.wait()
        if "Question 1?" in str(body):
            raise Refuse(429, "in an hour", {"retry-after": "3600"})
        return endpoints.answer(body)

    provider.answer = answer
    put(bucket, "in/a.jsonl", list(map(question, range(3))))
    try:
        async with setup.open() as runner:
            setup.add()
            await runner.submit(JOB)
            await setup.until(lambda job: job.succeeded == 1)
            setup.store.stop(JOB, utc_now())
            runner.nudge(JOB)
            job = await setup.until(is_over)
    finally:
        stopped.set()
    assert (job.status, job.succeeded, job.failed) == ("Stopped", 1, 0)


async def test_a_record_of_several_lines_is_asked_for_in_parts_and_comes_home_as_one(
    tmp_path: Path, s3_url: str, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    texts = ["a", "bb", "ccc"]
    body = {"input_type": "search_document", "texts": texts, "embedding_types": ["float"]}
    put(bucket, "in/a.jsonl", [body, body])
    with GeminiServer("a-key") as gemini:
        setup = Setup(
            tmp_path / "data", s3_url, gemini, kind="gemini", model="gemini-embedding-2", mode="direct"
        )
        embed = {"modelId": "cohere.embed-v4:0", "modelInvocationType": "InvokeModel"}
        job = await run(setup, members=embed)
        asked = [path for _, path, _ in gemini.seen]
    assert (job.status, job.total, job.succeeded, job.failed) == ("Completed", 2, 2, 0)
    assert sum(path.endswith(":embedContent") for path in asked) == 6
    found = [row["modelOutput"] for row in rows(bucket, f"out/{JOB}/a.jsonl.out")]
    assert [len(row["embeddings"]["float"]) for row in found] == [3, 3]
    assert [row["texts"] for row in found] == [texts, texts]
