"""Jobs on a server without a batch API, asked for record by record."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from addon.demo.fake_provider import endpoints
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.jobs.answers import ROWS_OF_BLOCK
from tests.end_to_end.conftest import prepared
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, jsonl, when
from tests.end_to_end.killer import Killer
from tests.waiting import PATIENCE

CONCURRENCY = 32
RECORDS = 500
KILLED_AT = 200


@pytest.fixture(scope="module")
def proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    local = {"kind": "openai", "mode": "direct", "base_url": one_provider.url, "concurrency": CONCURRENCY}
    config: dict[str, dict[str, Any]] = {
        "providers.local": local,
        "providers.local.models": {"*": "llama3.1"},
    }
    with prepared(tmp_path_factory.mktemp("direct"), s3_url, one_provider, config=config) as started:
        yield started


def test_a_killed_job_asks_for_nothing_twice_whose_answer_was_stored(
    proxy: ProxyProcess, provider: BatchServer, bucket: Bucket
) -> None:
    """What was on its way at that moment may be asked for again, and the two blocks of answers not stored."""
    provider.key = ""
    killer = Killer(proxy)
    asked, most = Counter[str](), 0
    running, lock = 0, threading.Lock()
    all_run = threading.Event()

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            asked[str(body["messages"])] += 1
            if asked.total() == KILLED_AT:
                killer.kill()
            if running == CONCURRENCY:
                all_run.set()
        try:
            assert all_run.wait(PATIENCE)
            return endpoints.answer(body)
        finally:
            with lock:
                running -= 1

    provider.answer = answer
    request = bucket.request(bucket.put("in.jsonl", jsonl(claude(number) for number in range(RECORDS))))
    with bedrock(proxy, provider="local") as client:
        arn = client.create_model_invocation_job(**request)["jobArn"]
        killer.restart()
        job = when(client, arn, "Completed")
    assert counts(job) == (RECORDS, RECORDS, RECORDS, 0)
    assert [row["recordId"] for row in bucket.rows(arn)] == [claude(n)["recordId"] for n in range(RECORDS)]
    assert len(asked) == RECORDS
    assert asked.total() - RECORDS <= CONCURRENCY + 2 * ROWS_OF_BLOCK
    assert most == CONCURRENCY
