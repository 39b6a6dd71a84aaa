"""`kill -9` at every step of a job: one provider batch per shard, every record exactly once."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Point
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import alive, prepared
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.killer import Killer
from tests.end_to_end.s3_relay import S3Relay, no_hook

RECORDS = [*(claude(number) for number in range(1, 8)), claude(8, "please fail")]
SHARDS = 3
TINY: dict[str, dict[str, Any]] = {
    "providers.tiny": {"kind": "openai", "max_requests_per_batch": 3},
    "providers.tiny.models": {"*": "gpt-5.4-mini"},
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


def run_with_a_restart(killer: Killer, proxy: ProxyProcess, bucket: Bucket) -> str:
    """Create a job, wait until the proxy is killed, start it again; the job's ARN when the job is over."""
    with bedrock(proxy, provider="tiny") as client:
        bucket.put("in/a.jsonl", jsonl(RECORDS[:5]))
        bucket.put("in/b.jsonl", jsonl(RECORDS[5:]))
        arn: str = client.create_model_invocation_job(**bucket.request(bucket.uri("in/")))["jobArn"]
        killer.restart()
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


@pytest.fixture(scope="module")
def one_relay(s3_url: str) -> Iterator[S3Relay]:
    with S3Relay(s3_url) as relay:
        yield relay


@pytest.fixture
def relay(one_relay: S3Relay) -> S3Relay:
    """In front of S3, without a hook until the test sets one."""
    one_relay.hook = no_hook
    return one_relay


@pytest.fixture(scope="module")
def one_proxy(
    s3_url: str, one_provider: BatchServer, one_relay: S3Relay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    config = {**TINY, "s3": {"endpoint_url": one_relay.url}}
    with prepared(tmp_path_factory.mktemp("killed"), s3_url, one_provider, config=config) as started:
        yield started


@pytest.fixture
def proxy(one_proxy: ProxyProcess, relay: S3Relay) -> ProxyProcess:
    return alive(one_proxy)


@pytest.mark.parametrize(("point", "count"), PROVIDER_POINTS, ids=lambda value: str(value))
def test_killed_while_the_provider_is_asked(
    proxy: ProxyProcess, provider: BatchServer, bucket: Bucket, point: Point, count: int
) -> None:
    killer = Killer(proxy)
    reached = Counter[Point]()

    def at(now: Point, times: int) -> None:
        reached[now] += 1
        if reached[point] == count and now == point:
            killer.kill()

    provider.at, provider.timing = at, Timing(looks=1)
    check(bucket, provider, run_with_a_restart(killer, proxy, bucket))


@pytest.mark.parametrize(
    ("point", "count"),
    [("retrieve", 1), ("retrieve", 2), ("upload:after", 2), ("create:before", 2), ("create:after", 2)],
    ids=str,
)
def test_killed_while_a_batch_is_refused_for_one_of_its_requests(
    proxy: ProxyProcess, provider: BatchServer, bucket: Bucket, point: Point, count: int
) -> None:
    killer, reached = Killer(proxy), Counter[Point]()
    named = Problem(code="invalid_request", message="Is not valid.", param="body.messages", line=2)
    outcomes = chain([Outcome(problems=(named,))], repeat(Outcome()))
    provider.outcome = lambda number: next(outcomes)

    def at(now: Point, times: int) -> None:
        reached[now] += 1
        if reached[point] == count and now == point:
            killer.kill()

    provider.at, provider.timing = at, Timing(looks=1)
    with bedrock(proxy, provider="tiny") as client:
        request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS[:3])))
        arn = client.create_model_invocation_job(**request)["jobArn"]
        killer.restart()
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (3, 3, 2, 1))
    rows = bucket.rows(arn)
    assert [row.get("error", {}).get("errorCode") for row in rows] == [None, 400, None]
    assert [batch.total for batch in provider.batches.values()] == [0, 2]


@pytest.mark.parametrize("point", S3_POINTS)
def test_killed_while_s3_is_asked(
    proxy: ProxyProcess, provider: BatchServer, bucket: Bucket, relay: S3Relay, point: str
) -> None:
    killer = Killer(proxy)
    start, _, end = point.format(bucket=bucket.name, job="JOB").partition("JOB")

    def hook(reached: str) -> None:
        if reached.startswith(start) and reached.endswith(end):
            killer.kill()

    relay.hook = hook
    check(bucket, provider, run_with_a_restart(killer, proxy, bucket))
