"""Groq: real exchanges that others published, and the official SDK as judge."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from groq.types import BatchCreateResponse, BatchListResponse, FileCreateResponse
from groq.types.batch_create_params import BatchCreateParams
from groq.types.chat import ChatCompletion
from groq.types.chat.completion_create_params import CompletionCreateParams
from groq.types.shared.error_object import ErrorObject
from pydantic import BaseModel, ValidationError

from tests.translators.providers.judging import judge_of, judged
from translators.bedrock.converse import Answer, Request
from translators.providers.chat_completions import rows
from translators.providers.chat_completions.traits import Traits
from translators.providers.groq import chat

RECORDINGS = Path(__file__).parents[3] / "recordings" / "groq"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))
REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "groq"

BODY = judge_of(CompletionCreateParams)
CREATE = judge_of(BatchCreateParams)

NOT_GROQ_S = {
    "batch-completed-with-errors-as-a-list": "the documentation's sample has a list",
    "batch-failed-validation": "the documentation's sample has a list",
    "batch-unknown-status": "the SDK knows the words of today",
    "chat-unknown-member": "what nobody has heard of passes",
    "content-filter": "the SDK knows no such reason",
    "empty-answer": "success without a body is a fault",
    "unknown-finish-reason": "the SDK knows the words of today",
}
"""Cases that Groq's own types refuse, and why they are there all the same."""


def case_of(file: Path) -> str:
    return file.parent.name


def verdict(file: Path) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in NOT_GROQ_S else nullcontext()


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_body_of_a_line_is_one_the_sdk_would_send(file: Path) -> None:
    body = json.loads(file.read_bytes())["body"]
    with nullcontext() if case_of(file) != "chat-unknown-member" else verdict(file):
        assert judged(BODY, body) == body


@pytest.mark.parametrize(
    "change", [{"top_k": 5}, {"verbosity": "low"}, {"reasoning_effort": "minimal"}], ids=str
)
def test_judge_refuses_what_the_sdk_does_not_know(change: Mapping[str, object]) -> None:
    body = {"model": "llama-3.1-8b-instant", "messages": [{"role": "user", "content": "Hi"}]}
    assert judged(BODY, body) == body
    with pytest.raises(ValidationError):
        judged(BODY, {**body, **change})


RESPONSES = [(file, json.loads(file.read_bytes())["response"] or {"status_code": None}) for file in RECEIVED]


@pytest.mark.parametrize(
    "file",
    [
        file
        for file, response in RESPONSES
        if response["status_code"] == 200 and case_of(file) != "chat-unknown-member"
    ],
    ids=case_of,
)
def test_recorded_answer_is_one_the_sdk_understands(file: Path) -> None:
    body = json.loads(file.read_bytes())["response"]["body"]
    body.pop("service_tier", None)  # batch
    with verdict(file):
        assert ChatCompletion.model_validate(body).choices


@pytest.mark.parametrize(
    "file",
    [file for file, response in RESPONSES if response["status_code"] not in (None, 200)],
    ids=case_of,
)
def test_recorded_error_is_one_the_sdk_understands(file: Path) -> None:
    error = json.loads(file.read_bytes())["response"]["body"]["error"]
    assert ErrorObject.model_validate(error).message


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    with verdict(file):
        for exchange in json.loads(file.read_bytes()):
            request, response = exchange["request"], exchange["response"]
            if request["method"] == "POST" and request["url"].endswith("/batches"):
                assert judged(CREATE, request["body"]) == request["body"]
            if response is not None and isinstance(response["body"], dict):
                type_of(response).model_validate(response["body"].get("error", response["body"]))


def type_of(response: Mapping[str, Any]) -> type[BaseModel]:
    if response["status"] >= 400:
        return ErrorObject
    types: Mapping[str, type[BaseModel]] = {
        "batch": BatchCreateResponse,
        "file": FileCreateResponse,
        "list": BatchListResponse,
    }
    return types[response["body"]["object"]]


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("openai/gpt-oss-120b", ("low", "medium", "high")),
        ("qwen/qwen3-32b", ("none",)),
        ("qwen/qwen3.8-27b", ("none", "low", "medium", "high")),
        ("llama-3.3-70b-versatile", ()),
        ("moonshotai/kimi-k2-instruct", ()),
        ("a-model-of-tomorrow", None),
    ],
)
def test_model_takes_these_efforts(model: str, efforts: object) -> None:
    found: Traits = chat.CHAT.traits(model)
    assert (found.rules.efforts, found.limit) == (efforts, "max_completion_tokens")


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_reasoning_between_tags_is_told_from_the_answer() -> None:
    body = json.loads((REAL / "chat" / "deepseek-r1-think-tags.json").read_bytes())["response"]["body"]
    row = {"custom_id": "r-1", "response": {"status_code": 200, "body": body}, "error": None}
    outcome = chat.CHAT.answer(json.dumps(row).encode(), asked)
    assert isinstance(outcome, Answer)
    thought, said = outcome.response.output.message.content
    assert thought.reasoning_content is not None
    assert thought.reasoning_content.reasoning_text is not None
    assert thought.reasoning_content.reasoning_text.text.startswith("Okay, so I want to make")
    assert said.text is not None
    assert said.text.startswith("To make Uruguayan alfajores")
    assert "think>" not in said.text + thought.reasoning_content.reasoning_text.text


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
@pytest.mark.parametrize(
    "file", sorted(REAL.glob("batch/*-response-member.json")), ids=lambda file: file.stem
)
def test_real_rows_are_read(file: Path) -> None:
    for response in json.loads(file.read_bytes())["response"]["body"]:
        row = json.dumps(
            {"id": "batch_req_1", "custom_id": "r-1", "response": response, "error": None}
        ).encode()
        assert rows.receipt(row).custom_id == "r-1"
        outcome = chat.CHAT.answer(row, asked)
        assert isinstance(outcome, Answer)
        assert outcome.response.usage.output_tokens == response["body"]["usage"]["completion_tokens"]
