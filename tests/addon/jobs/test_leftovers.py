"""What stays at the provider when a job is over, with a provider on a real socket."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.batch import Outcome
from addon.demo.fake_provider.faults import Point, Refuse
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.batch_store import BatchStore
from addon.jobs.key_vault import KeyVault
from addon.jobs.runner import Runner
from tests.addon.jobs.job_setup import CONVERSE, JOB, NAMES_ONLY_FAIL, Setup, is_over, put, rows

BROKEN = Outcome(problems=(Problem(code="invalid", message="No line can be read"),))


@pytest.fixture
def setup(tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer) -> Setup:
    return Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=2)


async def over(setup: Setup, runner: Runner, **values: Any) -> None:
    setup.add(**values)
    await runner.submit(JOB)
    await setup.until(is_over)


async def until_told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    while words not in caplog.text:  # noqa: ASYNC110 - a log has no event
        await anyio.sleep(0.02)


async def until_gone(provider: BatchServer) -> None:
    while provider.files:  # noqa: ASYNC110 - the provider is another process's in real life
        await anyio.sleep(0.02)


@pytest.mark.parametrize("outcome", [Outcome(), BROKEN], ids=["completed", "refused"])
async def test_files_are_deleted_when_the_job_is_over(
    setup: Setup, bucket: Any, provider: BatchServer, outcome: Outcome
) -> None:
    provider.outcome = lambda number: outcome
    put(bucket, "in/a.jsonl", [CONVERSE, NAMES_ONLY_FAIL] * 3)
    async with setup.open() as runner:
        await over(setup, runner)
        await until_gone(provider)
    assert provider.batches != {}


async def test_files_are_kept_on_request(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider)
    jobs = setup.config.jobs.model_copy(update={"keep_provider_files": True})
    setup.config = setup.config.model_copy(update={"jobs": jobs})
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner)
    assert {file.purpose for file in provider.files.values()} == {"batch", "batch_output"}


async def test_a_provider_that_deletes_nothing_now_does_not_hold_the_job_up(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    refusals = 0

    def refuse(point: Point, count: int) -> None:
        nonlocal refusals
        if point == "delete" and (refusals := refusals + 1) <= 5:
            raise Refuse(503, headers={"retry-after": "0.01"})

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner)
        assert setup.job().status == "Completed"
        await until_gone(provider)


async def test_a_refused_deletion_changes_nothing(
    setup: Setup, bucket: Any, provider: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(point: Point, count: int) -> None:
        if point == "delete":
            raise Refuse(403, "This key deletes nothing.")

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner)
        await until_told(caplog, "files stay at openai: This key deletes nothing.")
        while not setup.told("refused"):  # noqa: ASYNC110 - in a database
            await anyio.sleep(0.02)
    assert set(setup.told("refused")) == {"files stay at openai: This key deletes nothing."}
    assert (setup.job().status, setup.job().message) == ("Completed", None)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 1


async def test_results_that_could_not_be_fetched_stay(
    setup: Setup, bucket: Any, provider: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(point: Point, count: int) -> None:
        if point == "content:output":
            raise Refuse(400, "This file cannot be read now.")

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner)
        while "files stay at openai" not in caplog.text and provider.files:  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert {file.purpose for file in provider.files.values()} == {"batch", "batch_output"}


async def test_another_process_deletes_what_one_that_ended_did_not(
    setup: Setup, bucket: Any, provider: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(point: Point, count: int) -> None:
        if point == "delete":
            raise Refuse(503, headers={"retry-after": "0.01"})

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE] * 3)
    async with setup.open() as runner:
        await over(setup, runner)
        await until_told(caplog, "waits: deleting files")
    assert provider.files != {}
    provider.at = lambda point, count: None
    async with setup.open():
        await until_gone(provider)


async def test_files_are_deleted_with_the_callers_key(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner, encrypted_key=KeyVault(setup.config.folder).encrypt(provider.key))
        assert setup.store.encrypted_key(JOB) is None
        await until_gone(provider)


async def test_files_of_a_caller_whose_key_is_gone_stay(
    setup: Setup,
    bucket: Any,
    provider: BatchServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next process has a key of its own, which is not the one that the caller chose."""

    def refuse(point: Point, count: int) -> None:
        if point == "delete":
            raise Refuse(503, headers={"retry-after": "0.01"})

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        await over(setup, runner, encrypted_key=KeyVault(setup.config.folder).encrypt(provider.key))
        await until_told(caplog, "waits: deleting files")
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    async with setup.open():
        await until_told(caplog, "files stay at openai: the key that its caller brought")
    assert {dict(seen.headers)["Authorization"] for seen in provider.seen} == {f"Bearer {provider.key}"}


async def test_the_callers_own_file_stays(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider)
    path = tmp_path / "theirs.jsonl"
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    path.write_text(f"{json.dumps(line)}\n")
    file = provider.keep_upload("theirs.jsonl", path, "batch")
    tags = [{"key": "file_id", "value": file.id}, {"key": "endpoint", "value": "/v1/chat/completions"}]
    async with setup.open() as runner:
        setup.add(members={"tags": tags})
        claim = BatchStore(setup.store).claim(JOB, 0, 0, "create", 60, input_id=file.id)
        BatchStore(setup.store).release(claim.row, "create", lost=True)
        await runner.submit(JOB)
        job = await setup.until(is_over)
        assert (job.status, job.succeeded) == ("Completed", 1)
        while len(provider.files) > 1:  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert list(provider.files) == [file.id]


async def test_a_job_waits_while_the_provider_keeps_too_many_files(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    full = True

    def refuse(point: Point, count: int) -> None:
        if full and point == "upload:before":
            message = "The quota for files without expiry is reached. The maximum is 500."
            raise Refuse(400, message, code="quotaExceeded")

    provider.at = refuse
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        waiting = (await setup.until(lambda job: job.waiting is not None)).waiting
        assert waiting is not None
        assert "The maximum is 500. Delete files there that nothing needs any more." in waiting
        full = False
        assert (await setup.until(is_over)).status == "Completed"
