"""Jobs at Mistral, as an unmodified boto3 program sees them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.settings.config import Config
from tests.end_to_end.conftest import PROVIDER_KEY, alive, prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl, when
from tests.end_to_end.killer import Killer
from tests.end_to_end.mistral_server import Job, MistralServer, Point

RECORDS = [*(claude(number) for number in range(1, 12)), claude(12, "please fail")]
LARGE = "mistral.mistral-large-3-675b-instruct"

POINTS: list[tuple[Point, int]] = [
    ("upload:after", 1),
    ("create:before", 2),
    ("create:after", 1),
    ("retrieve", 2),
    ("content", 1),
    ("content", 3),
]


def routed_to(server: MistralServer) -> dict[str, Any]:
    """What a proxy needs that sends every job there, four records a batch."""
    section = {"base_url": server.url, "api_key": "env:OPENAI_API_KEY", "max_requests_per_batch": 4}
    return {
        "settings": {"batch_provider": "mistral"},
        "config": {
            "providers.mistral": section,
            "providers.mistral.models": {"*embed*": "mistral-embed", "anthropic.*": "mistral-small-latest"},
        },
    }


@pytest.fixture(scope="module")
def one_mistral() -> Iterator[MistralServer]:
    with MistralServer(PROVIDER_KEY) as server:
        yield server


@pytest.fixture
def mistral(one_mistral: MistralServer) -> MistralServer:
    """Without faults or delays, unless the test sets them."""
    one_mistral.restore(PROVIDER_KEY)
    return one_mistral


@pytest.fixture(scope="module")
def one_proxy(
    s3_url: str,
    one_provider: BatchServer,
    one_mistral: MistralServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    folder = tmp_path_factory.mktemp("mistral")
    with prepared(folder, s3_url, one_provider, **routed_to(one_mistral)) as proxy:
        yield proxy


@pytest.fixture
def client(one_proxy: ProxyProcess) -> Iterator[Client]:
    with bedrock(alive(one_proxy)) as made:
        yield made


def create(client: Client, bucket: Bucket, records: list[dict[str, Any]], **changes: Any) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)), **changes)
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def check(bucket: Bucket, arn: str) -> None:
    """Every record has its own answer, the last one its own error."""
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in RECORDS]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert output["content"] == [{"type": "text", "text": f"You said Question {number}?"}]
        assert (output["stop_reason"], output["usage"]["output_tokens"]) == ("end_turn", 7)
    assert rows[-1]["error"] == {"errorCode": 400, "errorMessage": "This request was asked to fail."}


def markers(mistral: MistralServer) -> list[int]:
    """How many jobs bear each marker."""
    return [*Counter(job.wanted["metadata"]["bedrock_batch"] for job in mistral.jobs.values()).values()]


def test_a_job_comes_home_in_the_shape_it_was_asked_in(
    client: Client, mistral: MistralServer, bucket: Bucket
) -> None:
    mistral.looks = 2
    arn = create(client, bucket, RECORDS)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (12, 12, 11, 1))
    check(bucket, arn)
    assert bucket.manifest(arn)["outputTokenCount"] == 77
    assert {job.wanted["model"] for job in mistral.jobs.values()} == {"mistral-small-latest"}
    for _, _, headers in mistral.seen:
        assert headers["Authorization"] == f"Bearer {PROVIDER_KEY}"
        assert not any(name.lower().startswith("x-amz") for name in headers)


def test_a_tool_s_turn_goes_there_and_back_twice(
    client: Client, mistral: MistralServer, bucket: Bucket
) -> None:
    tool = {"name": "now", "input_schema": {"type": "object"}}
    earlier = [
        {"role": "user", "content": "What time is it?"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_01", "name": "now", "input": {}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01", "content": "12"},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    first = create(client, bucket, [claude(1, tools=[tool], messages=earlier)])
    assert ended(client, first)["status"] == "Completed"
    output = bucket.rows(first)[0]["modelOutput"]
    (call,) = output["content"]
    assert (call["name"], output["stop_reason"]) == ("now", "tool_use")
    answer = {"type": "tool_result", "tool_use_id": call["id"], "content": "13"}
    turns = [*earlier, {"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]
    second = create(client, bucket, [claude(1, tools=[tool], messages=turns)])
    assert ended(client, second)["status"] == "Completed"
    assert bucket.rows(second)[0]["modelOutput"]["content"] == [{"type": "text", "text": "You said 13"}]


def test_a_model_of_mistral_s_own_needs_no_configuration(
    client: Client, mistral: MistralServer, bucket: Bucket
) -> None:
    record = {"recordId": "R1", "modelInput": {"prompt": "<s>[INST] Hi [/INST]", "max_tokens": 9}}
    arn = create(client, bucket, [record], modelId=LARGE)
    assert ended(client, arn)["status"] == "Completed"
    assert bucket.rows(arn)[0]["modelOutput"]["outputs"] == [{"text": "You said Hi", "stop_reason": "stop"}]
    (job,) = mistral.jobs.values()
    assert job.wanted["model"] == "mistral-large-2512"


def test_a_retired_model_is_refused_at_once(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="Mistral retired it on 30 March 2025") as refusal:
        create(client, bucket, RECORDS, modelId="mistral.mistral-large-2407-v1:0")
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert "POST" not in {method for method, _, _ in mistral.seen}


def test_vectors_come_home_too(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    records = [{"recordId": f"R{n}", "modelInput": {"inputText": "x" * n}} for n in (1, 2)]
    arn = create(client, bucket, records, modelId="amazon.titan-embed-text-v2:0")
    assert ended(client, arn)["status"] == "Completed"
    rows = [row["modelOutput"] for row in bucket.rows(arn)]
    assert [row["inputTextTokenCount"] for row in rows] == [1, 2]
    assert all(len(row["embedding"]) == 1024 for row in rows)
    (job,) = mistral.jobs.values()
    assert (job.wanted["endpoint"], job.wanted["model"]) == ("/v1/embeddings", "mistral-embed")


@pytest.mark.parametrize(("point", "count"), POINTS, ids=str)
def test_killed_while_mistral_is_asked(
    one_proxy: ProxyProcess, mistral: MistralServer, bucket: Bucket, point: Point, count: int
) -> None:
    proxy = alive(one_proxy)
    killer = Killer(proxy)

    def at(reached: Point, times: int) -> None:
        if (reached, times) == (point, count):
            killer.kill()

    mistral.at, mistral.looks = at, 2
    with bedrock(proxy) as client:
        arn = create(client, bucket, RECORDS)
        killer.restart()
        assert counts(ended(client, arn)) == (12, 12, 11, 1)
    check(bucket, arn)
    assert markers(mistral) == [1, 1, 1]


def test_a_lost_answer_makes_no_second_job(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    def cut(point: Point, count: int) -> None:
        if point == "create:after" or count == 1:
            raise Cut

    mistral.at = cut
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    assert markers(mistral) == [1, 1, 1]
    assert any("bedrock_batch=" in address for _, address, _ in mistral.seen)


def test_a_stop_keeps_what_was_done(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    def stalls(number: int, job: Job) -> None:
        job.looks, job.answers = -1, 1

    mistral.outcome = stalls
    arn = create(client, bucket, RECORDS)
    when(client, arn, "InProgress", processed=3)
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (12, 3, 3, 0))
    assert [row["recordId"] for row in bucket.rows(arn)] == ["REC00000001", "REC00000005", "REC00000009"]


def test_what_timed_out_is_sent_again(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    def times_out(number: int, job: Job) -> None:
        if number <= 3:
            job.end, job.answers = "TIMEOUT_EXCEEDED", 2

    mistral.outcome = times_out
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    assert sorted(len(job.lines) for job in mistral.jobs.values()) == [2, 2, 2, 4, 4, 4]


def test_a_full_queue_is_waited_for(client: Client, mistral: MistralServer, bucket: Bucket) -> None:
    def full(point: Point, count: int) -> None:
        if point == "create:before" and count == 1:
            raise Refuse(429, "Requests rate limit exceeded", {"retry-after": "0"}, type="rate_limited")

    mistral.at = full
    arn = create(client, bucket, RECORDS)
    assert ended(client, arn)["status"] == "Completed"
    assert markers(mistral) == [1, 1, 1]


def test_a_key_that_mistral_refuses_fails_the_job_in_its_words(
    client: Client, mistral: MistralServer, bucket: Bucket
) -> None:
    mistral.key = "another-key"
    arn = create(client, bucket, RECORDS)
    job = ended(client, arn)
    assert job["status"] == "Failed"
    assert "Invalid API Key" in job["message"]


def test_the_environment_alone_is_enough() -> None:
    target = Config().target("mistral")
    assert target.key({"MISTRAL_API_KEY": "test-key"}) == "test-key"
    assert target.base_url({}) == "https://api.mistral.ai"
