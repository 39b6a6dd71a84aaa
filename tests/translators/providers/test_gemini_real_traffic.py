"""Real exchanges that others published, where a checkout of them lies beside the project."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.providers.gemini import batches, embeddings
from translators.providers.gemini.operations import rows
from translators.providers.gemini.response import answer, receipt

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic"
GENERATED = sorted(REAL.glob("gemini/generate-content/*.json")) + sorted(
    REAL.glob("vertex/generate-content/*.json")
)
ERRORS = sorted(REAL.glob("gemini/errors/*.json")) + sorted(REAL.glob("vertex/errors/*.json"))

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")

ENDPOINT = Endpoint(base_url="https://generativelanguage.googleapis.com", headers={})
NAME = "batches/31u18uq6dr4ods3957z38i1mbfa581k01xcq"
STOP_REASONS = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    2: "max_tokens",
    "SAFETY": "content_filtered",
    "MODEL_ARMOR": "content_filtered",
    "UNEXPECTED_TOOL_CALL": "malformed_tool_use",
}


def name_of(file: Path) -> str:
    return f"{file.parts[-3]}/{file.stem}"


def exchange(name: str) -> Any:
    return json.loads((REAL / "gemini" / "batch" / f"{name}.json").read_bytes())


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def replayed[Outcome](
    conversation: Conversation[Outcome], *answers: Mapping[str, Any]
) -> tuple[Outcome, list[httpx.Request]]:
    """The outcome of a conversation that gets these recorded responses, and what it asked."""
    requests: list[httpx.Request] = []
    waiting = list(answers)
    try:
        request = next(conversation)
        while True:
            requests.append(request)
            recorded = waiting.pop(0)["response"]
            request = conversation.send(
                httpx.Response(recorded["status"], headers=recorded["headers"], json=recorded["body"])
            )
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome, requests


@pytest.mark.parametrize("file", GENERATED, ids=name_of)
def test_real_response_becomes_an_answer_with_everything_in_it(file: Path) -> None:
    body = json.loads(file.read_bytes())["response"]["body"]
    outcome = answer(json.dumps({"key": "0", "response": body}).encode(), asked)
    assert isinstance(outcome, Answer)
    candidate = body.get("candidates", [{"finishReason": "SAFETY"}])[0]
    parts = candidate.get("content", {}).get("parts", [])
    content = outcome.response.output.message.content
    assert [block.text for block in content if block.text is not None] == [
        part["text"] for part in parts if "text" in part and not part.get("thought")
    ]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    assert [
        (block.tool_use.name, json.loads(bytes(block.tool_use.input)))
        for block in content
        if block.tool_use is not None
    ] == [(call["name"], call["args"]) for call in calls]
    reasoning = [block.reasoning_content.reasoning_text for block in content if block.reasoning_content]
    thoughts = [part["text"] for part in parts if part.get("thought")]
    signed = [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]
    kept = [text.signature for text in reasoning if text is not None and text.signature is not None]
    assert [text.text for text in reasoning if text is not None and text.text] == thoughts
    assert kept == [f"gemini:{signature}" for signature in signed if thoughts or calls]
    expected = STOP_REASONS[candidate["finishReason"]]
    assert outcome.response.stop_reason == ("tool_use" if calls and expected == "end_turn" else expected)
    usage = body.get("usageMetadata", {})
    assert outcome.response.usage.total_tokens == usage.get("totalTokenCount", 0)
    assert outcome.id == body.get("responseId", "")


def test_real_rows_of_a_file_say_whose_they_are_and_hold_answers() -> None:
    lines = exchange("file-results-jsonl-with-key")["response"]["body"].encode().splitlines()
    assert [receipt(line).custom_id for line in lines] == ["request_1", "request_2"]
    assert all(isinstance(answer(line, asked), Answer) for line in lines)


def test_real_rows_of_an_embedding_job_hold_vectors() -> None:
    lines = exchange("file-results-jsonl-embeddings")["response"]["body"].encode().splitlines()
    plain = EmbeddingRequest(inputs=((),), normalize=False)
    outcomes = [embeddings.answer(line, lambda: plain) for line in lines]
    for line, outcome in zip(lines, outcomes, strict=True):
        assert isinstance(outcome, EmbeddingAnswer)
        assert [*outcome.vectors[0]] == json.loads(line)["response"]["embedding"]["values"]
        assert (outcome.id, outcome.input_tokens) == (json.loads(line)["key"], 1)


def test_real_job_with_answers_inside() -> None:
    created, running, ended = (
        exchange(name)
        for name in ("inline-1-create-pending", "inline-2-get-running", "inline-3-get-succeeded")
    )
    submission = Submission(
        marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0),
        model="gemini-2.5-flash",
        group="batchGenerateContent",
        lines=2,
    )
    asked_for = created["request"]["body"]["batch"]["inputConfig"]["requests"]["requests"]
    lines = "".join(
        json.dumps({"key": one["metadata"]["custom_id"], "request": one["request"]}) + "\n"
        for one in asked_for
    )
    batch, (request,) = replayed(batches.create(ENDPOINT, submission, io.BytesIO(lines.encode())), created)
    assert str(request.url) == created["request"]["url"]
    assert json.loads(request.content)["batch"]["inputConfig"]["requests"]["requests"] == [
        {"request": one["request"], "metadata": {"key": one["metadata"]["custom_id"]}} for one in asked_for
    ]
    assert batch == Batch(id=NAME, state="running", raw_status="BATCH_STATE_PENDING", total=2)
    batch, _ = replayed(batches.retrieve(ENDPOINT, NAME), running)
    assert (batch.state, batch.raw_status) == ("running", "BATCH_STATE_RUNNING")
    batch, _ = replayed(batches.retrieve(ENDPOINT, NAME), ended)
    assert (batch.state, batch.succeeded, batch.result_files) == ("ended", 2, (NAME,))
    body = json.dumps(ended["response"]["body"]).replace('"custom_id"', '"key"')  # another client's word
    found = list(rows(body.encode()))
    assert [receipt(row).custom_id for row in found] == ["0", "1"]
    assert all(isinstance(answer(row, asked), Answer) for row in found)


def test_real_job_with_a_file_of_results() -> None:
    ended = exchange("file-1-get-succeeded")
    batch, _ = replayed(batches.retrieve(ENDPOINT, ended["response"]["body"]["name"]), ended)
    assert (batch.state, batch.total, batch.succeeded) == ("ended", 4, 4)
    assert batch.result_files == ("files/batch-o6k1fq34vm2ou69wy5w72wqw56qjigbln6yy",)
    request = next(batches.results(ENDPOINT, batch))
    assert str(request.url) == exchange("file-2-results-response-member")["request"]["url"]


def test_real_list_is_searched_by_display_name() -> None:
    listed = exchange("list-operations-pending-file-input")
    submission = Submission(
        marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0), model="m", group="batchGenerateContent", lines=2
    )
    search = Search(since=0, claimed=frozenset())
    found, _ = replayed(batches.find(ENDPOINT, submission, search), listed)
    assert found is None


@pytest.mark.parametrize("file", ERRORS, ids=name_of)
def test_real_refusal_is_told_in_the_provider_s_words(file: Path) -> None:
    recorded = json.loads(file.read_bytes())
    error = recorded["response"]["body"]["error"]
    with pytest.raises(ProviderError) as refusal:
        replayed(batches.retrieve(ENDPOINT, NAME), recorded)
    wrong_key = any(detail.get("reason") == "API_KEY_INVALID" for detail in error.get("details", []))
    assert refusal.value.status == (401 if wrong_key else recorded["response"]["status"])
    assert (refusal.value.message, refusal.value.code) == (error["message"], error["status"])
    delays = [detail["retryDelay"] for detail in error.get("details", []) if "retryDelay" in detail]
    assert [refusal.value.retry_after] == [float(delay.rstrip("s")) for delay in delays] or not delays
