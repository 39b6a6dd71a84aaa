"""Jobs on Gemini, as an unmodified boto3 program sees them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import PROVIDER_KEY, alive, prepared
from tests.end_to_end.gemini_server import SIGNATURE, Batch, GeminiServer, Point
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl, when
from tests.end_to_end.killer import Killer

FEW = [*(claude(number) for number in range(1, 10)), claude(10, "please fail")]
MANY = [*(claude(number) for number in range(1, 120)), claude(120, "please fail")]
TITAN = "amazon.titan-embed-text-v2:0"

POINTS: list[tuple[Point, int]] = [
    ("upload:start", 1),
    ("upload:piece", 1),
    ("create:before", 1),
    ("create:after", 1),
    ("retrieve", 2),
    ("download", 1),
]


def routed_to(server: GeminiServer) -> dict[str, Any]:
    """What a proxy needs that sends every job there."""
    return {
        "settings": {"batch_provider": "gemini"},
        "config": {
            "providers.gemini": {"base_url": server.url, "api_key": "env:OPENAI_API_KEY"},
            "providers.gemini.models": {"*embed*": "gemini-embedding-001", "*": "gemini-3.5-flash"},
        },
    }


@pytest.fixture(scope="module")
def one_gemini() -> Iterator[GeminiServer]:
    with GeminiServer(PROVIDER_KEY) as server:
        yield server


@pytest.fixture
def gemini(one_gemini: GeminiServer) -> GeminiServer:
    """Without faults or delays, unless the test sets them."""
    one_gemini.restore(PROVIDER_KEY)
    return one_gemini


@pytest.fixture(scope="module")
def one_proxy(
    s3_url: str, one_provider: BatchServer, one_gemini: GeminiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    folder = tmp_path_factory.mktemp("gemini")
    with prepared(folder, s3_url, one_provider, **routed_to(one_gemini)) as proxy:
        yield proxy


@pytest.fixture
def client(one_proxy: ProxyProcess) -> Iterator[Client]:
    with bedrock(alive(one_proxy)) as made:
        yield made


def create(client: Client, bucket: Bucket, records: list[dict[str, Any]], **changes: Any) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)), **changes)
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def check(bucket: Bucket, arn: str, records: list[dict[str, Any]]) -> None:
    """Every record has its own answer, the last one its own error."""
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in records]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert output["content"] == [{"type": "text", "text": f"You said Question {number}?"}]
        assert output["stop_reason"] == "end_turn"
        assert output["usage"]["output_tokens"] == 7
    error = {"errorCode": 400, "errorMessage": "This request was asked to fail."}
    assert rows[-1]["error"] == error


@pytest.mark.parametrize(("records", "inside"), [(FEW, True), (MANY, False)], ids=["inside", "in a file"])
def test_a_job_comes_home_in_the_shape_it_was_asked_in(
    client: Client, gemini: GeminiServer, bucket: Bucket, records: list[dict[str, Any]], inside: bool
) -> None:
    gemini.looks = 2
    arn = create(client, bucket, records)
    total = len(records)
    assert (ended(client, arn)["status"]) == "Completed"
    assert counts(ended(client, arn)) == (total, total, total - 1, 1)
    check(bucket, arn, records)
    (batch,) = gemini.batches.values()
    assert batch.is_inside == inside
    assert all(PROVIDER_KEY not in address for _, address, _ in gemini.seen)
    assert all("authorization" not in map(str.lower, headers) for _, _, headers in gemini.seen)


def test_a_tool_s_turn_goes_there_and_back_twice(
    client: Client, gemini: GeminiServer, bucket: Bucket
) -> None:
    tool = {"name": "9now", "input_schema": {"type": "object"}}
    (asked,) = [claude(1, "What time is it?", tools=[tool])]
    first = create(client, bucket, [asked])
    assert ended(client, first)["status"] == "Completed"
    output = bucket.rows(first)[0]["modelOutput"]
    signed, call = output["content"]
    assert (signed["type"], call["name"], output["stop_reason"]) == ("thinking", "9now", "tool_use")
    answer = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "12"}],
    }
    asked["modelInput"]["messages"] += [{"role": "assistant", "content": output["content"]}, answer]
    second = create(client, bucket, [asked])
    assert ended(client, second)["status"] == "Completed"
    *_, batch = gemini.batches.values()
    _, model, user = batch.asked[0]["request"]["contents"]
    assert model["parts"][0]["thoughtSignature"] == SIGNATURE
    assert user["parts"][0]["functionResponse"]["name"] == model["parts"][0]["functionCall"]["name"]
    assert bucket.rows(second)[0]["modelOutput"]["stop_reason"] == "end_turn"


def test_vectors_come_home_too(client: Client, gemini: GeminiServer, bucket: Bucket) -> None:
    records = [{"recordId": f"R{n}", "modelInput": {"inputText": "x" * n, "dimensions": 256}} for n in (1, 2)]
    arn = create(client, bucket, records, modelId=TITAN)
    assert ended(client, arn)["status"] == "Completed"
    rows = [row["modelOutput"] for row in bucket.rows(arn)]
    assert [row["inputTextTokenCount"] for row in rows] == [1, 2]
    assert all(row["embedding"] == pytest.approx([1 / 16] * 256) for row in rows)


@pytest.mark.parametrize(("point", "count"), POINTS, ids=str)
def test_killed_while_gemini_is_asked(
    one_proxy: ProxyProcess, gemini: GeminiServer, bucket: Bucket, point: Point, count: int
) -> None:
    proxy = alive(one_proxy)
    killer = Killer(proxy)

    def at(reached: Point, times: int) -> None:
        if (reached, times) == (point, count):
            killer.kill()

    gemini.at, gemini.looks = at, 3
    with bedrock(proxy) as client:
        arn = create(client, bucket, MANY)
        killer.restart()
        assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn, MANY)
    markers = Counter(batch.display_name for batch in gemini.batches.values())
    assert [*markers.values()] == [1]


@pytest.mark.parametrize("records", [FEW, MANY], ids=["inside", "in a file"])
def test_a_lost_answer_makes_no_second_batch(
    client: Client, gemini: GeminiServer, bucket: Bucket, records: list[dict[str, Any]]
) -> None:
    def cut(point: Point, count: int) -> None:
        if point in {"create:after", "upload:piece", "list", "download"} and count == 1:
            raise Cut

    gemini.at = cut
    arn = create(client, bucket, records)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn, records)
    assert len(gemini.batches) == 1


def test_a_stop_keeps_what_was_done(client: Client, gemini: GeminiServer, bucket: Bucket) -> None:
    def stalls(number: int, batch: Batch) -> None:
        batch.looks, batch.answers = -1, 30

    gemini.outcome = stalls
    arn = create(client, bucket, MANY)
    running = when(client, arn, "InProgress", processed=30)
    assert counts(running) == (120, 30, 30, 0)
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (120, 30, 30, 0))
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in MANY[:30]]


def test_a_batch_that_expired_is_sent_again_whole(
    client: Client, gemini: GeminiServer, bucket: Bucket
) -> None:
    def first_expires(number: int, batch: Batch) -> None:
        if number == 1:
            batch.end = "EXPIRED"

    gemini.outcome = first_expires
    arn = create(client, bucket, FEW)
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn, FEW)
    assert [len(batch.asked) for batch in gemini.batches.values()] == [10, 10]


def test_a_full_queue_is_waited_for(client: Client, gemini: GeminiServer, bucket: Bucket) -> None:
    def full(point: Point, count: int) -> None:
        if point == "create:before" and count == 1:
            raise Refuse(429, "Resource has been exhausted.", type="RESOURCE_EXHAUSTED")

    gemini.at = full
    arn = create(client, bucket, FEW)
    assert ended(client, arn)["status"] == "Completed"
    assert len(gemini.batches) == 1


def test_a_key_that_gemini_refuses_fails_the_job_in_its_words(
    client: Client, gemini: GeminiServer, bucket: Bucket
) -> None:
    gemini.key = "another-key"
    arn = create(client, bucket, FEW)
    job = ended(client, arn)
    assert job["status"] == "Failed"
    assert "API key not valid" in job["message"]
