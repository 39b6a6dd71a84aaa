"""`kill -9` at every step of a job: one provider batch per shard, every record exactly once."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from addon.demo.batch import Pace
from addon.demo.faults import Point
from addon.demo.provider import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.watched_s3 import watched

RECORDS = [*(claude(number) for number in range(1, 8)), claude(8, "please fail")]
SHARDS = 3
TINY: dict[str, dict[str, Any]] = {
    "providers.tiny": {"kind": "openai", "max_requests_per_batch": 3},
    "providers.tiny.models": {"*": "gpt-4o-mini"},
}

PROVIDER_POINTS: list[tuple[Point, int]] = [
    ("upload:before", 1),
    ("upload:after", 1),
    ("upload:after", 3),
    ("create:before", 1),
    ("create:after", 1),
    ("create:after", 2),
    ("create:after", 3),
    ("retrieve", 1),
    ("retrieve", 5),
    ("content:output", 1),
    ("content:output", 3),
    ("content:error", 1),
]
S3_POINTS = [
    "before GET /{bucket}/in/a.jsonl",
    "after GET /{bucket}/in/a.jsonl",
    "before PUT /{bucket}/out/{job}/a.jsonl.out",
    "after PUT /{bucket}/out/{job}/a.jsonl.out",
    "before PUT /{bucket}/out/{job}/manifest.json.out",
    "after PUT /{bucket}/out/{job}/manifest.json.out",
]


class Killer:
    """Kills a proxy when the moment has come, once."""

    def __init__(self) -> None:
        self.proxy: ProxyProcess | None = None
        self.done = False

    def kill(self) -> None:
        if self.proxy is not None and not self.done:
            self.done = True
            with suppress(ProcessLookupError):
                os.kill(self.proxy.pid, signal.SIGKILL)

    def await_death(self, seconds: float = 30) -> None:
        assert self.proxy is not None
        limit = time.monotonic() + seconds
        while not self.proxy.ended:
            assert time.monotonic() < limit, "the moment never came"
            time.sleep(0.02)


def run_with_a_death(killer: Killer, proxy: ProxyProcess, bucket: Bucket) -> str:
    """Create a job, wait until the proxy dies, start it again; the job's ARN when the job is over."""
    killer.proxy = proxy
    with bedrock(proxy, provider="tiny") as client:
        bucket.put("in/a.jsonl", jsonl(RECORDS[:5]))
        bucket.put("in/b.jsonl", jsonl(RECORDS[5:]))
        arn: str = client.create_model_invocation_job(**bucket.request(bucket.uri("in/")))["jobArn"]
        killer.await_death()
        proxy.start()
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (8, 8, 7, 1))
    return arn


def check(bucket: Bucket, provider: BatchServer, arn: str) -> None:
    rows = bucket.rows(arn, "a.jsonl") + bucket.rows(arn, "b.jsonl")
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in RECORDS]
    assert ["error" in row for row in rows] == [False] * 7 + [True]
    assert len(provider.batches) == SHARDS
    markers = Counter(batch.json()["metadata"]["bedrock_batch"] for batch in provider.batches.values())
    assert set(markers.values()) == {1}


@pytest.mark.parametrize(("point", "count"), PROVIDER_POINTS, ids=lambda value: str(value))
def test_killed_while_the_provider_is_asked(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, point: Point, count: int
) -> None:
    killer = Killer()
    reached = Counter[Point]()

    def at(now: Point, times: int) -> None:
        reached[now] += 1
        if reached[point] == count and now == point:
            killer.kill()

    provider.at, provider.pace = at, Pace(looks=1)
    proxy = start_proxy(config=TINY)
    check(bucket, provider, run_with_a_death(killer, proxy, bucket))


@pytest.mark.parametrize("point", S3_POINTS)
def test_killed_while_s3_is_asked(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, s3_url: str, point: str
) -> None:
    killer = Killer()
    start, _, end = point.format(bucket=bucket.name, job="JOB").partition("JOB")

    def hook(reached: str) -> None:
        if reached.startswith(start) and reached.endswith(end):
            killer.kill()

    with watched(s3_url, hook) as door:
        proxy = start_proxy(config={**TINY, "s3": {"endpoint_url": door}})
        check(bucket, provider, run_with_a_death(killer, proxy, bucket))
        proxy.stop()
