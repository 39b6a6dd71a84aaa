"""Jobs on Cohere, Fireworks and xAI, as an unmodified boto3 program sees them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from addon.demo.fake_provider.faults import Cut
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.cohere_server import Cohere
from tests.end_to_end.conftest import PROVIDER_KEY, prepared
from tests.end_to_end.container_servers import XAI, ContainerServer, Fireworks, Point
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.provider_server import completes
from tests.waiting import wait_until

RECORDS = [*(claude(number) for number in range(1, 12)), claude(12, "please fail")]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, ContainerServer]]:
    with ExitStack() as stack:
        yield {
            "cohere": stack.enter_context(Cohere(PROVIDER_KEY)),
            "fireworks": stack.enter_context(Fireworks(PROVIDER_KEY)),
            "xai": stack.enter_context(XAI(PROVIDER_KEY)),
        }


@pytest.fixture(scope="module")
def proxy(
    s3_url: str,
    one_provider: BatchServer,
    servers: dict[str, ContainerServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    config: dict[str, dict[str, Any]] = {}
    for name, server in servers.items():
        config[f"providers.{name}"] = {"base_url": server.url, "api_key": "env:OPENAI_API_KEY"}
        config[f"providers.{name}.models"] = {"*": "a-model"}
    folder = tmp_path_factory.mktemp("containers")
    with prepared(folder, s3_url, one_provider, config=config) as started:
        yield started


@pytest.fixture(params=["cohere", "fireworks", "xai"])
def server(request: pytest.FixtureRequest, servers: dict[str, ContainerServer]) -> ContainerServer:
    found = servers[request.param]
    found.restore(PROVIDER_KEY)
    return found


@pytest.fixture
def client(
    server: ContainerServer, servers: dict[str, ContainerServer], proxy: ProxyProcess
) -> Iterator[Client]:
    (name,) = (name for name, other in servers.items() if other is server)
    with bedrock(proxy, provider=name) as made:
        yield made


def create(client: Client, bucket: Bucket, records: list[dict[str, Any]]) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)))
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def check(bucket: Bucket, arn: str) -> None:
    """Every record has its own answer, the last one its own error."""
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in RECORDS]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert f"Question {number}?" in output["content"][0]["text"]
        assert (output["type"], output["stop_reason"]) == ("message", "end_turn")
    assert "asked to fail" in rows[-1]["error"]["errorMessage"]


def test_a_job_comes_home_in_the_shape_it_was_asked_in(
    server: ContainerServer, client: Client, bucket: Bucket
) -> None:
    arn = create(client, bucket, RECORDS)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (12, 12, 11, 1)), job
    check(bucket, arn)
    (made,) = server.jobs.values()
    assert len(made.requests) == 12


def test_a_batch_whose_creation_was_not_answered_is_found_and_not_made_again(
    server: ContainerServer, client: Client, bucket: Bucket
) -> None:
    def lose(point: Point, count: int) -> None:
        server.at = completes
        raise Cut

    server.at = lose
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    (made,) = server.jobs.values()
    assert len(made.requests) == 12


def test_a_stopped_job_keeps_what_was_answered(
    server: ContainerServer, client: Client, bucket: Bucket
) -> None:
    server.answers = 3
    arn = create(client, bucket, RECORDS[:-1])
    wait_until(lambda: sum(len(job.done) for job in server.jobs.values()) == 3, "three answers")
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (11, 3, 3, 0))
    assert len(bucket.rows(arn)) == 3


def test_a_key_that_is_refused_fails_the_job_in_the_provider_s_words(
    server: ContainerServer, client: Client, bucket: Bucket
) -> None:
    server.key = "another-key"
    job = ended(client, create(client, bucket, RECORDS))
    assert job["status"] == "Failed"
    assert "The API key you provided is invalid." in job["message"]
