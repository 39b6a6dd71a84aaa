"""Jobs on Vertex AI, as an unmodified boto3 program sees them."""

from collections.abc import Iterator
from typing import Any

import pytest

from addon.demo.fake_provider.faults import Cut
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import prepared
from tests.end_to_end.google_servers import BUCKET, LOCATION, PROJECT, GoogleServers, Job, Point, key_file
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, jsonl, when
from tests.end_to_end.killer import Killer

RECORDS = [*(claude(number) for number in range(1, 20)), claude(20, "please fail")]
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.fixture(scope="module")
def one_google() -> Iterator[GoogleServers]:
    with GoogleServers() as servers:
        yield servers


@pytest.fixture
def google(one_google: GoogleServers) -> GoogleServers:
    """Without faults or delays, unless the test sets them."""
    one_google.restore()
    return one_google


@pytest.fixture(scope="module")
def routed(one_google: GoogleServers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a proxy needs that sends every job there, as the account of a key file."""
    account = key_file(tmp_path_factory.mktemp("account"), one_google.url)
    return {
        "settings": {"batch_provider": "vertex"},
        "config": {
            "providers.vertex": {
                "base_url": one_google.url,
                "project": PROJECT,
                "location": LOCATION,
                "staging": f"gs://{BUCKET}/batches",
            },
            "providers.vertex.models": {"anthropic.claude-3-haiku-*": "gemini-3.5-flash"},
        },
        "environment": {
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            "STORAGE_EMULATOR_HOST": one_google.storage,
        },
    }


@pytest.fixture(scope="module")
def one_proxy(
    s3_url: str,
    one_provider: BatchServer,
    routed: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    with prepared(tmp_path_factory.mktemp("vertex"), s3_url, one_provider, **routed) as proxy:
        yield proxy


@pytest.fixture
def client(one_proxy: ProxyProcess) -> Iterator[Client]:
    with bedrock(one_proxy) as made:
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
    error = {"errorCode": 400, "errorMessage": "This request was asked to fail."}
    assert rows[-1]["error"] == error


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({}, "publishers/google/models/gemini-3.5-flash"),
        ({"modelId": HAIKU}, "publishers/anthropic/models/claude-haiku-4-5@20251001"),
    ],
    ids=["gemini", "claude"],
)
def test_a_job_comes_home_in_the_shape_it_was_asked_in(
    client: Client,
    google: GoogleServers,
    one_proxy: ProxyProcess,
    bucket: Bucket,
    changes: dict[str, str],
    model: str,
) -> None:
    google.seconds, google.holding = 100, 2  # each token is old before it is used twice
    google.looks = 3
    arn = create(client, bucket, RECORDS, **changes)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (20, 20, 19, 1)), job
    check(bucket, arn)
    (made,) = google.jobs.values()
    assert made.wanted["model"] == model
    assert len(google.tokens) > 4
    assert not any(token in one_proxy.log_text() for token in google.tokens)
    stored = [path.read_bytes() for path in one_proxy.folder.rglob("*") if path.is_file()]
    assert not any(token.encode() in data for token in google.tokens for data in stored)


def test_a_stop_keeps_what_was_done(client: Client, google: GoogleServers, bucket: Bucket) -> None:
    def stalls(number: int, job: Job) -> None:
        job.looks, job.answers = -1, 5

    google.outcome = stalls
    arn = create(client, bucket, RECORDS)
    running = when(client, arn, "InProgress", processed=5)
    assert counts(running) == (20, 5, 5, 0)
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (20, 5, 5, 0))
    assert [row["recordId"] for row in bucket.rows(arn)] == [record["recordId"] for record in RECORDS[:5]]


def test_a_model_that_vertex_does_not_have_is_refused_at_create(client: Client, bucket: Bucket) -> None:
    with pytest.raises(client.exceptions.ValidationException, match="Gemini's, Claude's"):
        create(client, bucket, RECORDS, modelId="gpt-4o")


def test_killed_before_the_answer_to_create_came(
    one_proxy: ProxyProcess, client: Client, google: GoogleServers, bucket: Bucket
) -> None:
    killer = Killer(one_proxy)

    def kill(point: Point, count: int) -> None:
        if (point, count) == ("create:after", 1):
            killer.kill()
            raise Cut

    google.at = kill
    arn = create(client, bucket, RECORDS)
    killer.restart()
    assert ended(client, arn)["status"] == "Completed"
    check(bucket, arn)
    assert len(google.jobs) == 1
