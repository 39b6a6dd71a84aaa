"""The official SDK as judge, as far as it goes: it has types for the API, and none for lines of datasets.

Lines differ from the API in a few known ways (crmne/ruby_llm: protocols/cohere/batch_requests.rb). Those are
undone here; what is left must be what the SDK would send to the API.
"""

import inspect
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import cohere
import httpx
import pytest
from cohere.batches.types import CreateBatchResponse, GetBatchResponse, ListBatchesResponse
from cohere.core.api_error import ApiError
from cohere.datasets import DatasetsCreateResponse, DatasetsGetResponse
from cohere.types import (
    ChatMessages,
    EmbedByTypeResponse,
    ToolV2,
)
from cohere.v2.types import V2ChatResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from translators.providers.cohere import batches
from translators.providers.conversation import Endpoint, Marker, Search, Submission
from translators.providers.registry import PROVIDERS

type Json = dict[str, Any]

RECORDINGS = Path(__file__).parents[3] / "recordings" / "cohere"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))

NOT_COHERE_S = {
    "empty-answer": "success without a body",
    "unknown-part": "the SDK knows the parts of today",
    "text-in-place-of-a-message": "an answer of another form",
}
"""Cases that Cohere's own types refuse, and why they are there all the same."""

MESSAGES: TypeAdapter[Sequence[Any]] = TypeAdapter(ChatMessages)
TOOLS = TypeAdapter(list[ToolV2])
CHAT = frozenset(inspect.signature(cohere.ClientV2.chat).parameters)
EMBED = frozenset(inspect.signature(cohere.ClientV2.embed).parameters)
NOT_IN_DATASETS = frozenset(
    {"stop_sequences", "response_format", "tool_choice", "documents", "citation_options", "strict_tools"}
)

ENDPOINT = Endpoint(base_url="https://api.cohere.com", headers=PROVIDERS["cohere"].headers("test-key"))
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=3, round=1),
    model="command-a-03-2025",
    group="batch-chat-v2-input",
    lines=1,
    input_id="ds-1",
)


def as_the_api_has_it(body: Json) -> Json:
    """A line's body as the API would be sent it."""
    told: Json = json.loads(json.dumps(body))
    if "reasoning" in told:
        told["thinking"] = {"type": "enabled" if told.pop("reasoning") else "disabled"}
        if "thinking_budget" in told:
            told["thinking"]["token_budget"] = told.pop("thinking_budget")
    for message in told.get("messages", ()):
        for part in message.get("content", ()):
            if part["type"] == "image_url":
                part["image_url"] = {"url": part["image_url"]}
    for tool in told.get("tools", ()):
        tool["function"]["parameters"] = json.loads(tool["function"]["parameters"])
    return told


def check(body: Json) -> None:
    """Raises for a body that the SDK would not send."""
    told = as_the_api_has_it(body)
    if "texts" in told:
        assert told.keys() <= EMBED
        return
    assert told.keys() <= CHAT - NOT_IN_DATASETS
    assert said_again(MESSAGES, told["messages"]) == told["messages"]
    assert said_again(TOOLS, told.get("tools", [])) == told.get("tools", [])


def said_again(judge: TypeAdapter[Any], value: object) -> object:
    """The value as the SDK has it, of which nothing may be unknown to it."""
    found = judge.validate_python(value)
    assert_known(found)
    return judge.dump_python(found, mode="json", by_alias=True, exclude_unset=True)


def assert_known(value: object) -> None:
    if isinstance(value, BaseModel):
        assert not value.model_extra
        for _, member in value:
            assert_known(member)
    elif isinstance(value, list):
        for item in value:
            assert_known(item)


def case_of(file: Path) -> str:
    return file.parent.name


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_body_of_a_line_is_one_the_sdk_would_send(file: Path) -> None:
    line = json.loads(file.read_bytes())
    assert line.keys() == {"custom_id", "body"}
    check(line["body"])


@pytest.mark.parametrize(
    "change",
    [
        {"top_k": 5},
        {"stop_sequences": ["a"]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache": 1}]}]},
        {"messages": [{"role": "developer", "content": [{"type": "text", "text": "Hi"}]}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": "{}", "strict": True}}]},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}
    check(body)
    with pytest.raises((AssertionError, ValidationError)):
        check({**body, **change})


def verdict(file: Path) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in NOT_COHERE_S else nullcontext()


@pytest.mark.parametrize(
    "file", [file for file in RECEIVED if not json.loads(file.read_bytes())["error"]], ids=case_of
)
def test_recorded_answer_is_one_the_sdk_understands(file: Path) -> None:
    shape: type[BaseModel] = EmbedByTypeResponse if "embed" in case_of(file) else V2ChatResponse
    with verdict(file):
        assert shape.model_validate(json.loads(file.read_bytes())["body"])


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    for exchange in json.loads(file.read_bytes()):
        request, response = exchange["request"], exchange["response"]
        if response is None or response["status"] != 200 or not isinstance(response["body"], dict):
            continue
        shape = shape_of(request)
        if shape is not None:
            shape.model_validate(response["body"])


def shape_of(request: Json) -> type[BaseModel] | None:
    match (request["method"], httpx.URL(request["url"]).path.split("/")[2:]):
        case ("POST", ["datasets"]):
            return DatasetsCreateResponse
        case ("GET", ["datasets", _]):
            return DatasetsGetResponse
        case ("POST", ["batches"]):
            return CreateBatchResponse
        case ("GET", ["batches"]):
            return ListBatchesResponse
        case ("GET", ["batches", _]):
            return GetBatchResponse
        case _:
            return None  # the answer to a cancellation is empty


def asked_by_the_sdk(call: Callable[[cohere.ClientV2], object]) -> httpx.Request:
    """The request that the SDK makes for a call of it."""
    seen: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, json={})

    with httpx.Client(transport=httpx.MockTransport(answered)) as client, pytest.raises(ApiError):
        call(cohere.ClientV2(api_key="test-key", httpx_client=client, max_retries=0))
    return seen[0]


def second_request(submission: Submission) -> httpx.Request:
    """What `create` asks once the dataset is ready."""
    conversation = batches.create(ENDPOINT, submission, io.BytesIO())
    next(conversation)
    return conversation.send(httpx.Response(200, json={"dataset": {"validation_status": "validated"}}))


@pytest.mark.parametrize(
    ("ours", "call"),
    [
        (next(batches.retrieve(ENDPOINT, "b-1")), lambda client: client.batches.retrieve("b-1")),
        (next(batches.cancel(ENDPOINT, "b-1")), lambda client: client.batches.cancel("b-1")),
        (
            next(batches.find(ENDPOINT, SUBMISSION, Search(since=0, claimed=frozenset()))),
            lambda client: client.batches.list(page_size=batches.PAGE),
        ),
        (
            next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO())),
            lambda client: client.datasets.get("ds-1"),
        ),
        (
            second_request(SUBMISSION),
            lambda client: client.batches.create(
                request=cohere.batches.Batch(
                    name=str(SUBMISSION.marker), input_dataset_id="ds-1", model=SUBMISSION.model
                )
            ),
        ),
    ],
    ids=["retrieve", "cancel", "list", "dataset", "create"],
)
def test_call_is_the_sdk_s(ours: httpx.Request, call: Callable[[cohere.ClientV2], object]) -> None:
    theirs = asked_by_the_sdk(call)
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    assert ours.headers["Authorization"] == theirs.headers["Authorization"]
    if ours.content:
        assert json.loads(ours.content) == json.loads(theirs.content)


def test_upload_has_the_sdk_s_parts() -> None:
    ours = next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")))
    theirs = asked_by_the_sdk(
        lambda client: client.datasets.create(
            name=str(SUBMISSION.marker),
            type="batch-chat-v2-input",
            data=(f"{SUBMISSION.marker}.jsonl", b"{}\n", "application/jsonl"),
        )
    )
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    assert parts_of(ours) == parts_of(theirs)


def parts_of(request: httpx.Request) -> set[bytes]:
    boundary = request.headers["Content-Type"].partition("boundary=")[2].encode()
    return {part.strip() for part in request.read().split(b"--" + boundary)} - {b"", b"--"}
