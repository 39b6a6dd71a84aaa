"""The life of a job, with the runner in this process, a real S3 server and a provider on a real socket."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Cut, Point, Refuse
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.event_store import EventStore
from addon.jobs.database.tables import utc_now
from addon.jobs.key_vault import KeyVault
from tests.addon.jobs.job_setup import (
    CONVERSE,
    JOB,
    NAMES_ONLY_FAIL,
    Setup,
    is_over,
    keys,
    put,
    rows,
    run,
)

LATER_JOB = "bcdefghijk12"


async def test_the_output_mirrors_the_input_folder(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    uploaded = 0

    def at(point: Point, count: int) -> None:
        nonlocal uploaded
        if point == "create:before":
            (file,) = provider.files.values()
            uploaded = file.path.stat().st_size

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE, NAMES_ONLY_FAIL])
    put(bucket, "in/sub/b.jsonl", [CONVERSE])
    bucket.put_object(Key="in/sub/empty.jsonl", Body=b"\n")
    bucket.put_object(Key="in/notes.txt", Body=b"not for us")
    job = await run(setup)
    assert (job.status, job.total, job.succeeded, job.failed) == ("Completed", 3, 2, 1)
    assert keys(bucket) == [
        f"out/{JOB}/a.jsonl.out",
        f"out/{JOB}/manifest.json.out",
        f"out/{JOB}/sub/b.jsonl.out",
        f"out/{JOB}/sub/empty.jsonl.out",
    ]
    first = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert [row["recordId"] for row in first] == ["in/a.jsonl-0", "in/a.jsonl-1"]
    assert first[0]["modelOutput"]["stopReason"] == "end_turn"
    assert first[1]["error"]["errorCode"] == 400
    (manifest,) = rows(bucket, f"out/{JOB}/manifest.json.out")
    assert (manifest["totalRecordCount"], manifest["errorRecordCount"]) == (3, 1)
    assert manifest["inputTokenCount"] == job.input_tokens > 0
    assert setup.told() == [
        "status: Submitted: to openai, gpt-5.4-mini",
        "status: Validating",
        "status: Scheduled",
        f"upload: 3 lines, {uploaded} bytes",
        f"create: validating: created with the marker {JOB}-0-0",
        "status: InProgress",
        "look: completed: 2 succeeded, 1 failed",
        "results: 3 rows fetched",
        "joined: records 1-3: 2 succeeded, 1 failed",
        f"published: 3 output objects and the manifest in s3://a-bucket/out/{JOB}/",
        "status: Completed",
    ]
    (batch,) = provider.batches
    places = {event.kind: (event.shard, event.batch) for event in EventStore(setup.store).timeline(JOB)}
    assert places["create"] == places["look"] == places["results"] == (0, batch)
    assert (places["joined"], places["published"]) == ((0, None), (None, None))
    (file,) = [seen for seen in provider.seen if seen.method == "POST" and seen.path.endswith("/batches")]
    assert places["upload"] == (0, json.loads(file.body or b"")["input_file_id"])


async def test_the_output_of_one_object_has_its_name(setup: Setup, bucket: Any) -> None:
    put(bucket, "deep/in.jsonl", [CONVERSE])
    await run(setup, input_key="deep/in.jsonl", output="s3://a-bucket/out/")
    assert keys(bucket) == [f"out/{JOB}/in.jsonl.out", f"out/{JOB}/manifest.json.out"]


@pytest.mark.parametrize(("hours", "left"), [(0, []), (24, ["results"])])
async def test_only_results_are_in_the_spool_after_the_end(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, hours: float, left: list[str]
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, jobs={"keep_results_hours": hours})
    put(bucket, "in/a.jsonl", [CONVERSE])
    folder = setup.config.spool / JOB
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(is_over)
        while [entry.name for entry in folder.glob("*")] != left:  # noqa: ASYNC110
            await anyio.sleep(0.02)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"", "there is no record in it"),
        (b'{"modelInput":{}}\n[]\n', r"s3://a-bucket/in/a\.jsonl, line 2"),
        (b'{"modelInput":{}}\n\n{"modelInput":1}', r"s3://a-bucket/in/a\.jsonl, line 3"),
    ],
)
async def test_malformed_input_fails_the_job_and_costs_nothing(
    setup: Setup, bucket: Any, provider: BatchServer, lines: bytes, message: str
) -> None:
    bucket.put_object(Key="in/a.jsonl", Body=lines)
    job = await run(setup)
    assert job.status == "Failed"
    assert job.message is not None
    assert re.search(message, job.message)
    assert provider.seen == []
    assert keys(bucket) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_key": "nowhere/"}, "s3://a-bucket/nowhere/"),
        ({"output": "s3://no-such-bucket/out"}, "no-such-bucket"),
    ],
)
async def test_a_missing_s3_location_fails_the_job_by_name(
    setup: Setup, bucket: Any, values: dict[str, Any], message: str
) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, **values)
    assert job.status == "Failed"
    assert message in (job.message or "")


async def test_many_batches_are_one_status_and_one_output(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=10)
    put(bucket, "in/a.jsonl", [CONVERSE] * 45)
    job = await run(setup)
    assert (job.status, job.succeeded) == ("Completed", 45)
    assert len(provider.batches) == 5
    found = [row["recordId"] for row in rows(bucket, f"out/{JOB}/a.jsonl.out")]
    assert found == [f"in/a.jsonl-{n}" for n in range(45)]


async def test_what_is_answered_is_joined_while_other_batches_run(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=2)
    provider.outcome = lambda number: Outcome(stalls_after=1 if number == 1 else None)
    put(bucket, "in/a.jsonl", [CONVERSE] * 6)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        while sum(shard.joined for shard in setup.store.shards(JOB)) < 2:  # noqa: ASYNC110 - in a database
            await anyio.sleep(0.1)
        assert setup.job().status == "InProgress"
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.total, job.succeeded, job.failed) == ("Stopped", 6, 5, 0)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 5


async def test_a_refused_key_fails_the_job_with_the_providers_message(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert job.status == "Failed"
    assert "Incorrect API key" in (job.message or "")
    assert "wrong" not in (job.message or "")
    (refused,) = setup.told("refused")
    assert refused.startswith("401: Incorrect API key")


async def test_a_key_in_the_providers_words_is_in_no_row_of_the_database(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.key = key = "sk-brought-by-the-caller"
    monkeypatch.delenv("OPENAI_API_KEY")
    problem = Problem(code="model_not_found", message=f"No such model for {key}\x1b[2J\n<b>")
    provider.outcome = lambda number: Outcome(problems=(problem,))
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, encrypted_key=KeyVault(setup.config.folder).encrypt(key))
    assert "No such model for ***" in (job.message or "")
    assert setup.told("refused") == ["400: No such model for ***\x1b[2J <b> (model_not_found)"]
    for file in setup.config.folder.glob("jobs.db*"):
        assert key.encode() not in file.read_bytes()


async def test_a_refused_batch_fails_the_job_with_the_providers_message(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(
        problems=(Problem(code="model_not_found", message="There is no such model"),)
    )
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert job.status == "Failed"
    assert "There is no such model" in (job.message or "")


async def test_one_refused_shard_is_error_rows_while_the_others_run(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=2)
    provider.outcome = lambda number: (
        Outcome(problems=(Problem(code="model_not_found", message="no such model"),))
        if number == 1
        else Outcome()
    )
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 2, 2)
    errors = [row["error"] for row in rows(bucket, f"out/{JOB}/a.jsonl.out") if "error" in row]
    assert all("no such model" in error["errorMessage"] for error in errors)


async def test_records_that_all_fail_are_a_completed_job(setup: Setup, bucket: Any) -> None:
    put(bucket, "in/a.jsonl", [NAMES_ONLY_FAIL] * 3)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 0, 3)


async def test_records_that_cannot_be_sent_cost_nothing(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    put(bucket, "in/a.jsonl", [{"messages": []}, {"mesages": []}])
    job = await run(setup)
    assert (job.status, job.failed) == ("Completed", 2)
    assert provider.batches == {}


async def test_a_lost_answer_to_create_makes_no_second_batch(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:after" and count == 1:
            raise Cut

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert job.status == "Completed"
    assert len(provider.batches) == 1
    lost, found = setup.told("create")
    assert lost.startswith("its answer was lost: no answer from 127.0.0.1")
    assert found.endswith(f": found by the marker {JOB}-0-0 after a lost answer")


async def test_a_create_that_never_arrived_is_sent_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:before" and count == 1:
            raise Cut

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    assert (await run(setup)).status == "Completed"
    assert len(provider.batches) == 1


async def test_a_batch_that_was_made_although_the_answer_was_an_error_is_found(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:after" and count == 1:
            raise Refuse(500, "made, and then broken")

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    assert (await run(setup)).status == "Completed"
    assert len(provider.batches) == 1


async def test_a_batch_that_cannot_be_created_now_is_waited_for(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    down = True

    def at(point: Point, count: int) -> None:
        if down and point == "create:before":
            raise Refuse(503, "no batches today")

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        waiting = await setup.until(lambda job: job.waiting is not None)
        assert "creating the batch" in (waiting.waiting or "")
        down = False
        assert (await setup.until(is_over)).status == "Completed"
    assert len(provider.batches) == 1
    assert any("no answer" in text or "503" in text for text in setup.told("create", "waiting"))


async def test_a_stop_reaches_a_batch_whose_creation_was_not_answered(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    hidden = True

    def at(point: Point, count: int) -> None:
        if point == "create:after":
            setup.store.stop(JOB, utc_now())
            raise Cut
        if point == "list" and hidden:
            raise Refuse(503, "no list today", {"retry-after-ms": "10"})

    provider.at = at
    provider.outcome = lambda number: Outcome(stalls_after=0)
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: "not answered" in (job.waiting or ""))
        hidden = False
        assert (await setup.until(is_over)).status == "Stopped"
    assert [batch.status for batch in provider.batches.values()] == ["cancelled"]


async def test_a_provider_that_is_down_is_waited_for_and_the_job_shows_it(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    down = True

    def at(point: Point, count: int) -> None:
        if down and point in {"upload:before", "retrieve"}:
            raise Refuse(503, "overloaded", {"retry-after-ms": "10", "x-should-retry": "false"})

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        waiting = await setup.until(lambda job: job.waiting is not None)
        assert "overloaded" in (waiting.waiting or "")
        down = False
        done = await setup.until(is_over)
    assert (done.status, done.waiting, done.succeeded) == ("Completed", None, 1)
    (throttled,) = set(setup.told("throttled"))
    assert throttled.startswith("uploading to the provider: overloaded")
    assert throttled.endswith("(Retry-After: 0.01 s)")


async def test_a_stop_cancels_at_the_provider_and_publishes_what_exists(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=2)
    put(bucket, "in/a.jsonl", [CONVERSE] * 5)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 2)
        assert setup.store.stop(JOB, utc_now()) == "InProgress"
        runner.nudge(JOB)
        assert setup.job().status == "Stopping"
        job = await setup.until(is_over)
    assert (job.status, job.total, job.succeeded, job.failed) == ("Stopped", 5, 2, 0)
    assert {batch.status for batch in provider.batches.values()} == {"cancelled"}
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 2
    (manifest,) = rows(bucket, f"out/{JOB}/manifest.json.out")
    assert (manifest["totalRecordCount"], manifest["processedRecordCount"]) == (5, 2)
    assert setup.told("stop") == [
        "Stopping: requested while InProgress",
        "the provider accepts the end of the batch",
    ]
    assert setup.told("status")[-1] == "Stopped"


async def test_a_batch_that_cannot_be_cancelled_is_waited_for(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "cancel":
            raise Refuse(400, "not this one")

    provider.at, provider.timing = at, Timing(looks=4)
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Stopped", 3)
    assert "cannot be cancelled: not this one" in setup.told("refused")


async def test_results_that_stay_missing_fail_the_job_with_the_providers_message(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "content:output":
            raise Refuse(404, "No such File object")

    setup = Setup(tmp_path / "data", s3_url, provider, seconds_per_hour=1)
    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert job.status == "Failed"
    assert "No such File object" in (job.message or "")


async def test_a_time_out_with_results_is_partially_completed(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=1)
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 1)
        setup.store.change(JOB, utc_now(), deadline=utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("PartiallyCompleted", 1)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 1


async def test_a_time_out_before_anything_began_is_expired(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        raise Refuse(503, "down", {"retry-after-ms": "10"})

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, seconds=1)
    assert job.status == "Expired"
    assert keys(bucket) == []


async def test_submitting_twice_runs_once(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        for _ in range(3):
            await runner.submit(JOB)
        await setup.until(is_over)
        await runner.submit(JOB)
        setup.add(job_id=LATER_JOB)
        await runner.submit(LATER_JOB)
        while not is_over(setup.job(LATER_JOB)):  # noqa: ASYNC110 - the queue is worked off in order
            await anyio.sleep(0.02)
    assert len(provider.batches) == 2


async def test_a_callers_key_is_used_and_then_deleted(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, encrypted_key=KeyVault(setup.config.folder).encrypt(provider.key))
    assert job.status == "Completed"
    assert setup.store.encrypted_key(JOB) is None


async def test_a_job_whose_key_is_gone_waits_for_it(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        waiting = await setup.until(lambda job: job.waiting is not None)
        assert "OPENAI_API_KEY" in (waiting.waiting or "")
        monkeypatch.setenv("OPENAI_API_KEY", provider.key)
        assert (await setup.until(is_over)).status == "Completed"


def output_file(provider: BatchServer) -> Path:
    (file,) = [file for file in provider.files.values() if file.filename.endswith("_output.jsonl")]
    return file.path


async def test_results_that_lack_rows_are_fetched_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    whole: list[bytes] = []

    def at(point: Point, count: int) -> None:
        if point == "content:output":
            (path,) = [
                file.path for file in provider.files.values() if file.filename.endswith("_output.jsonl")
            ]
            if count == 1:
                whole.append(path.read_bytes())
                path.write_bytes(whole[0][: len(whole[0]) - 40])
            else:
                path.write_bytes(whole[0])

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    job = await run(setup)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 3, 0)


async def test_a_damaged_row_costs_its_record_alone_and_is_quoted(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "content:output" and count == 1:
            (path,) = [
                file.path for file in provider.files.values() if file.filename.endswith("_output.jsonl")
            ]
            lines = path.read_bytes().splitlines()
            lines.sort(key=lambda row: row.partition(b'"custom_id"')[2])
            lines[0] = lines[0].replace(b"certainly", b"certainly \\ud83d", 1)
            lines[1] = lines[1][:-30]
            path.write_bytes(b"\n".join(lines))

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    job = await run(setup)
    first, second, third = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert (job.status, job.succeeded, job.failed) == ("Completed", 2, 1)
    assert first["modelOutput"]["output"]["message"]["content"][0]["text"].endswith("certainly \ufffd.")
    assert "cannot be read; it begins with: {" in second["error"]["errorMessage"]
    assert f"{JOB}-1" in second["error"]["errorMessage"]
    assert "modelOutput" in third


async def test_a_stop_that_is_accepted_while_a_time_out_is_published_makes_the_job_stopped(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    setup.add()
    setup.store.stop(JOB, utc_now())
    setup.store.end(JOB, "PartiallyCompleted", utc_now())
    assert setup.job().status == "Stopped"


async def test_a_cancel_that_is_refused_is_tried_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "cancel" and count <= 2:
            raise Refuse(400, "not now")

    provider.at, provider.outcome = at, lambda number: Outcome(stalls_after=1)
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.succeeded == 1)
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Stopped", 1)


async def test_a_stop_ends_although_the_provider_is_gone_for_good(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    gone = False

    def at(point: Point, count: int) -> None:
        if gone:
            raise Cut

    setup = Setup(tmp_path / "data", s3_url, provider, seconds_per_hour=2)
    provider.at, provider.outcome = at, lambda number: Outcome(stalls_after=1)
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        gone = True
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert job.status == "Stopped"


async def test_a_stop_ends_a_long_wait_at_once(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    def at(point: Point, count: int) -> None:
        if point == "retrieve":
            raise Refuse(503, "down", {"retry-after": "3600"})

    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: "down" in (job.waiting or ""))
        provider.at = lambda point, count: None
        setup.store.stop(JOB, utc_now())
        runner.nudge(JOB)
        job = await setup.until(is_over)
    assert job.status == "Stopped"


async def test_a_worker_process_that_is_killed_is_waited_out(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        real = runner._resources.in_process
        kills = 0

        async def in_process(function: Any, *arguments: Any) -> Any:
            nonlocal kills
            kills += 1
            if kills <= 2:
                await real(kill_this_process)
            return await real(function, *arguments)

        object.__setattr__(runner._resources, "in_process", in_process)
        setup.add()
        await runner.submit(JOB)
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Completed", 3)


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
