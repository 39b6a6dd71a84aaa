"""Programs that read batch results, as they are found in the wild, on one finished job.

The ways of reading are those of public projects; each function below is such a program, its quirks kept.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.harness import Bucket, Client, Record, bedrock, claude, ended, jsonl

LINE_BREAKERS = "one\u2028two\u2029three\u0085four"
RECORDS = [
    *(claude(number) for number in range(1, 100)),
    claude(100, "Grüße aus Lissabon, 北京 🌍"),
    claude(101, LINE_BREAKERS),
    claude(102, 'a "quoted" } brace\n{ and another'),
]
IDS = [record["recordId"] for record in RECORDS]


@dataclass(frozen=True)
class Done:
    """A job that has ended, and what its program still has in its hands."""

    bedrock: Client
    bucket: Bucket
    arn: str

    @property
    def s3(self) -> Client:
        return self.bucket.s3


@pytest.fixture(scope="module")
def done(regular_proxy: ProxyProcess, one_provider: BatchServer, s3: Client) -> Iterator[Done]:
    name = f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    bucket = Bucket(s3, name)
    with bedrock(regular_proxy, provider="openai") as client:
        request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
        arn = client.create_model_invocation_job(**request)["jobArn"]
        ended(client, arn)
        yield Done(client, bucket, arn)


def text_of(row: Record) -> str:
    text: str = row["modelOutput"]["content"][0]["text"]
    return text


def test_1_a_loop_that_knows_only_completed_and_failed_ends(done: Done) -> None:
    status = ""
    while status not in ["Completed", "Failed"]:
        status = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)["status"]
        time.sleep(0.01)
    assert status == "Completed"


def test_2_a_loop_that_reads_a_failure_reason_only_on_failure_ends(done: Done) -> None:
    while True:
        response = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)
        if response["status"] == "Completed":
            break
        if response["status"] == "Failed":
            raise RuntimeError(response["failureReason"])
        time.sleep(0.01)
    assert response["endTime"] >= response["submitTime"]


def test_3_every_output_file_below_the_job_is_matched_by_record_id(done: Done) -> None:
    job = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)
    assert job["status"] in {"Completed", "Failed", "Stopped", "Expired"}
    prefix = f"out/{done.arn.split('/')[-1]}/"
    results = {}
    for entry in done.s3.list_objects_v2(Bucket=done.bucket.name, Prefix=prefix)["Contents"]:
        if entry["Key"].endswith(".jsonl.out"):
            for line in done.bucket.get(entry["Key"]).decode().strip().split("\n"):
                row = json.loads(line)
                if not row["recordId"].startswith("__dummy__"):
                    results[row["recordId"]] = row["modelOutput"]
    assert sorted(results) == sorted(IDS)


@pytest.mark.parametrize("part", [1, -1])
def test_4_the_key_is_made_of_the_arn_and_the_input_name(done: Done, part: int) -> None:
    key = f"out/{done.arn.split('/')[part]}/in.jsonl.out"
    assert done.s3.get_object(Bucket=done.bucket.name, Key=key)["ContentLength"] > 0


def test_5_the_key_is_the_echoed_uri_with_the_id_appended(done: Done) -> None:
    job = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)
    output = job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
    name = job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].split("/")[-1]
    bucket, key = f"{output}{done.arn.split('/')[-1]}/{name}.out".removeprefix("s3://").split("/", 1)
    response = done.s3.get_object(Bucket=bucket, Key=key)
    assert "octet-stream" in response["ContentType"]
    assert response["Body"].read().count(b"recordId") == len(RECORDS)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda key: key.endswith(".jsonl.out"),
        lambda key: key.endswith((".jsonl", ".jsonl.out")),
        lambda key: key.endswith(".out") and not key.split("/")[-1].startswith("manifest."),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_6_the_key_is_found_by_listing(done: Done, wanted: Callable[[str], bool], slash: str) -> None:
    prefix = f"out/{done.arn.split('/')[-1]}{slash}"
    contents = done.s3.list_objects_v2(Bucket=done.bucket.name, Prefix=prefix)["Contents"]
    first = next(entry["Key"] for entry in contents if wanted(entry["Key"]))
    assert first.endswith("/in.jsonl.out")


def test_13_counts_agree_and_every_id_comes_once_without_an_error(done: Done) -> None:
    job = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)
    manifest = done.bucket.manifest(done.arn)
    for count in ("totalRecordCount", "processedRecordCount", "successRecordCount"):
        assert job[count] == manifest[count] == len(RECORDS)
    assert job["errorRecordCount"] == manifest["errorRecordCount"] == 0
    rows = done.bucket.rows(done.arn)
    seen = [row["recordId"] for row in rows]
    assert len(seen) == len(set(seen))
    assert set(seen) == set(IDS)
    assert not any("error" in row for row in rows)


def test_14_every_line_has_a_text_at_the_same_place(done: Done) -> None:
    texts = [text_of(row) for row in done.bucket.rows(done.arn)]
    assert "北京 🌍" in texts[99]
    assert LINE_BREAKERS in texts[100]


def test_15_outputs_are_assigned_by_their_position(done: Done) -> None:
    table = [{"prompt": record["modelInput"]["messages"][0]["content"]} for record in RECORDS]
    for line, row in zip(table, done.bucket.rows(done.arn), strict=True):
        line["output"] = text_of(row)
    assert all(line["prompt"] in line["output"] for line in table)


def split_on_braces(text: str) -> list[Any]:
    parts = text.strip().split("}\n{")
    return [
        json.loads(("" if first else "{") + part + ("" if last else "}"))
        for part, first, last in zip(
            parts, [True] + [False] * len(parts), [False] * (len(parts) - 1) + [True], strict=False
        )
    ]


@pytest.mark.parametrize(
    "rows_of",
    [
        lambda body: [json.loads(line) for line in body.read().decode().splitlines()],
        lambda body: [json.loads(line) for line in body.read().decode().split("\n") if line],
        lambda body: [json.loads(line) for line in body.iter_lines()],
        lambda body: [json.loads(line) for line in iter(body._raw_stream.readline, b"")],
        lambda body: split_on_braces(body.read().decode()),
    ],
    ids=["splitlines", "split", "iter_lines", "readline", "braces"],
)
def test_16_lines_are_told_apart_in_every_way(done: Done, rows_of: Callable[[Any], list[Record]]) -> None:
    key = f"out/{done.arn.split('/')[-1]}/in.jsonl.out"
    rows = rows_of(done.s3.get_object(Bucket=done.bucket.name, Key=key)["Body"])
    assert [row["recordId"] for row in rows] == IDS
    assert rows[100]["modelInput"]["messages"][0]["content"] == LINE_BREAKERS


def test_17_progress_is_computed_from_counts_that_may_be_missing(done: Done) -> None:
    job = done.bedrock.get_model_invocation_job(jobIdentifier=done.arn)
    total = job.get("totalRecordCount") or 0
    share = ((job.get("successRecordCount") or 0) + (job.get("errorRecordCount") or 0)) / total
    assert share == 1
    assert job["lastModifiedTime"] >= job["submitTime"]


def test_17_a_list_makes_a_table(done: Done, regular_proxy: ProxyProcess) -> None:
    with bedrock(regular_proxy, provider="openai", on="*") as client:
        table = client.list_model_invocation_jobs(maxResults=1000)["invocationJobSummaries"]
    (row,) = (row for row in table if row["jobArn"] == done.arn)
    assert (row["endTime"] - row["submitTime"]).total_seconds() > 0
    assert row.keys() >= {"jobName", "modelId", "status", "inputDataConfig", "outputDataConfig", "roleArn"}
