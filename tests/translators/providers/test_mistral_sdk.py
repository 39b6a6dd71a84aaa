"""The official SDK as judge: it would send what we send, and it understands what we take for answers."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import MistralError
from mistralai.client.models import (
    BatchJob,
    ChatCompletionRequest,
    ChatCompletionResponse,
    CreateBatchJobRequest,
    CreateFileResponse,
    EmbeddingRequest,
    EmbeddingResponse,
    ListBatchJobsResponse,
)
from pydantic import BaseModel, ValidationError

from translators.providers.batch_calls import CLOCKS_DIFFER_BY
from translators.providers.conversation import Endpoint, Marker, Search, Submission
from translators.providers.mistral import batches
from translators.providers.registry import PROVIDERS
from translators.providers.uploaded_files import MARKER_KEY

RECORDINGS = Path(__file__).parents[3] / "recordings" / "mistral"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))

NOT_MISTRAL_S = {
    "answer-that-is-no-job": "an answer of another form",
    "empty-answer": "success without a body is a fault",
    "text-in-place-of-a-message": "an answer of another form",
}
"""Cases that Mistral's own types refuse, and why they are there all the same."""

ENDPOINT = Endpoint(base_url="https://api.mistral.ai", headers=PROVIDERS["mistral"].headers("test-key"))
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1),
    model="mistral-small-latest",
    group="/v1/chat/completions",
    lines=1,
    input_id="30f63bb3-6f9e-4dd5-9295-a9cdbdeabf75",
)


def said_again(shape: type[BaseModel], value: object) -> object:
    """The value as the SDK has it: what it does not know is missing or marked. Raises `ValidationError`."""
    return shape.model_validate(value).model_dump(mode="json", by_alias=True, exclude_unset=True)


def case_of(file: Path) -> str:
    return file.parent.name


def verdict(file: Path) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in NOT_MISTRAL_S else nullcontext()


def request_type(body: Mapping[str, Any]) -> type[BaseModel]:
    return EmbeddingRequest if "input" in body else ChatCompletionRequest


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_body_of_a_line_is_one_the_sdk_would_send(file: Path) -> None:
    line = json.loads(file.read_bytes())
    assert line.keys() == {"custom_id", "body"}
    body = {"model": json.loads((file.parent / "meta.json").read_bytes())["model"], **line["body"]}
    assert said_again(request_type(body), body) == body


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 5},
        {"stop": 5},
        {"max_completion_tokens": 5},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache": 1}]}]},
        {"messages": [{"role": "user", "content": [{"type": "video", "data": "AAAA"}]}]},
        {"messages": [{"role": "developer", "content": "Hi"}]},
        {"messages": [{"role": "assistant", "content": "Hi", "reasoning": "Hm"}]},
        {"tools": [{"type": "function", "function": {"name": "f", "schema": {}}}]},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    body = {"model": "mistral-small-latest", "messages": [{"role": "user", "content": "Hi"}]}
    assert said_again(ChatCompletionRequest, body) == body
    with pytest.raises((AssertionError, ValidationError)):
        assert said_again(ChatCompletionRequest, {**body, **change}) == {**body, **change}


def succeeded(file: Path) -> bool:
    """Whether the row has an answer: the SDK has no type for rows."""
    response = json.loads(file.read_bytes()).get("response")
    return response is not None and response["status_code"] == 200


@pytest.mark.parametrize("file", [file for file in RECEIVED if succeeded(file)], ids=case_of)
def test_recorded_answer_is_one_the_sdk_understands(file: Path) -> None:
    response = json.loads(file.read_bytes())["response"]
    embeds = case_of(file).startswith("embeddings")
    shape: type[BaseModel] = EmbeddingResponse if embeds else ChatCompletionResponse
    with verdict(file):
        assert shape.model_validate(response["body"])


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    shapes: Mapping[str, type[BaseModel]] = {
        "batch": BatchJob,
        "file": CreateFileResponse,
        "list": ListBatchJobsResponse,
    }
    with verdict(file):
        for exchange in json.loads(file.read_bytes()):
            request, response = exchange["request"], exchange["response"]
            if request["method"] == "POST" and request["url"].endswith("/batch/jobs"):
                assert said_again(CreateBatchJobRequest, request["body"]) == request["body"]
            if response is not None and response["status"] == 200 and isinstance(response["body"], dict):
                shapes[response["body"]["object"]].model_validate(response["body"])


def asked_by_the_sdk(call: Callable[[Mistral], object]) -> httpx.Request:
    """The request that the SDK makes for a call of it."""
    seen: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, json={})

    with httpx.Client(transport=httpx.MockTransport(answered)) as client, pytest.raises(MistralError):
        call(Mistral(api_key="test-key", client=client))  # type: ignore[arg-type]  # its protocol is narrower
    return seen[0]


def test_list_is_asked_as_the_sdk_asks_it() -> None:
    search = Search(since=1_787_150_432, claimed=frozenset())
    ours = next(batches.find(ENDPOINT, SUBMISSION, search))
    since = datetime.fromtimestamp(search.since - CLOCKS_DIFFER_BY, UTC)
    theirs = asked_by_the_sdk(
        lambda client: client.batch.jobs.list(
            metadata={MARKER_KEY: str(SUBMISSION.marker)}, created_after=since
        )
    )
    assert ours.url.copy_with(query=None) == theirs.url.copy_with(query=None)
    usual = {"created_by_me": "false", "order_by": "-created"}
    assert {**usual, **ours.url.params} == dict(theirs.url.params)
    assert ours.headers["Authorization"] == theirs.headers["Authorization"]


@pytest.mark.parametrize(
    ("ours", "call"),
    [
        (next(batches.retrieve(ENDPOINT, "j-1")), lambda client: client.batch.jobs.get(job_id="j-1")),
        (next(batches.cancel(ENDPOINT, "j-1")), lambda client: client.batch.jobs.cancel(job_id="j-1")),
        (
            next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO())),
            lambda client: client.batch.jobs.create(
                endpoint=SUBMISSION.group,
                model=SUBMISSION.model,
                input_files=[SUBMISSION.input_id],
                metadata={MARKER_KEY: str(SUBMISSION.marker)},
            ),
        ),
    ],
    ids=["retrieve", "cancel", "create"],
)
def test_call_is_the_sdk_s(ours: httpx.Request, call: Callable[[Mistral], object]) -> None:
    theirs = asked_by_the_sdk(call)
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    if ours.content:
        assert {"timeout_hours": 24, **json.loads(ours.content)} == json.loads(theirs.content)


def test_upload_has_the_sdk_s_parts() -> None:
    ours = next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")))
    theirs = asked_by_the_sdk(
        lambda client: client.files.upload(
            file={"file_name": f"{SUBMISSION.marker}.jsonl", "content": b"{}\n"}, purpose="batch"
        )
    )
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    usual = {b'Content-Disposition: form-data; name="visibility"\r\n\r\nworkspace'}
    assert parts_of(ours) | usual == parts_of(theirs)


def parts_of(request: httpx.Request) -> set[bytes]:
    boundary = request.headers["Content-Type"].partition("boundary=")[2].encode()
    return {part.strip() for part in request.read().split(b"--" + boundary)} - {b"", b"--"}
