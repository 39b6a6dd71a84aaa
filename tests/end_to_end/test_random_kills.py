"""`kill -9` of a proxy with an SQLite file at any moment: nothing is lost, nothing is paid for twice."""

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, ended, jsonl

CONCURRENCY = 4
RECORDS = [claude(number) for number in range(1, 61)]
SECTIONS: dict[str, dict[str, Any]] = {
    "batch": {"kind": "openai", "max_requests_per_batch": 20},
    "direct": {"kind": "openai", "mode": "direct", "concurrency": CONCURRENCY},
}


@pytest.mark.parametrize("mode", SECTIONS)
def test_a_job_survives_kills_at_random_moments(
    start_proxy: StartProxy,
    provider: BatchServer,
    bucket: Bucket,
    kills: Callable[[int], int],
    mode: str,
) -> None:
    provider.timing = Timing(looks=2)
    if mode == "direct":
        answer = provider.answer

        def slowly(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            time.sleep(0.2)
            return answer(body)

        provider.answer = slowly
    config = {"providers.killed": SECTIONS[mode], "providers.killed.models": {"*": "gpt-4o-mini"}}
    proxy = start_proxy(config=config)
    for _ in range(kills(2)):
        provider.seen.clear()
        provider.batches.clear()
        with bedrock(proxy, provider="killed") as client:
            request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
            arn = client.create_model_invocation_job(**request)["jobArn"]
            for _ in range(3):
                time.sleep(random.uniform(0, 2))
                proxy.kill()
                proxy.start()
            job = ended(client, arn)
        assert (job["status"], counts(job)) == ("Completed", (60, 60, 60, 0))
        expected = [record["recordId"] for record in RECORDS]
        assert [row["recordId"] for row in bucket.rows(arn)] == expected
        markers = Counter(batch.json()["metadata"]["bedrock_batch"] for batch in provider.batches.values())
        assert set(markers.values()) <= {1}
        assert len(markers) == (3 if mode == "batch" else 0)
        calls = sum(seen.path.endswith("/chat/completions") for seen in provider.seen)
        # asked again is at most what ran, or was not stored yet, at the moment of a kill
        assert calls <= (60 + 3 * 10 * CONCURRENCY if mode == "direct" else 0)
