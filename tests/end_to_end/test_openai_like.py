"""Jobs on servers whose batch API is like OpenAI's, as an unmodified boto3 program sees them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from addon.demo.fake_provider.account import completes
from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Cut, Point, nothing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import PROVIDER_KEY, prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.openai_like_servers import Azure, Groq, Homemade, OpenAILike, Together
from tests.waiting import wait_until

RECORDS = [*(claude(number) for number in range(1, 12)), claude(12, "please fail")]
KINDS: dict[str, Callable[..., OpenAILike]] = {
    "azure": Azure,
    "groq": Groq,
    "homemade": Homemade,
    "together": Together,
}
"""Sections of the configuration. `homemade` is a server of no known provider: a section and no code."""


@pytest.fixture(scope="module")
def all_servers() -> Iterator[dict[str, OpenAILike]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(kind(key=PROVIDER_KEY)) for name, kind in KINDS.items()}


@pytest.fixture
def servers(all_servers: dict[str, OpenAILike]) -> dict[str, OpenAILike]:
    """Without faults or delays, unless the test sets them."""
    for server in all_servers.values():
        server.seen.clear()
        server.batches.clear()
        server.files.clear()
        server.timing, server.outcome, server.at = Timing(), completes, nothing
    return all_servers


@pytest.fixture(scope="module")
def proxy(
    s3_url: str,
    one_provider: BatchServer,
    all_servers: dict[str, OpenAILike],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    config: dict[str, dict[str, Any]] = {}
    for name, server in all_servers.items():
        config[f"providers.{name}"] = {"base_url": server.url, "api_key": "env:OPENAI_API_KEY"}
        config[f"providers.{name}.models"] = {"*": "gpt-5.4-mini" if name == "azure" else "a-model"}
    config["providers.homemade"]["kind"] = "openai"
    folder = tmp_path_factory.mktemp("openai-like")
    with prepared(folder, s3_url, one_provider, config=config) as started:
        yield started


@pytest.fixture(params=list(KINDS))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def server(name: str, servers: dict[str, OpenAILike]) -> OpenAILike:
    return servers[name]


@pytest.fixture
def client(name: str, proxy: ProxyProcess) -> Iterator[Client]:
    with bedrock(proxy, provider=name) as made:
        yield made


def create(client: Client, bucket: Bucket, records: list[dict[str, Any]]) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)))
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def check(bucket: Bucket, arn: str, records: list[dict[str, Any]]) -> None:
    """Every record has its own answer, the last one its own error."""
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in records]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert f"Question {number}?" in output["content"][0]["text"]
        assert (output["type"], output["stop_reason"]) == ("message", "end_turn")
        assert output["usage"]["output_tokens"] > 0
    assert "asked to fail" in rows[-1]["error"]["errorMessage"]


def test_a_job_comes_home_in_the_shape_it_was_asked_in(
    server: OpenAILike, client: Client, bucket: Bucket
) -> None:
    server.timing = Timing(looks=1)
    arn = create(client, bucket, RECORDS)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (12, 12, 11, 1)), job
    check(bucket, arn, RECORDS)
    assert len(server.batches) == 1


def test_a_job_without_a_failure_comes_home_whole(server: OpenAILike, client: Client, bucket: Bucket) -> None:
    arn = create(client, bucket, RECORDS[:-1])
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (11, 11, 11, 0)), job


def test_a_batch_whose_creation_was_not_answered_is_found_and_not_made_again(
    server: OpenAILike, client: Client, bucket: Bucket
) -> None:
    def lose(point: Point, count: int) -> None:
        if point == "create:after" and len(server.batches) == 1:
            server.at = nothing
            raise Cut

    server.at = lose
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn, RECORDS)
    assert len(server.batches) == 1


def test_a_stopped_job_keeps_what_was_answered(server: OpenAILike, client: Client, bucket: Bucket) -> None:
    server.outcome = lambda number: Outcome(stalls_after=3)
    arn = create(client, bucket, RECORDS[:-1])
    wait_until(lambda: sum(batch.completed for batch in server.batches.values()) == 3, "three answers")
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (11, 3, 3, 0))
    assert len(bucket.rows(arn)) == 3


def test_an_azure_file_that_is_pending_is_waited_for(
    servers: dict[str, OpenAILike], proxy: ProxyProcess, bucket: Bucket
) -> None:
    azure = servers["azure"]
    assert isinstance(azure, Azure)
    azure.looks_at_pending = 2
    with bedrock(proxy, provider="azure") as client:
        arn = create(client, bucket, RECORDS)
        assert ended(client, arn)["status"] == "Completed"
    azure.looks_at_pending = 0
    check(bucket, arn, RECORDS)
    assert len(azure.batches) == 1
    looks = [seen.path for seen in azure.seen if seen.method == "GET"]
    (file,) = [path for path in looks if path.startswith("/v1/files/file-")][:1]
    assert looks.count(file) == 1
