"""Inputs as people make them, and the errors of those that cannot be used."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.harness import Bucket, Client, Record, claude, counts, ended, job_id, jsonl

BOM = b"\xef\xbb\xbf"


def run(client: Client, bucket: Bucket, uri: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The ARN and the end of a job over this input."""
    arn = client.create_model_invocation_job(**bucket.request(uri, **changes))["jobArn"]
    return arn, ended(client, arn)


def anonymous(number: int) -> Record:
    return {"modelInput": claude(number)["modelInput"]}


def test_a_folder_with_subfolders_becomes_a_folder_of_outputs(routed: Client, bucket: Bucket) -> None:
    bucket.put("in/a.jsonl", jsonl([claude(1), claude(2)]))
    bucket.put("in/b/c.jsonl", jsonl([claude(3)]))
    bucket.put("in/b/d/e.jsonl", jsonl([claude(4), claude(5)]))
    bucket.put("in/b/notes.txt", b"not a record")
    bucket.put("in-other/f.jsonl", jsonl([claude(6)]))
    arn, job = run(routed, bucket, bucket.uri("in/"))
    assert (job["status"], counts(job)) == ("Completed", (5, 5, 5, 0))
    prefix = f"out/{job_id(arn)}/"
    assert sorted(bucket.keys("out/")) == [
        f"{prefix}{name}" for name in ("a.jsonl.out", "b/c.jsonl.out", "b/d/e.jsonl.out", "manifest.json.out")
    ]
    found = [row["recordId"] for name in ("a", "b/c", "b/d/e") for row in bucket.rows(arn, f"{name}.jsonl")]
    assert found == [claude(number)["recordId"] for number in range(1, 6)]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.rstrip(b"\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: BOM + data,
        lambda data: data + b"\n",
        lambda data: BOM + data.replace(b"\n", b"\r\n").rstrip(),
    ],
    ids=["no-newline-at-the-end", "crlf", "bom", "blank-last-line", "bom-crlf-no-newline"],
)
def test_lines_may_end_and_begin_as_editors_leave_them(
    routed: Client, bucket: Bucket, change: Callable[[bytes], bytes]
) -> None:
    records = [claude(number) for number in range(1, 6)]
    arn, job = run(routed, bucket, bucket.put("in.jsonl", change(jsonl(records))))
    assert (job["status"], counts(job)) == ("Completed", (5, 5, 5, 0))
    rows = bucket.rows(arn)
    assert [(row["recordId"], row["modelInput"]) for row in rows] == [
        (record["recordId"], record["modelInput"]) for record in records
    ]
    assert b"\r" not in bucket.get(f"out/{job_id(arn)}/in.jsonl.out")


def test_records_without_an_id_get_one_and_keep_their_order(routed: Client, bucket: Bucket) -> None:
    records = [anonymous(1), claude(2), anonymous(3)]
    arn, _ = run(routed, bucket, bucket.put("in.jsonl", jsonl(records)))
    rows = bucket.rows(arn)
    assert [row["modelInput"] for row in rows] == [record["modelInput"] for record in records]
    ids = [row["recordId"] for row in rows]
    assert ids[1] == claude(2)["recordId"]
    assert len(set(ids)) == 3
    assert {len(id) for id in ids} == {11}


def test_ids_that_come_twice_stay_with_their_records(routed: Client, bucket: Bucket) -> None:
    records = [{**claude(number), "recordId": "the same"} for number in range(1, 8)]
    arn, job = run(routed, bucket, bucket.put("in.jsonl", jsonl(records)))
    assert counts(job) == (7, 7, 7, 0)
    for number, row in enumerate(bucket.rows(arn), 1):
        assert row["recordId"] == "the same"
        assert f"Question {number}?" in row["modelOutput"]["content"][0]["text"]


def test_model_input_comes_back_byte_for_byte(routed: Client, bucket: Bucket) -> None:
    model_input = (
        b'{ "max_tokens":64,"anthropic_version" : "bedrock-2023-05-31", "temperature":1.0,'
        b'"messages":[{"role":"user","content":"\\u00e4 \xc3\xa4 \\/ 1e0"}]}'
    )
    arn, _ = run(
        routed, bucket, bucket.put("in.jsonl", b'{"modelInput":' + model_input + b',"recordId":"r"}')
    )
    assert model_input in bucket.get(f"out/{job_id(arn)}/in.jsonl.out")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (jsonl([claude(1), claude(2)]) + b"{not json}\n", 3),
        (jsonl([claude(1)]) + b"[1]\n" + jsonl([claude(2)]), 2),
        (b'{"recordId":"r"}\n', 1),
        (b'{"modelInput":"text"}\n', 1),
    ],
    ids=["not-json", "not-an-object", "no-model-input", "model-input-is-text"],
)
def test_a_line_that_is_no_record_fails_the_job_before_anything_is_sent(
    provider: BatchServer, routed: Client, bucket: Bucket, data: bytes, line: int
) -> None:
    bucket.put("in/good.jsonl", jsonl([claude(1)]))
    bucket.put("in/wrong.jsonl", data)
    arn, job = run(routed, bucket, bucket.uri("in/"))
    assert job["status"] == "Failed"
    assert "in/wrong.jsonl" in job["message"]
    assert f"line {line}" in job["message"]
    assert (provider.batches, provider.files) == ({}, {})
    assert bucket.keys(f"out/{job_id(arn)}/") == []


@pytest.mark.parametrize(
    ("put", "uri"),
    [
        ({}, "in.jsonl"),
        ({}, "in/"),
        ({"in/records.txt": b"{}"}, "in/"),
        ({"in.jsonl": b""}, "in.jsonl"),
        ({"in.jsonl": b"\n"}, "in.jsonl"),
    ],
    ids=["no-object", "no-folder", "no-jsonl", "empty", "blank"],
)
def test_an_input_without_records_fails_the_job(
    provider: BatchServer, routed: Client, bucket: Bucket, put: dict[str, bytes], uri: str
) -> None:
    for key, data in put.items():
        bucket.put(key, data)
    _, job = run(routed, bucket, bucket.uri(uri))
    assert job["status"] == "Failed"
    assert bucket.name in job["message"]
    assert provider.batches == {}


def test_a_bucket_that_is_not_there_fails_the_job(routed: Client, bucket: Bucket) -> None:
    _, job = run(routed, bucket, "s3://there-is-no-such-bucket/in.jsonl")
    assert job["status"] == "Failed"
    assert "there-is-no-such-bucket" in job["message"]


def test_a_body_that_the_dialect_does_not_know_fails_its_record_only(routed: Client, bucket: Bucket) -> None:
    records = [claude(1), claude(2, surprise=True), claude(3)]
    arn, job = run(routed, bucket, bucket.put("in.jsonl", jsonl(records)))
    assert (job["status"], counts(job)) == ("Completed", (3, 3, 2, 1))
    error = bucket.rows(arn)[1]["error"]
    assert error["errorCode"] == 400
    assert "surprise" in error["errorMessage"]


def test_a_converse_job_answers_in_converse(routed: Client, bucket: Bucket) -> None:
    messages = [{"role": "user", "content": [{"text": "Question 1?"}]}]
    record = {"recordId": "r1", "modelInput": {"messages": messages}}
    arn, _ = run(
        routed, bucket, bucket.put("in.jsonl", json.dumps(record).encode()), modelInvocationType="Converse"
    )
    (row,) = bucket.rows(arn)
    assert "Question 1?" in row["modelOutput"]["output"]["message"]["content"][0]["text"]
    assert row["modelOutput"]["stopReason"] == "end_turn"
