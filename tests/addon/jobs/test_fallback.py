"""Jobs that go on with another provider, with both on real sockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Outcome
from addon.demo.fake_provider.faults import Cut, Refuse
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.key_vault import KeyVault
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, put, rows, run

NO_MODEL = Outcome(problems=(Problem(code="model_not_found", message="There is no such model"),))


@pytest.fixture
def other() -> Iterator[BatchServer]:
    with BatchServer() as server:
        yield server


@pytest.fixture
def setup(tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, other: BatchServer) -> Setup:
    section = {"kind": "openai", "base_url": other.url, "api_key": "env:OPENAI_API_KEY"}
    return Setup(
        tmp_path / "data",
        s3_url,
        provider,
        max_requests_per_batch=2,
        fall_back_after=0.2,
        others={"other": section},
    )


async def test_a_job_whose_batches_are_refused_runs_on_the_next_provider(
    setup: Setup, bucket: Any, provider: BatchServer, other: BatchServer
) -> None:
    provider.outcome = lambda number: NO_MODEL
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup, fallbacks=["other"])
    assert (job.status, job.succeeded, job.failed) == ("Completed", 4, 0)
    assert (job.provider, job.fallbacks) == ("other", [])
    assert job.refusals == ["openai: There is no such model (model_not_found)"]
    assert (len(provider.batches), len(other.batches)) == (2, 1)
    no_model = "There is no such model (model_not_found)"
    assert setup.told("refused") == [f"400: {no_model}"] * 2
    assert setup.told("fallback") == [f"openai: {no_model}; goes on with other, gpt-5.4-mini"]
    assert len(setup.told("create")) == 3  # what happened at the first provider stays
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 4


async def test_a_job_whose_upload_is_refused_runs_on_the_next_provider(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.key = "another key than ours"
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, fallbacks=["other"])
    assert (job.status, job.provider) == ("Completed", "other")


async def test_a_job_whose_records_are_all_refused_runs_on_the_next_provider(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, other: BatchServer
) -> None:
    provider.key = "another key than ours"
    section = {"kind": "openai", "base_url": other.url, "mode": "direct"}
    setup = Setup(
        tmp_path / "data",
        s3_url,
        provider,
        mode="direct",
        max_requests_per_batch=2,
        others={"other": section | {"api_key": "env:OPENAI_API_KEY"}},
    )
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup, fallbacks=["other"])
    assert (job.status, job.provider, job.succeeded, job.failed) == ("Completed", "other", 4, 0)
    assert len(rows(bucket, f"out/{JOB}/a.jsonl.out")) == 4


@pytest.mark.parametrize("point", ["upload:before", "create:before"])
async def test_an_outage_is_waited_out_only_for_so_long(
    setup: Setup, bucket: Any, provider: BatchServer, point: str
) -> None:
    def down(reached: str, number: int) -> None:
        if reached == point:
            raise Refuse(503, "down") if point == "upload:before" else Cut()

    provider.at = down
    put(bucket, "in/a.jsonl", [CONVERSE])
    if point == "create:before":  # a lost answer: there may be a batch, and it may be paid for
        job = await run(setup, fallbacks=["other"], seconds=4)
        assert (job.status, job.provider) == ("Expired", "openai")
    else:
        job = await run(setup, fallbacks=["other"])
        assert (job.status, job.provider) == ("Completed", "other")


async def test_a_job_stays_where_one_batch_was_accepted(
    setup: Setup, bucket: Any, provider: BatchServer, other: BatchServer
) -> None:
    provider.outcome = lambda number: NO_MODEL if number == 1 else Outcome()
    put(bucket, "in/a.jsonl", [CONVERSE] * 4)
    job = await run(setup, fallbacks=["other"])
    assert (job.status, job.provider, job.succeeded, job.failed) == ("Completed", "openai", 2, 2)
    assert other.seen == []


async def test_a_job_that_all_providers_refuse_fails_with_all_their_messages(
    setup: Setup, bucket: Any, provider: BatchServer, other: BatchServer
) -> None:
    provider.outcome = other.outcome = lambda number: NO_MODEL
    put(bucket, "in/a.jsonl", [CONVERSE])
    job = await run(setup, fallbacks=["other"])
    assert job.status == "Failed"
    assert job.message == (
        "openai: There is no such model (model_not_found); other: There is no such model (model_not_found)"
    )


async def test_a_callers_key_is_not_used_for_the_next_provider(
    setup: Setup, bucket: Any, provider: BatchServer, other: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.key = "the key of the other"
    monkeypatch.setenv("OPENAI_API_KEY", other.key)
    provider.outcome = lambda number: NO_MODEL
    put(bucket, "in/a.jsonl", [CONVERSE])
    brought = KeyVault(setup.config.folder).encrypt(provider.key)
    job = await run(setup, fallbacks=["other"], encrypted_key=brought)
    assert (job.status, job.provider) == ("Completed", "other")
    assert len(provider.batches) == 1
    assert not any(provider.key in str(seen.headers) for seen in other.seen)
