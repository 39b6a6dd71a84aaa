"""A batch job on another provider, as an unmodified boto3 program sees it."""

import pytest

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import ACCOUNT, NO_REGION, Bucket, bedrock, claude, counts, ended, job_id, jsonl

RECORDS = [*(claude(number) for number in range(1, 120)), claude(120, "please fail")]


@pytest.fixture
def waiting_provider(provider: BatchServer) -> BatchServer:
    """The provider, taking its time: a job can be seen while it runs."""
    provider.timing = Timing(looks=2)
    return provider


def check_results(bucket: Bucket, arn: str) -> None:
    rows = bucket.rows(arn)
    assert [row["recordId"] for row in rows] == [record["recordId"] for record in RECORDS]
    assert [row["modelInput"] for row in rows] == [record["modelInput"] for record in RECORDS]
    for number, row in enumerate(rows[:-1], 1):
        output = row["modelOutput"]
        assert row.keys() == {"recordId", "modelInput", "modelOutput"}
        assert (output["type"], output["role"], output["stop_reason"]) == ("message", "assistant", "end_turn")
        assert f"Question {number}?" in output["content"][0]["text"]
    assert rows[-1].keys() == {"recordId", "modelInput", "error"}
    assert rows[-1]["error"]["errorCode"] == 400
    assert "asked to fail" in rows[-1]["error"]["errorMessage"]


def check_manifest(bucket: Bucket, arn: str) -> None:
    manifest = bucket.manifest(arn)
    rows = [row["modelOutput"] for row in bucket.rows(arn) if "modelOutput" in row]
    assert manifest == {
        "totalRecordCount": 120,
        "processedRecordCount": 120,
        "successRecordCount": 119,
        "errorRecordCount": 1,
        "inputTokenCount": sum(row["usage"]["input_tokens"] for row in rows),
        "outputTokenCount": sum(row["usage"]["output_tokens"] for row in rows),
    }


@pytest.mark.parametrize("mode", ["regular", "reverse"])
def test_the_header_on_create_alone_routes_a_job_with_aws_out_of_reach(
    mode: str, request: pytest.FixtureRequest, waiting_provider: BatchServer, bucket: Bucket
) -> None:
    proxy: ProxyProcess = request.getfixturevalue(f"{mode}_proxy")
    with bedrock(proxy, provider="openai", region=NO_REGION) as client:
        response = client.create_model_invocation_job(
            **bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
        )
        arn = response["jobArn"]
        assert arn == f"arn:aws:bedrock:{NO_REGION}:{ACCOUNT}:model-invocation-job/{job_id(arn)}"
        assert response["ResponseMetadata"]["RequestId"]
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (120, 120, 119, 1))
    check_results(bucket, arn)
    check_manifest(bucket, arn)
    assert sorted(bucket.keys("out/")) == [
        f"out/{job_id(arn)}/in.jsonl.out",
        f"out/{job_id(arn)}/manifest.json.out",
    ]
    assert len(waiting_provider.batches) == 1


def test_an_option_routes_every_job_without_a_header(
    start_proxy: StartProxy, waiting_provider: BatchServer, bucket: Bucket
) -> None:
    proxy = start_proxy(settings={"batch_provider": "openai"})
    with bedrock(proxy) as client:
        arn = client.create_model_invocation_job(**bucket.request(bucket.put("in.jsonl", jsonl(RECORDS))))[
            "jobArn"
        ]
        assert ended(client, arn)["status"] == "Completed"
        (summary,) = client.list_model_invocation_jobs()["invocationJobSummaries"]
        assert summary["jobArn"] == arn
    check_results(bucket, arn)
