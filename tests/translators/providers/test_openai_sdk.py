"""The official SDK as judge: it would send what we send, and it understands what we take for answers."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from openai.pagination import SyncCursorPage
from openai.types import Batch, CreateEmbeddingResponse, EmbeddingCreateParams, FileObject
from openai.types.batch_create_params import BatchCreateParams
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from openai.types.shared import ErrorObject
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

RECORDINGS = Path(__file__).parents[3] / "recordings" / "openai"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))

NOT_OPENAI_S = {
    "answer-as-text": "a compatible server wraps the body in text",
    "batch-bare-at-compatible-server": "a compatible server leaves members out",
    "batch-unknown-status": "the SDK knows the words of today",
    "create-found-by-input-where-metadata-is-dropped": "a compatible server leaves members out",
    "empty-answer": "success without a body is a fault",
    "unknown-finish-reason": "the SDK knows the words of today",
}
"""Cases that OpenAI's own types refuse, and why they are there all the same."""

# The configuration of an outer type holds for the typed dicts inside that have none of their own.
_FORBIDDING = ConfigDict(extra="forbid", strict=True)
BODY: TypeAdapter[list[CompletionCreateParamsNonStreaming]] = TypeAdapter(
    list[CompletionCreateParamsNonStreaming], config=_FORBIDDING
)
BODIES: Mapping[str, TypeAdapter[Any]] = {
    "/v1/chat/completions": BODY,
    "/v1/responses": TypeAdapter(list[ResponseCreateParamsNonStreaming], config=_FORBIDDING),
    "/v1/embeddings": TypeAdapter(list[EmbeddingCreateParams], config=_FORBIDDING),
}
ANSWERS: Mapping[str, type[BaseModel]] = {
    "/v1/chat/completions": ChatCompletion,
    "/v1/responses": Response,
    "/v1/embeddings": CreateEmbeddingResponse,
}
CREATE: TypeAdapter[list[BatchCreateParams]] = TypeAdapter(list[BatchCreateParams], config=_FORBIDDING)


def judged(judge: TypeAdapter[Any], value: object) -> object:
    """The value as the SDK's types have it. Raises `ValidationError` for what they do not allow."""
    return exhausted(judge.validate_python([value]))


def exhausted(value: object) -> object:
    """The value with its iterables walked: pydantic checks the items of an `Iterable` only then."""
    if isinstance(value, Mapping):
        return {key: exhausted(member) for key, member in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [exhausted(item) for item in value]
    return value


def strictly[Shape: BaseModel](shape: type[Shape], value: object) -> Shape:
    """The SDK builds its models without checking them; this checks."""
    return shape.model_validate(value)


def verdict(file: Path) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in NOT_OPENAI_S else nullcontext()


def case_of(file: Path) -> str:
    return file.parent.name


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_body_of_a_line_is_one_the_sdk_would_send(file: Path) -> None:
    line = json.loads(file.read_bytes())
    assert line.keys() == {"custom_id", "method", "url", "body"}
    assert judged(BODIES[line["url"]], line["body"]) == [line["body"]]


@pytest.mark.parametrize(
    "change",
    [
        {"top_k": 5},
        {"stop": 5},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache": 1}]}]},
        {"messages": [{"role": "tool", "content": [{"type": "image_url"}], "tool_call_id": "1"}]},
        {"tools": [{"type": "function", "function": {"name": "f", "schema": {}}}]},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
    ],
    ids=str,
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    assert judged(BODY, body) == [body]
    with pytest.raises(ValidationError):
        judged(BODY, {**body, **change})


@pytest.mark.parametrize(
    ("url", "change"),
    [
        ("/v1/responses", {"stop": ["a"]}),
        ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}),
        ("/v1/responses", {"tools": [{"type": "function", "name": "f", "parameters": {}}]}),
        ("/v1/embeddings", {"input_type": "query"}),
        ("/v1/embeddings", {"dimensions": "256"}),
    ],
    ids=str,
)
def test_judge_of_each_endpoint_refuses_what_it_does_not_know(url: str, change: Mapping[str, object]) -> None:
    body = {"model": "a-model", "input": "Hi"}
    assert judged(BODIES[url], body) == [body]
    with pytest.raises(ValidationError):
        judged(BODIES[url], {**body, **change})


def response_in(file: Path) -> Any:
    """The part of a row for which the SDK has a type."""
    return json.loads(file.read_bytes()).get("response")


@pytest.mark.parametrize("file", [file for file in RECEIVED if response_in(file)], ids=case_of)
def test_recorded_row_is_one_the_sdk_understands(file: Path) -> None:
    response = response_in(file)
    with verdict(file):
        if response["status_code"] == 200:
            strictly(ANSWERS[json.loads((file.parent / "sent.json").read_bytes())["url"]], response["body"])
        else:
            assert strictly(ErrorObject, response["body"]["error"]).message


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    with verdict(file):
        for exchange in json.loads(file.read_bytes()):
            request, response = exchange["request"], exchange["response"]
            if request["method"] == "POST" and request["url"].endswith("/batches"):
                assert judged(CREATE, request["body"]) == [request["body"]]
            if response is not None and isinstance(response["body"], dict):
                strictly(type_of(response), response["body"].get("error", response["body"]))


def type_of(response: Mapping[str, Any]) -> type[BaseModel]:
    if response["status"] >= 400:
        return ErrorObject
    types: Mapping[str, type[BaseModel]] = {
        "batch": Batch,
        "file": FileObject,
        "list": SyncCursorPage[Batch],
    }
    return types[response["body"]["object"]]
