"""Jobs that ended long ago, on a real database with a real engine."""

from datetime import timedelta
from typing import Any

import anyio
from dbos import DBOS
from sqlalchemy import func, select, text

from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.connections import open_engine
from addon.jobs.database.tables import Base, Token, utc_now
from addon.jobs.fleet import retention
from addon.jobs.spool import Spool
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put

RUNNING = "running00001"


def age(setup: Setup, job_id: str, **change: timedelta) -> None:
    """Move a job's times into the past."""
    engine = open_engine(setup.config.database)
    with engine.begin() as connection:
        for column, by in change.items():
            connection.execute(
                text(f"UPDATE jobs SET {column} = :moment WHERE id = :job"),
                {"moment": str(utc_now() - by), "job": job_id},
            )
    engine.dispose()


def rows_of(setup: Setup, job_id: str) -> int:
    """Number of rows of a job in all tables."""
    engine = open_engine(setup.config.database)
    with engine.connect() as connection:
        counts = []
        for table in Base.metadata.sorted_tables:
            if table.name == "executors":
                continue
            column = table.columns["id" if table.name == "jobs" else "job_id"]
            counts.append(connection.scalar(select(func.count()).where(column == job_id)) or 0)
    engine.dispose()
    return sum(counts)


async def test_a_job_that_ended_long_ago_is_removed_with_all_that_belongs_to_it(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add(token="again")
        setup.store.set_tags(JOB, {"team": "a"}, 50)
        setup.store.keep_answers(JOB, 0, 0, [("1", [b"row\n"])])
        await runner.submit(JOB)
        await setup.until(is_over)
        left = Spool(setup.config.spool / JOB).input(0)
        while (setup.config.spool / JOB).exists():  # noqa: ASYNC110 - the job's own last step removes it
            await anyio.sleep(0.05)
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()
        setup.add(job_id=RUNNING)
        age(setup, RUNNING, submitted=timedelta(days=100))

        assert await retention.remove_old_jobs(runner._resources) == 0
        age(setup, JOB, ended=timedelta(days=89))
        assert await retention.remove_old_jobs(runner._resources) == 0
        assert setup.store.job_of_token("123456789012", "us-east-1", "again") is not None
        age(setup, JOB, ended=timedelta(days=91))
        assert await retention.remove_old_jobs(runner._resources) == 1

        assert rows_of(setup, JOB) == 0
        assert await DBOS.list_workflows_async(workflow_id_prefix=JOB) == []
        assert not left.exists()
        assert setup.job(RUNNING).status == "Submitted"
        assert setup.store.job_of_token("123456789012", "us-east-1", "again") is None


def test_every_table_of_jobs_is_emptied() -> None:
    assert {table.name for table in Base.metadata.sorted_tables if "job_id" in table.columns} == {
        "answers",
        "batches",
        "events",
        "job_keys",
        "shards",
        "tags",
        Token.__tablename__,
    }
