"""Jobs that go on in another process than the one they began in."""

import logging
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import text

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.event_store import EventStore
from addon.jobs.spool import Spool
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put, rows, workflow_tasks


async def test_a_job_goes_on_in_the_next_process(
    setup: Setup, bucket: Any, provider: BatchServer, tmp_path: Path
) -> None:
    provider.timing = Timing(looks=4)
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Completed", 4)
    assert len(provider.batches) == 1
    assert setup.told("takeover") == []
    looks = [event.count for event in EventStore(setup.store).timeline(JOB) if event.kind == "look"]
    assert looks == [1] * len(looks)  # those without news left nothing


async def test_a_job_of_a_process_that_ended_without_a_word_is_taken_over_and_says_so(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.timing = Timing(looks=4)
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
    with setup.store.exclusive() as session:  # as a killed process leaves its workflows
        killed = (
            "UPDATE workflow_status SET status = 'PENDING', executor_id = 'host-1' WHERE status = 'ENQUEUED'"
        )
        session.execute(text(killed))
    async with setup.open():
        job = await setup.until(is_over)
    assert job.status == "Completed"
    assert setup.told("takeover") == ["host-1 ended or is silent; another member goes on"]


@pytest.mark.parametrize(
    "edited",
    [{"endpoint": "responses"}, {"mode": "direct"}, {"kind": "anthropic"}],
    ids=lambda edit: next(iter(edit)),
)
async def test_a_job_keeps_the_settings_it_began_with_although_its_section_has_changed(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, edited: dict[str, str]
) -> None:
    def setup(**section: str) -> Setup:
        local = {"kind": "openai", "base_url": provider.url, "api_key": "env:OPENAI_API_KEY", **section}
        return Setup(tmp_path / "data", s3_url, provider, others={"local": local})

    provider.timing = Timing(looks=3)
    put(bucket, "in/a.jsonl", [CONVERSE] * 2)
    begun, resumed = setup(), setup(**edited)
    async with begun.open() as runner:
        begun.add(provider="local")
        await runner.submit(JOB)
        await begun.until(lambda job: bool(provider.batches))
    async with resumed.open():
        job = await resumed.until(is_over)
    assert (job.status, job.succeeded, job.failed) == ("Completed", 2, 0)
    assert len(provider.batches) == 1
    assert not [seen for seen in provider.seen if seen.path.endswith("/chat/completions")]
    assert not [row for row in rows(bucket, f"out/{JOB}/a.jsonl.out") if "error" in row]


async def test_a_job_goes_on_although_its_spool_is_gone(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.timing = Timing(looks=4)
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
    Spool(setup.config.spool / JOB).remove()
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.succeeded) == ("Completed", 4)
    assert len(provider.batches) == 1


async def test_the_end_of_a_process_is_no_failure_of_its_jobs(
    setup: Setup, bucket: Any, provider: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    provider.timing = Timing(seconds=60)
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        runner.nudge(JOB)  # so that its workflow wakes, and finds no engine any more
        await runner.close()
        while workflow_tasks():  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert setup.job().status == "InProgress"


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


async def test_a_proxy_without_workers_only_accepts_jobs(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open():
        pass  # the queues are known from now on: the engine listens to them when it starts, or never
    async with setup.open(workers=0) as runner:
        setup.add()
        await runner.submit(JOB)
        while "queue-worker-_dbos_internal_queue" not in (names := threads()):  # noqa: ASYNC110
            await anyio.sleep(0.02)
        assert "queue-worker-jobs" not in names
        assert setup.job().status == "Submitted"
    async with setup.open():
        assert (await setup.until(is_over)).status == "Completed"
