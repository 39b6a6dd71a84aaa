"""Jobs whose input is a file at the provider, from when the runner has them."""

import json
from typing import Any

import httpx
import pytest

from addon.demo.fake_provider.batch import Outcome
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.batch_store import BatchStore
from addon.jobs.database.tables import utc_now
from addon.jobs.reports import report
from tests.addon.jobs.job_setup import JOB, Setup, is_over, keys, rows

LINE = {
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Hi"}]},
}


def post(provider: BatchServer, path: str, **sent: Any) -> str:
    headers = {"Authorization": f"Bearer {provider.key}"}
    return str(httpx.post(f"{provider.url}/{path}", headers=headers, **sent).json()["id"])


def uploaded(provider: BatchServer, content: bytes | None = None) -> str:
    lines = "".join(json.dumps({**LINE, "custom_id": custom_id}) + "\n" for custom_id in "ba").encode()
    return post(provider, "files", data={"purpose": "batch"}, files={"file": ("in.jsonl", content or lines)})


def created(provider: BatchServer, file: str) -> str:
    """The id of a batch, created as by the Create call."""
    asked = {"input_file_id": file, "endpoint": LINE["url"], "completion_window": "24h"}
    return post(provider, "batches", json=asked)


def add(setup: Setup, file: str, batch: str | None) -> None:
    """Store a job whose batch Create has made, or only intended to make."""
    tags = [{"key": "file_id", "value": file}, {"key": "endpoint", "value": LINE["url"]}]
    members = {"tags": tags, "modelId": "gpt-5.4-mini", "modelInvocationType": "InvokeModel"}
    setup.add(input_key="", members=members)
    batches = BatchStore(setup.store)
    claim = batches.claim(JOB, 0, 0, "create", 60, input_id=file)
    assert claim.granted
    assert not batches.claim(JOB, 0, 0, "another", 60, input_id=file).granted
    if batch is not None:
        batches.created(claim.row, batch, "validating")
    else:
        batches.release(claim.row, "create", lost=True)


async def ended(setup: Setup) -> tuple[str, str | None]:
    async with setup.open() as runner:
        await runner.submit(JOB)
        job = await setup.until(is_over)
    return job.status, job.message


@pytest.mark.parametrize("answered", [True, False])
async def test_results_are_published_whether_or_not_the_create_was_answered(
    setup: Setup, bucket: Any, provider: BatchServer, answered: bool
) -> None:
    file = uploaded(provider)
    add(setup, file, created(provider, file) if answered else None)
    assert await ended(setup) == ("Completed", None)
    assert len(provider.batches) == 1
    written = rows(bucket, f"out/{JOB}/{file}.jsonl.out")
    assert [row["recordId"] for row in written] == ["b", "a"]
    assert [row["modelInput"] for row in written] == [LINE["body"]] * 2
    assert all(row["modelOutput"]["choices"] for row in written)


async def test_a_batch_that_expired_is_not_sent_again(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(expires_after=1)
    file = uploaded(provider)
    add(setup, file, created(provider, file))
    await ended(setup)
    assert len(provider.batches) == 1
    assert len(rows(bucket, f"out/{JOB}/{file}.jsonl.out")) == 2


async def test_a_batch_without_room_fails_the_job_with_the_providers_message(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    problem = Problem(code="token_limit_exceeded", message="Enqueued token limit reached")
    provider.outcome = lambda number: Outcome(problems=(problem,))
    file = uploaded(provider)
    add(setup, file, created(provider, file))
    status, message = await ended(setup)
    assert status == "Failed"
    assert "Enqueued token limit reached" in (message or "")
    assert len(provider.batches) == 1


async def test_a_file_that_is_none_of_requests_fails_the_job_and_ends_its_batch(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=0)
    batch = created(provider, uploaded(provider))
    add(setup, uploaded(provider, b'{"a": 1}'), batch)
    status, message = await ended(setup)
    assert status == "Failed"
    assert "line 1: " in str(message)
    assert provider.batches[batch].json()["status"] in {"cancelling", "cancelled"}
    assert keys(bucket) == []


async def test_a_file_that_is_gone_fails_the_job(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    add(setup, "file-gone", None)
    status, message = await ended(setup)
    assert (status, len(provider.batches)) == ("Failed", 0)
    assert "the file file-gone cannot be had from openai" in str(message)


async def test_a_stop_before_polling_begins_cancels_the_batch(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=0)
    file = uploaded(provider)
    batch = created(provider, file)
    add(setup, file, batch)
    setup.store.stop(JOB, utc_now())
    assert (await ended(setup))[0] == "Stopped"
    assert provider.batches[batch].json()["status"] in {"cancelling", "cancelled"}


def test_a_report_names_the_file(setup: Setup, bucket: Any, provider: BatchServer) -> None:
    add(setup, "file-1", None)
    (shown,) = report(setup.job(), setup.store)["input"]
    assert shown == {"uri": "file-1 at openai", "bytes": None, "records": None}
