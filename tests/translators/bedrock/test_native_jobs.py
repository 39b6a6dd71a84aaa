import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from translators.bedrock.aws_errors import AwsError
from translators.bedrock.native_jobs import NativeBatch, arn_of, description, native_id, status_of, stopped

BATCH = NativeBatch(
    provider="openai",
    id="batch_1",
    state="running",
    raw_status="in_progress",
    total=5,
    succeeded=2,
    failed=1,
    errors=(),
    result_files=(),
    created=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    ended=None,
    expires=None,
    model="gpt-4o-mini",
    input_id="file-1",
)
S3_URI = r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?"
"""AWS's pattern."""
ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/"


@pytest.mark.parametrize(
    ("identifier", "native"),
    [
        ("batch_1", "batch_1"),
        ("batches/abc", "batches/abc"),
        ("0b7c1f6e-4a52-4f0e-9d0a-3f1d5f0f9a11", "0b7c1f6e-4a52-4f0e-9d0a-3f1d5f0f9a11"),
        (arn_of("batches/abc", "eu-west-1"), "batches/abc"),
        (arn_of("batch_1", "us-gov-west-1"), "batch_1"),
        ("abcdefghij12", None),
        (f"{ARN}abcdefghij12", None),
        ("..", None),
        (f"{ARN}..", None),
    ],
)
def test_an_id_that_is_not_of_bedrocks_form_is_a_providers(identifier: str, native: str | None) -> None:
    assert native_id(identifier) == native


@pytest.mark.parametrize(
    ("state", "raw_status", "processed", "status"),
    [
        ("running", "validating", 0, "Validating"),
        ("running", "QUEUED", 0, "Scheduled"),
        ("running", "BATCH_STATE_PENDING", 0, "Scheduled"),
        ("running", "finalizing", 3, "InProgress"),
        ("running", "a word of tomorrow", 3, "InProgress"),
        ("running", "CANCELLATION_REQUESTED", 3, "Stopping"),
        ("running", "canceling", 3, "Stopping"),
        ("ended", "completed", 3, "Completed"),
        ("failed", "failed", 0, "Failed"),
        ("cancelled", "cancelled", 1, "Stopped"),
        ("expired", "expired", 1, "PartiallyCompleted"),
        ("expired", "expired", 0, "Expired"),
    ],
)
def test_status_is_one_of_bedrocks(state: str, raw_status: str, processed: int, status: str) -> None:
    batch = replace(BATCH, state=state, raw_status=raw_status, succeeded=processed, failed=0)
    assert status_of(batch) == status


def test_description_has_all_known_facts() -> None:
    expires = datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC)
    document = json.loads(description(replace(BATCH, expires=expires), "eu-west-1"))
    assert document == {
        "jobArn": "arn:aws:bedrock:eu-west-1:000000000000:model-invocation-job/batch_1",
        "jobName": "batch_1",
        "modelId": "gpt-4o-mini",
        "roleArn": "arn:aws:iam::000000000000:role/none-the-batch-is-not-at-bedrock",
        "status": "InProgress",
        "message": "A batch of openai, not of Bedrock. Status there: in_progress",
        "submitTime": "2026-01-02T03:04:05.678Z",
        "jobExpirationTime": "2026-01-03T03:04:05.000Z",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://input-is-at-the-provider/openai/file-1"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://output-is-at-the-provider/openai"}},
        "totalRecordCount": 5,
        "processedRecordCount": 3,
        "successRecordCount": 2,
        "errorRecordCount": 1,
    }


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    document = json.loads(description(replace(BATCH, created=None, model=None, input_id=None), "us-east-1"))
    assert document["submitTime"] == "1970-01-01T00:00:00.000Z"
    assert document["modelId"] == "unknown-model-at-openai"
    assert document["inputDataConfig"] == {
        "s3InputDataConfig": {"s3Uri": "s3://input-is-at-the-provider/openai"}
    }


def test_description_of_an_ended_batch() -> None:
    ended = datetime(2026, 1, 2, 5, tzinfo=UTC)
    running = replace(BATCH, ended=ended)
    over = replace(running, state="ended", raw_status="completed", result_files=("file-2", "file-3"))
    assert "endTime" not in json.loads(description(running, "us-east-1"))
    document = json.loads(description(over, "us-east-1"))
    assert document["endTime"] == "2026-01-02T05:00:00.000Z"
    assert document["message"].endswith("Status there: completed. Results at openai: file-2, file-3")
    place = document["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
    assert place == "s3://output-is-at-the-provider/openai/file-2"


def test_message_has_the_provider_s_errors() -> None:
    failed = replace(BATCH, state="failed", raw_status="failed", errors=("line 1: no JSON.", "x" * 3000))
    message = json.loads(description(failed, "us-east-1"))["message"]
    assert "Status there: failed. line 1: no JSON. xxx" in message
    assert len(message) == 2048


@pytest.mark.parametrize("file", ["https://api.anthropic.com/v1/m?x=1", "files/a b", "ä/ö", "//"])
def test_places_fit_awss_pattern_whatever_the_files_are_called(file: str) -> None:
    over = replace(BATCH, state="ended", provider="my gateway", result_files=(file,), input_id=file)
    document = json.loads(description(over, "us-east-1"))
    assert re.fullmatch(S3_URI, document["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])
    assert re.fullmatch(S3_URI, document["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])


@pytest.mark.parametrize("state", ["running", "cancelled"])
def test_a_stop_that_had_its_effect_is_answered_with_nothing(state: str) -> None:
    assert stopped(replace(BATCH, state=state)) == b""


@pytest.mark.parametrize(
    ("state", "status"), [("ended", "Completed"), ("failed", "Failed"), ("expired", "PartiallyCompleted")]
)
def test_a_batch_that_was_over_cannot_be_stopped(state: str, status: str) -> None:
    with pytest.raises(AwsError, match=f"State was: {status}") as refusal:
        stopped(replace(BATCH, state=state))
    assert refusal.value.error_type == "ValidationException"
