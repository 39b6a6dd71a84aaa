"""The official SDKs as judges: Google's asks for the same jobs and understands the same answers; what a line
asks of a model is in the words of Google's SDK or, of a model of Claude, of Anthropic's."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from anthropic.types import Message
from google import genai
from google.genai import types
from google.genai.errors import APIError
from google.oauth2.credentials import Credentials
from pydantic import ValidationError

from tests.replay import Exchange, ReplayServer
from tests.translators.providers import test_anthropic_sdk, test_gemini_sdk

RECORDINGS = Path(__file__).parents[3] / "recordings" / "vertex"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))

type Json = dict[str, Any]

NOT_THEIRS = {
    "error-in-place-of-a-message": "an error is no answer",
    "success-without-an-answer": "the SDK takes it all the same",
    "unknown-finish-reason": "the SDK knows the words of today",
    "unreadable-answer": "it is no answer",
    "unreadable-answer-of-claude": "it is no answer",
    "unreadable-answer-of-gemini": "it is no answer",
}
"""Rows whose answers the official types refuse, or should, and why they are there all the same."""


def case_of(file: Path) -> str:
    return file.parent.name


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def check(line: Json) -> None:
    """Whether a line asks something in the words of the SDK. Raises `ValidationError`, `AssertionError`."""
    request = dict(line["request"])
    if "custom_id" in line:
        assert line.keys() == {"custom_id", "request"}
        assert request.pop("anthropic_version") == "vertex-2023-10-16"
        betas = request.pop("anthropic_beta", ["none"])
        assert all(isinstance(name, str) for name in betas)
        # The model is the job's; the SDK's types have it in each request.
        beta = "context_management" in request
        params = test_anthropic_sdk.BETA if beta else test_anthropic_sdk.PARAMS
        test_anthropic_sdk.check(params, {"model": "claude", **request})
        return
    assert line.keys() == {"request"}
    ((label, value),) = request.pop("labels").items()
    assert label.replace("_", "").islower()
    assert len(value) < 64
    alike = test_gemini_sdk.in_one_alphabet
    keyed = {"key": value, "request": request}
    assert alike(test_gemini_sdk.judged(keyed)) == alike(keyed)


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_line_is_one_in_the_sdk_s_words(file: Path) -> None:
    check(read(file))


CLAUDE: Json = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "Hi"}],
}
GEMINI: Json = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "labels": {"a_b": "r-1"}}


@pytest.mark.parametrize(
    "line",
    [
        {"custom_id": "r-1", "request": {**CLAUDE, "seed": 5}},
        {"custom_id": "r-1", "request": {**CLAUDE, "anthropic_version": "bedrock-2023-05-31"}},
        {"request": {**GEMINI, "system": "x"}},
        {"key": "r-1", "request": GEMINI},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(line: Json) -> None:
    check({"custom_id": "r-1", "request": CLAUDE})
    check({"request": GEMINI})
    with pytest.raises((ValidationError, AssertionError)):
        check(line)


@pytest.mark.parametrize("file", RECEIVED, ids=case_of)
def test_answer_in_a_row_is_one_the_sdk_understands(file: Path) -> None:
    row = read(file)
    response = row.get("response")
    if not response or case_of(file) in NOT_THEIRS:
        assert row["status"] or case_of(file) in {*NOT_THEIRS, "empty-answer", "neither-answer-nor-error"}
    elif "custom_id" in row:
        assert Message.model_validate(response).usage.output_tokens > 0
    else:
        assert types.GenerateContentResponse.model_validate_json(json.dumps(response), extra="ignore")


def called(client: genai.Client, request: Exchange) -> types.BatchJob | None:
    """What the SDK makes of the answer to a recorded request."""
    parts = urlsplit(request["url"])
    last = parts.path.rpartition("/")[2]
    match request["method"], last.partition(":"):
        case "POST", ("batchPredictionJobs", _, _):
            body = request["body"]
            (source,) = body["inputConfig"]["gcsSource"]["uris"]
            return client.batches.create(
                model=body["model"],
                src=source,
                config=types.CreateBatchJobConfig(
                    display_name=body["displayName"],
                    dest=body["outputConfig"]["gcsDestination"]["outputUriPrefix"],
                ),
            )
        case "GET", ("batchPredictionJobs", _, _):
            query: Json = dict(parse_qsl(parts.query))
            config = types.ListBatchJobsConfig(filter=query["filter"], page_token=query.get("pageToken"))
            return next(iter(client.batches.list(config=config).page), None)
        case "POST", (job, _, "cancel"):
            client.batches.cancel(name=job)
            return None
        case "GET", (job, _, _):
            return client.batches.get(name=job)
        case other:
            raise AssertionError(f"no SDK call is known for {other}")


@pytest.mark.filterwarnings("ignore:JOB_STATE_DREAMING is not a valid JobState")
@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_the_official_client_asks_the_same_and_parses_each_answer(file: Path) -> None:
    exchanges = [one for one in read(file) if not one["request"]["url"].startswith("gs://")]
    with ReplayServer(exchanges, path="") as server:
        client = genai.Client(
            enterprise=True,
            project="our",
            location="us-central1",
            credentials=Credentials(token="test-key"),
            http_options=types.HttpOptions(base_url=server.url, api_version="v1"),
        )
        for exchange in exchanges:
            check_parsed(client, exchange)
        assert (server.surprises, server.played) == ([], len(exchanges))


def check_parsed(client: genai.Client, exchange: Exchange) -> None:
    answer = exchange["response"]
    if answer is None:
        with pytest.raises(httpx2.TransportError):
            called(client, exchange["request"])
    elif answer["status"] >= 400:
        with pytest.raises(APIError) as refusal:
            called(client, exchange["request"])
        assert refusal.value.code == answer["status"]
    else:
        job = called(client, exchange["request"])
        told = answer["body"].get("batchPredictionJobs", [answer["body"]])[0]
        if job is not None:
            assert (job.name, job.display_name) == (told["name"], told["displayName"])
