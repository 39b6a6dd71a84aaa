"""xAI: real exchanges that others published, and what the recordings do not show already."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.translators.playing import Player, endpoint_of
from translators.bedrock.converse import Answer, Request
from translators.errors import ProviderError, RecordError
from translators.providers.chat_completions.traits import Traits
from translators.providers.conversation import Batch, Conversation, Marker, Search, Submission
from translators.providers.xai import batches, chat
from translators.providers.xai.chat import CHAT
from translators.providers.xai.rows import receipt

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "xai"
ENDPOINT = endpoint_of("xai")
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0), model="grok-4", group="", lines=2, input_id="batch_1"
)

real = pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")


def exchange(name: str) -> Any:
    return json.loads((REAL / f"{name}.json").read_bytes())


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def replayed[Outcome](conversation: Conversation[Outcome], *responses: Any) -> Outcome:
    """The outcome of a conversation that gets these recorded responses, whatever it asks."""
    answers: Iterator[Any] = iter(responses)
    try:
        request = next(conversation)
        while True:
            recorded = next(answers)
            response = httpx.Response(recorded["status"], json=recorded["body"], request=request)
            request = conversation.send(response)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


@real
def test_real_batch_is_made_empty_and_filled_by_a_second_call() -> None:
    made, filled = exchange("batch/1-create-empty"), exchange("batch/2-add-requests")
    ours = next(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO()))
    assert (ours.method, str(ours.url)) == (made["request"]["method"], made["request"]["url"])
    assert json.loads(ours.read()).keys() == made["request"]["body"].keys()
    batch_id = replayed(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO()), made["response"])
    assert batch_id == made["response"]["body"]["batch_id"]
    submission = replace(SUBMISSION, input_id=batch_id)
    requests = filled["request"]["body"]["batch_requests"]
    lines = io.BytesIO("".join(f"{json.dumps(request)}\n" for request in requests).encode())
    added = next(batches.create(ENDPOINT, submission, lines))
    body = b"".join(piece for piece in added.stream if isinstance(piece, bytes))  # type: ignore[union-attr]
    assert (added.method, str(added.url)) == (filled["request"]["method"], filled["request"]["url"])
    assert json.loads(body) == filled["request"]["body"]
    assert int(added.headers["content-length"]) == len(body)
    batch = replayed(batches.create(ENDPOINT, submission, lines), filled["response"])
    assert (batch.id, batch.state, batch.total) == (batch_id, "running", 2)


@real
@pytest.mark.parametrize(
    ("name", "state", "found"), [("1-create-empty", "running", False), ("4-get-all-success", "ended", True)]
)
def test_real_counters_are_read(name: str, state: str, found: bool) -> None:
    response = exchange(f"batch/{name}")["response"]
    batch = replayed(batches.retrieve(ENDPOINT, "batch_1"), response)
    assert (batch.id, batch.state) == (response["body"]["batch_id"], state)
    assert batch.succeeded == response["body"]["state"]["num_success"]
    search = Search(since=0, claimed=frozenset())
    assert (replayed(batches.find(ENDPOINT, SUBMISSION, search), response) is not None) == found


@real
def test_real_results_are_fetched_and_read() -> None:
    recorded = exchange("batch/5-results")
    batch_id = recorded["request"]["url"].split("/")[-2]
    recorded["request"]["headers"] = {}
    recorded["request"]["url"] = recorded["request"]["url"].replace("limit=100", "limit=1000")
    player = Player(iter([recorded]), replace(ENDPOINT, headers={}))
    batch = Batch(id=batch_id, state="ended", raw_status="", result_files=(batch_id,))
    names = player.play(batches.results(player.endpoint, batch))
    rows = b"".join(player.saved[name] for name in names).splitlines()
    assert [receipt(row).custom_id for row in rows] == ["0", "1"]
    for row, result in zip(rows, recorded["response"]["body"]["results"], strict=True):
        completion = result["batch_result"]["response"]["chat_get_completion"]
        outcome = CHAT.answer(row, asked)
        assert isinstance(outcome, Answer)
        thought, said = outcome.response.output.message.content
        assert thought.reasoning_content is not None
        assert said.text == completion["choices"][0]["message"]["content"]
        usage = outcome.response.usage
        assert usage.total_tokens == completion["usage"]["total_tokens"]
        assert (
            outcome.reasoning_tokens == completion["usage"]["completion_tokens_details"]["reasoning_tokens"]
        )


@real
@pytest.mark.parametrize("name", ["reasoning-content-tool-call", "two-tool-calls"])
def test_reasoning_of_a_real_completion_counts_as_output(name: str) -> None:
    body = exchange(f"chat/{name}")["response"]["body"]
    row = {"batch_request_id": "r-1", "batch_result": {"response": {"chat_get_completion": body}}}
    outcome = CHAT.answer(json.dumps(row).encode(), asked)
    assert isinstance(outcome, Answer)
    usage = outcome.response.usage
    assert usage.output_tokens == body["usage"]["total_tokens"] - body["usage"]["prompt_tokens"]
    assert outcome.response.stop_reason == "tool_use"


@pytest.mark.parametrize("row", ["", "[]", '{"batch_request_id":"r-1","batch_result":[]}'])
def test_row_that_cannot_be_read_fails_its_record(row: str) -> None:
    outcome = CHAT.answer(row.encode(), asked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502


@pytest.mark.parametrize(
    ("model", "efforts", "stop", "penalties"),
    [
        ("grok-4", (), False, False),
        ("grok-4-fast-reasoning", (), False, False),
        ("grok-4-1-fast-non-reasoning", (), True, True),
        ("grok-4.3", ("none", "low", "medium", "high"), False, False),
        ("grok-3", (), True, True),
        ("grok-3-mini", ("low", "high"), False, False),
    ],
)
def test_model_takes(model: str, efforts: object, stop: bool, penalties: bool) -> None:
    found: Traits = chat.traits(model)
    assert (found.rules.efforts, found.rules.stop) == (efforts, stop)
    assert ("presence_penalty" in found.additional) == penalties


def test_other_refusals_than_of_the_key_stay_what_they_are() -> None:
    response = {"status": 400, "body": {"code": "invalid", "error": "Model not found"}}
    with pytest.raises(ProviderError) as refusal:
        replayed(batches.retrieve(ENDPOINT, "batch_1"), response)
    assert (refusal.value.status, refusal.value.message) == (400, "Model not found")
