"""Jobs at Anthropic, as an unmodified boto3 program sees them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from addon.demo.fake_provider.faults import Cut
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.settings.config import Config
from tests.end_to_end.anthropic_server import AnthropicServer, Point
from tests.end_to_end.conftest import PROVIDER_KEY, alive, prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.killer import Killer
from tests.waiting import wait_until

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
RECORDS = [*(claude(number) for number in range(1, 12)), claude(12, "please fail")]

POINTS: list[tuple[Point, int]] = [
    ("create:before", 1),
    ("create:before", 2),
    ("create:after", 1),
    ("create:after", 3),
    ("retrieve", 2),
    ("results", 1),
    ("results", 3),
]


@pytest.fixture(scope="module")
def one_anthropic() -> Iterator[AnthropicServer]:
    with AnthropicServer(PROVIDER_KEY) as server:
        yield server


@pytest.fixture
def anthropic(one_anthropic: AnthropicServer) -> AnthropicServer:
    """Without faults or delays, unless the test sets them."""
    one_anthropic.restore(PROVIDER_KEY)
    return one_anthropic


@pytest.fixture(scope="module")
def one_proxy(
    s3_url: str,
    one_provider: BatchServer,
    one_anthropic: AnthropicServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    """A proxy that goes to Anthropic, four records a batch."""
    section = {"base_url": one_anthropic.url, "api_key": "env:OPENAI_API_KEY", "max_requests_per_batch": 4}
    folder = tmp_path_factory.mktemp("anthropic")
    with prepared(folder, s3_url, one_provider, config={"providers.anthropic": section}) as started:
        yield started


@pytest.fixture
def proxy(one_proxy: ProxyProcess) -> ProxyProcess:
    return alive(one_proxy)


@pytest.fixture
def client(proxy: ProxyProcess) -> Iterator[Client]:
    with bedrock(proxy, provider="anthropic") as made:
        yield made


def create(client: Client, bucket: Bucket, records: list[dict[str, Any]], **changes: Any) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)), **{"modelId": HAIKU, **changes})
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def check(bucket: Bucket, arn: str) -> None:
    """Every record has its own answer, the last one its own error."""
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in RECORDS]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert output["content"] == [{"type": "text", "text": f'You said "Question {number}?"'}]
        assert (output["model"], output["stop_reason"]) == ("claude-haiku-4-5-20251001", "end_turn")
        assert output["usage"]["service_tier"] == "batch"
    assert rows[-1]["error"] == {"errorCode": 400, "errorMessage": "This request was asked to fail."}


def sent(anthropic: AnthropicServer) -> list[str]:
    """The custom ids of all requests, without the job's id."""
    asked = [one["custom_id"] for batch in anthropic.batches.values() for one in batch.requests]
    return sorted(asked, key=lambda custom_id: int(custom_id.rpartition("-")[2]))


def test_claude_s_own_answers_come_home(client: Client, anthropic: AnthropicServer, bucket: Bucket) -> None:
    anthropic.looks = 2
    arn = create(client, bucket, RECORDS)
    assert counts(ended(client, arn)) == (12, 12, 11, 1)
    check(bucket, arn)
    assert bucket.manifest(arn)["outputTokenCount"] == 55
    assert len(anthropic.batches) == 3
    assert {asked["params"]["model"] for batch in anthropic.batches.values() for asked in batch.requests} == {
        "claude-haiku-4-5-20251001"
    }
    for _, _, headers in anthropic.seen:
        assert headers["X-Api-Key"] == PROVIDER_KEY
        assert headers["Anthropic-Version"] == "2023-06-01"
        assert "Authorization" not in headers
        assert not any(name.lower().startswith("x-amz") for name in headers)


def test_converse_records_come_home_as_converse(
    client: Client, anthropic: AnthropicServer, bucket: Bucket
) -> None:
    record = {"recordId": "R1", "modelInput": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}}
    arn = create(client, bucket, [record], modelInvocationType="Converse")
    assert ended(client, arn)["status"] == "Completed"
    (row,) = bucket.rows(arn)
    assert row["modelOutput"]["output"]["message"]["content"] == [{"text": 'You said "Hi"'}]
    (batch,) = anthropic.batches.values()
    assert batch.requests[0]["params"]["max_tokens"] == 64_000


def test_a_retired_model_is_refused_at_once(
    client: Client, anthropic: AnthropicServer, bucket: Bucket
) -> None:
    with pytest.raises(ClientError, match="Anthropic retired it on 20 April 2026") as refusal:
        create(client, bucket, RECORDS, modelId="anthropic.claude-3-haiku-20240307-v1:0")
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert "POST" not in {method for method, _, _ in anthropic.seen}


@pytest.mark.parametrize(("point", "count"), POINTS, ids=str)
def test_killed_while_anthropic_is_asked(
    proxy: ProxyProcess, anthropic: AnthropicServer, bucket: Bucket, point: Point, count: int
) -> None:
    killer = Killer(proxy)

    def at(reached: Point, times: int) -> None:
        if (reached, times) == (point, count):
            killer.kill()

    anthropic.at, anthropic.looks = at, 2
    with bedrock(proxy, provider="anthropic") as client:
        arn = create(client, bucket, RECORDS)
        killer.restart()
        assert counts(ended(client, arn)) == (12, 12, 11, 1)
    check(bucket, arn)
    assert len(anthropic.batches) == 3
    assert [custom_id.rpartition("-")[2] for custom_id in sent(anthropic)] == [str(n) for n in range(12)]


def test_lost_answers_make_no_second_batches(
    client: Client, anthropic: AnthropicServer, bucket: Bucket
) -> None:
    def cut(point: Point, count: int) -> None:
        if point == "create:after" or count == 1:
            raise Cut

    anthropic.at = cut
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    assert len(anthropic.batches) == 3


def test_a_stop_keeps_what_was_done(client: Client, anthropic: AnthropicServer, bucket: Bucket) -> None:
    anthropic.looks = -1
    anthropic.answers = lambda requests: 1
    arn = create(client, bucket, RECORDS)
    wait_until(lambda: len(anthropic.batches) == 3, "three batches")
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (12, 3, 3, 0))
    assert [row["recordId"] for row in bucket.rows(arn)] == ["REC00000001", "REC00000005", "REC00000009"]
    assert all(batch.cancelled is not None for batch in anthropic.batches.values())


def test_what_expired_is_sent_again(client: Client, anthropic: AnthropicServer, bucket: Bucket) -> None:
    anthropic.answers = lambda requests: 2 if requests == 4 else None
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    assert len(sent(anthropic)) == 18


def test_the_environment_alone_is_enough() -> None:
    target = Config().target("anthropic")
    environment = {"ANTHROPIC_API_KEY": "test-key", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/"}
    assert (target.key(environment), target.base_url(environment)) == ("test-key", "http://127.0.0.1:9")
    assert target.base_url({}) == "https://api.anthropic.com"
