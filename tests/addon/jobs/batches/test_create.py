"""Batches that may exist: what happens after lost answers, refused searches and claims of other processes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.faults import Cut, Point, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.batch_store import BatchStore
from addon.jobs.database.store import Store
from addon.jobs.reports import report
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put, run


@pytest.fixture
def batches(database_url: str, tmp_path: Path, s3_url: str, provider: BatchServer) -> Iterator[BatchStore]:
    store = Store(database_url)
    setup = Setup(tmp_path / "data", s3_url, provider)
    setup.store = store
    setup.add()
    yield BatchStore(store)
    store.close()


def test_of_two_claims_one_is_granted_until_its_time_is_over(batches: BatchStore) -> None:
    assert batches.claim(JOB, 0, 0, "first", 60).granted
    assert batches.claim(JOB, 0, 0, "first", 60).granted  # repeated after a lost answer of the database
    second = batches.claim(JOB, 0, 0, "second", 60)
    assert not second.granted
    assert 50 < second.wait <= 60


def test_a_claim_after_one_that_ended_without_a_word_has_a_batch_to_look_for(batches: BatchStore) -> None:
    first = batches.claim(JOB, 0, 0, "first", -1)
    second = batches.claim(JOB, 0, 0, "second", 60)
    assert (first.row.lost, second.granted) == (None, True)
    assert second.row.lost is not None
    assert not batches.renew(first.row, "first", 60)
    assert batches.renew(second.row, "second", 60)
    batches.release(first.row, "first", creation="planned")  # it is not its any more
    assert batches.latest(JOB, 0).owner == "second"


def test_a_row_has_one_batch(batches: BatchStore) -> None:
    claim = batches.claim(JOB, 0, 0, "first", 60)
    assert batches.created(claim.row, "batch-1", "validating")
    assert not batches.created(claim.row, "batch-2", "validating")
    assert not batches.claim(JOB, 0, 0, "second", 60).granted
    assert batches.latest(JOB, 0).creation == "created"


def test_in_a_lane_one_batch_is_created_at_a_time(batches: BatchStore) -> None:
    first = batches.claim(JOB, 0, 0, "first", 60, lane="a-key")
    assert not batches.claim(JOB, 1, 0, "second", 60, lane="a-key").granted
    assert batches.claim(JOB, 2, 0, "third", 60, lane="another-key").granted
    batches.created(first.row, "batch-1", "validating")
    assert batches.claim(JOB, 1, 0, "second", 60, lane="a-key").granted


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_nothing_is_created_anywhere_while_the_search_for_a_lost_batch_is_refused(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, status: int
) -> None:
    refuses = True

    def at(point: Point, count: int) -> None:
        if point == "create:after":
            raise Cut
        if point == "list" and refuses:
            raise Refuse(status, "you may not list batches")

    with BatchServer() as other:
        section = {"kind": "openai", "base_url": other.url, "api_key": "env:OPENAI_API_KEY"}
        setup = Setup(tmp_path / "data", s3_url, provider, fall_back_after=0.1, others={"other": section})
        provider.at = at
        put(bucket, "in/a.jsonl", [CONVERSE])
        async with setup.open() as runner:
            setup.add(fallbacks=["other"])
            await runner.submit(JOB)
            await setup.until(lambda job: "you may not list" in (job.waiting or ""))
            await anyio.sleep(2)
            job = setup.job()
            (shown,) = report(job, setup.store)["shards"][0]["batches"]
            assert (shown["creation"], job.provider) == ("unknown", "openai")
            assert (len(provider.batches), len(other.batches)) == (1, 0)
            refuses = False
            job = await setup.until(is_over)
    assert (job.status, job.provider, job.succeeded) == ("Completed", "openai", 1)
    assert (len(provider.batches), len(other.batches)) == (1, 0)


async def test_a_batch_that_appears_late_in_the_list_is_found(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    lists = 0

    def at(point: Point, count: int) -> None:
        nonlocal lists
        if point == "create:after":
            hidden.update(provider.batches)
            provider.batches.clear()
            raise Cut
        if point == "list":
            lists += 1
            if lists == 4:
                provider.batches.update(hidden)

    hidden: dict[str, Any] = {}
    setup = Setup(tmp_path / "data", s3_url, provider, search_seconds=20)
    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert (job.status, len(provider.batches), lists) == ("Completed", 1, 4)


async def test_a_call_that_takes_too_long_is_a_lost_answer(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    def at(point: Point, count: int) -> None:
        if point == "create:after" and count == 1:
            time.sleep(3)

    setup = Setup(tmp_path / "data", s3_url, provider, create_limit=0.5)
    provider.at = at
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup)
    assert (job.status, len(provider.batches)) == ("Completed", 1)
