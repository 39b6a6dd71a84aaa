"""Together AI: real exchanges that others published, and the official SDK as judge."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from together.types import BatchCreateResponse, BatchJob, BatchListResponse
from together.types.batch_create_params import BatchCreateParams
from together.types.chat import ChatCompletion
from together.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from tests.translators.playing import endpoint_of
from tests.translators.providers.judging import judge_of, judged
from translators.bedrock.converse import Answer, Request
from translators.providers.conversation import Conversation, Marker, Search, Submission
from translators.providers.together import batches
from translators.providers.together.chat import CHAT

RECORDINGS = Path(__file__).parents[3] / "recordings" / "together"
SENT = sorted(RECORDINGS.glob("*/sent.json"))
RECEIVED = sorted(RECORDINGS.glob("*/received.json"))
EXCHANGES = sorted(RECORDINGS.glob("*/exchange.json"))
REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "together"
LIST = TypeAdapter(BatchListResponse)

BODY = judge_of(CompletionCreateParamsNonStreaming)
CREATE = judge_of(BatchCreateParams)

NOT_SENT_BY_THE_SDK = {
    "chat-deepseek": "OpenAI's form of stop and log probabilities, as the body has them",
    "chat-qwen-tools": "OpenAI's form of a named tool and of earlier calls",
    "parallel-tool-results": "calls without index, as OpenAI has them and the server takes them",
    "tool-choice-any": "parallel_tool_calls, which the SDK does not know",
    "tool-choice-named": "OpenAI's form of a named tool, as in docs/function-calling",
    "tool-result-error": "calls without index",
    "tool-result-json": "calls without index",
}
"""Bodies that Together's own types do not have, and why they are sent all the same."""

NOT_TOGETHER_S = {
    "batch-unknown-status": "the SDK knows the words of today",
    "content-filter": "the SDK knows no such reason",
    "empty-answer": "success without a body is a fault",
    "unknown-finish-reason": "the SDK knows the words of today",
}
"""Answers that Together's own types refuse, and why they are there all the same."""


def case_of(file: Path) -> str:
    return file.parent.name


def verdict(file: Path, refused: Mapping[str, str]) -> AbstractContextManager[object]:
    return pytest.raises(ValidationError) if case_of(file) in refused else nullcontext()


@pytest.mark.parametrize("file", SENT, ids=case_of)
def test_line_is_one_the_sdk_s_server_is_documented_to_take(file: Path) -> None:
    line = json.loads(file.read_bytes())
    assert line.keys() == {"custom_id", "body"}
    with verdict(file, NOT_SENT_BY_THE_SDK):
        assert judged(BODY, line["body"]) == line["body"]


@pytest.mark.parametrize(
    "file", [file for file in RECEIVED if "response" in json.loads(file.read_bytes())], ids=case_of
)
def test_recorded_answer_is_one_the_sdk_understands(file: Path) -> None:
    row = json.loads(file.read_bytes())
    with verdict(file, NOT_TOGETHER_S):
        assert ChatCompletion.model_validate(row["response"]["body"]).choices


@pytest.mark.parametrize("file", EXCHANGES, ids=case_of)
def test_recorded_exchange_is_one_the_sdk_understands(file: Path) -> None:
    with verdict(file, NOT_TOGETHER_S):
        for exchange in json.loads(file.read_bytes()):
            request, response = exchange["request"], exchange["response"]
            if request["method"] == "POST" and request["url"].endswith("/batches"):
                assert judged(CREATE, request["body"]) == request["body"]
            if response is not None and response["status"] < 400:
                check(response["body"])


def check(body: Any) -> None:
    match body:
        case list():
            assert LIST.validate_python(body)
        case {"job": _}:
            assert BatchCreateResponse.model_validate(body).job
        case {"status": _}:
            shape: type[BaseModel] = BatchJob
            assert shape.model_validate(body)
        case _:
            assert isinstance(body, str) or body["object"] == "file"


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
@pytest.mark.parametrize(
    ("name", "reason"), [("llama-tool-call", "tool_use"), ("mixtral-finish-eos", "end_turn")]
)
def test_real_completion_is_read(name: str, reason: str) -> None:
    body = json.loads((REAL / "chat" / f"{name}.json").read_bytes())["response"]["body"]
    row = {"custom_id": "r-1", "response": {"status_code": 200, "body": body}}
    outcome = CHAT.answer(json.dumps(row).encode(), asked)
    assert isinstance(outcome, Answer)
    assert outcome.response.stop_reason == reason
    assert outcome.response.usage.output_tokens == body["usage"]["completion_tokens"]


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_our_batch_is_found_in_a_real_list() -> None:
    recorded = json.loads((REAL / "batch" / "list-completed-sdk-objects.json").read_bytes())["response"]
    first = recorded["body"][0]
    submission = Submission(
        marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0),
        model="a-model",
        group=CHAT.url,
        lines=1,
        input_id=first["input_file_id"],
    )

    def found(*claimed: str) -> str | None:
        search = Search(since=0, claimed=frozenset(claimed))
        batch = replayed(batches.find(endpoint_of("together"), submission, search), recorded["body"])
        return None if batch is None else batch.id

    twins = [job["id"] for job in recorded["body"] if job["input_file_id"] == first["input_file_id"]]
    assert found() == first["id"]
    assert found(first["id"]) == twins[1]
    assert found(*twins) is None


def replayed[Outcome](conversation: Conversation[Outcome], *bodies: object) -> Outcome:
    answers: Iterator[object] = iter(bodies)
    try:
        request = next(conversation)
        while True:
            request = conversation.send(httpx.Response(200, json=next(answers), request=request))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
