"""Jobs for other endpoints than chat completions: vectors, and texts through the Responses API."""

from collections.abc import Iterator
from typing import Any

import pytest

from addon.demo.fake_provider.embeddings import vector
from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, Client, Record, bedrock, claude, counts, ended, jsonl

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-english-v3"


@pytest.fixture
def client(start_proxy: StartProxy) -> Iterator[Client]:
    """Of a proxy that knows models for vectors, sends texts to `/v1/responses`, and makes small batches."""
    proxy = start_proxy(
        settings={"batch_provider": "other"},
        config={
            "providers.other": {"kind": "openai", "endpoint": "responses", "max_requests_per_batch": 50},
            "providers.other.models": {
                "amazon.titan-embed-*": "text-embedding-3-small",
                "cohere.embed-*": "text-embedding-3-small",
                "anthropic.*": "gpt-5.4-mini",
            },
        },
    )
    with bedrock(proxy) as made:
        yield made


def run(client: Client, bucket: Bucket, model: str, bodies: list[Any]) -> tuple[dict[str, Any], list[Record]]:
    """The job when it is over, and its rows."""
    records = [{"recordId": f"REC{number:08d}", "modelInput": body} for number, body in enumerate(bodies)]
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)), modelId=model)
    arn = client.create_model_invocation_job(**request)["jobArn"]
    job = ended(client, arn)
    rows = bucket.rows(arn)
    assert [(row["recordId"], row["modelInput"]) for row in rows] == [
        (record["recordId"], record["modelInput"]) for record in records
    ]
    return job, rows


def test_vectors_come_home_in_titan_s_form(client: Client, bucket: Bucket, provider: BatchServer) -> None:
    texts = [f"Text {number}" for number in range(119)]
    bodies: list[Any] = [{"inputText": text, "dimensions": 256, "normalize": True} for text in texts]
    bodies.append({"inputText": "Please fail", "embeddingTypes": ["binary"]})
    job, rows = run(client, bucket, TITAN, bodies)
    assert (job["status"], counts(job)) == ("Completed", (120, 120, 119, 1))
    for text, row in zip(texts, rows, strict=False):
        numbers = vector(text, 256)
        assert row["modelOutput"] == {
            "embedding": numbers,
            "embeddingsByType": {"float": numbers},
            "inputTextTokenCount": len(text) // 4 + 1,
        }
    assert rows[-1]["error"]["errorCode"] == 400
    assert [batch.request["endpoint"] for batch in provider.batches.values()] == ["/v1/embeddings"] * 3


def test_a_batch_holds_as_many_inputs_as_it_may_not_as_many_records(
    client: Client, bucket: Bucket, provider: BatchServer
) -> None:
    bodies = [
        {"input_type": "search_document", "texts": [f"{number}, {part}" for part in range(20)]}
        for number in range(10)
    ]
    job, rows = run(client, bucket, COHERE, bodies)
    assert (job["status"], counts(job)) == ("Completed", (10, 10, 10, 0))
    for body, row in zip(bodies, rows, strict=True):
        assert row["modelOutput"]["response_type"] == "embeddings_floats"
        assert row["modelOutput"]["embeddings"] == [vector(text, 1024) for text in body["texts"]]
    assert [batch.total for batch in provider.batches.values()] == [2] * 5


def test_texts_go_through_the_responses_api_where_the_configuration_says_so(
    client: Client, bucket: Bucket, provider: BatchServer
) -> None:
    bodies = [claude(number)["modelInput"] for number in range(3)]
    job, rows = run(client, bucket, "anthropic.claude-3-haiku-20240307-v1:0", bodies)
    assert (job["status"], counts(job)) == ("Completed", (3, 3, 3, 0))
    for number, row in enumerate(rows):
        assert row["modelOutput"]["stop_reason"] == "end_turn"
        assert f"Question {number}?" in row["modelOutput"]["content"][0]["text"]
    assert [batch.request["endpoint"] for batch in provider.batches.values()] == ["/v1/responses"]
