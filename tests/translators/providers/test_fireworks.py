"""Fireworks: what the recordings do not show already."""

import json

import pytest

from tests.translators.playing import endpoint_of
from translators.bedrock.converse import Request
from translators.errors import RecordError
from translators.providers.conversation import Endpoint, Marker, Submission
from translators.providers.fireworks import batches
from translators.providers.fireworks.chat import CHAT

SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=12, round=3), model="m", group="", lines=2, input_id="d"
)


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


@pytest.mark.parametrize("row", ["", "[]", '{"custom_id":"r-1","response":7.5e'])
def test_row_that_cannot_be_read_fails_its_record(row: str) -> None:
    outcome = CHAT.answer(row.encode(), asked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502


@pytest.mark.parametrize(
    "endpoint",
    [
        endpoint_of("fireworks"),
        Endpoint(base_url="http://gateway/fireworks/v1/accounts/example", headers={}),
    ],
)
def test_the_account_stands_at_the_end_of_the_address(endpoint: Endpoint) -> None:
    request = next(batches.create(endpoint, SUBMISSION, None))  # type: ignore[arg-type]  # not read
    assert json.loads(request.read())["inputDatasetId"] == "accounts/example/datasets/d"
    assert request.url.params["batchInferenceJobId"] == "bedrock-batch-k3v9x0q2m7ab-12-3"
