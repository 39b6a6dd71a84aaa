"""What is used of DBOS's internals is there, and does what is expected of it."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import anyio
import pytest
from dbos import DBOS
from dbos import _dbos as internals
from dbos._event_loop import BackgroundEventLoop
from dbos._queue import queue_thread
from sqlalchemy import text

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.jobs import workflow
from addon.jobs.fleet import engine
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put


def test_the_internals_in_use_are_there() -> None:
    assert list(inspect.signature(DBOS._recover_pending_workflows).parameters) == ["executor_ids"]
    assert internals._dbos_global_instance is None
    assert callable(internals.ActiveWorkflowById.activeList)  # type: ignore[attr-defined]
    assert BackgroundEventLoop()._main_loop is None
    assert list(inspect.signature(queue_thread).parameters) == ["stop_event", "dbos"]
    source = inspect.getsource(DBOS.__init__)
    assert "self.background_thread_stop_events" in source
    assert "self._background_threads" in source


async def in_progress(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    provider.timing = Timing(looks=10)
    put(bucket, "in/a.jsonl", [CONVERSE])
    setup.add()


async def test_a_workflow_of_another_member_is_put_back_on_its_queue_and_goes_on(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    await in_progress(setup, bucket, provider)
    async with setup.open() as runner:
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        live = await engine.live_workflows()
        (executor,) = live.executors
        assert live.ids == {f"{JOB}:0", f"{JOB}:0:0:0"}
        await anyio.to_thread.run_sync(engine.recover, [executor])
        for batch in provider.batches.values():
            batch.cancel()
        await setup.until(is_over)
    assert len(provider.batches) == 1


async def test_more_than_a_hundred_recoveries_leave_a_job_alive(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    await in_progress(setup, bucket, provider)
    async with setup.open() as runner:
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        instance = internals._dbos_global_instance
        assert instance is not None
        with instance._sys_db.engine.begin() as connection:
            table = instance._sys_db.tables.workflow_status
            connection.execute(table.update().values(recovery_attempts=500))
        (executor,) = (await engine.live_workflows()).executors
        await anyio.to_thread.run_sync(engine.recover, [executor])
        setup.store.stop(JOB, setup.job().submitted)
        runner.nudge(JOB)
        assert (await setup.until(is_over)).status == "Stopped"


@pytest.mark.parametrize("status", ["ERROR", "SUCCESS"])
async def test_what_the_engine_believes_to_be_over_and_the_store_does_not_is_started_again(
    setup: Setup, bucket: Any, provider: BatchServer, status: str
) -> None:
    await in_progress(setup, bucket, provider)
    async with setup.open() as runner:
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
    ended(setup, status)
    for batch in provider.batches.values():
        batch.cancel()
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, len(provider.batches)) == ("Completed", 1)


def ended(setup: Setup, status: str) -> None:
    """Have the engine's rows of all workflows be those of ended ones."""
    with setup.store.exclusive() as session:
        session.execute(text("UPDATE workflow_status SET status = :status"), {"status": status})


async def test_a_workflow_that_has_taken_many_steps_goes_on_in_a_successor(
    setup: Setup, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "STEPS", 3)
    provider.timing = Timing(looks=3)
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        assert (await setup.until(is_over)).status == "Completed"
        known = await engine.generations(JOB)
    assert len(known[f"{JOB}:0:0:"]) > 1
    assert len(provider.batches) == 1


@pytest.mark.parametrize("lost", ["the job's", "the shard's", "both"])
async def test_a_workflow_whose_task_ended_while_the_database_could_not_be_told_begins_anew(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, database_url: str, lost: str
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, jobs={"heartbeat": 0.2}, database=database_url)
    await in_progress(setup, bucket, provider)
    async with setup.open() as runner:
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress")
        job, shard = sorted(workflow.running, key=started)
        for task in {"the job's": [job], "the shard's": [shard], "both": [job, shard]}[lost]:
            task.cancel()  # the engine's rows stay as they are, as they do while the database is away
        for batch in provider.batches.values():
            batch.cancel()
        await setup.until(is_over)
    setup.store.close()
    assert len(provider.batches) == 1


def started(task: asyncio.Task[object]) -> int:
    """Number of a task among those of its loop."""
    return int(task.get_name().removeprefix("Task-"))
