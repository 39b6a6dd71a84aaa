"""Real exchanges that others published, where a checkout of them lies beside the project."""

import io
import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Raw

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer, ContentBlock, Request
from translators.errors import ProviderError, RecordError, Refused
from translators.providers.anthropic import batches
from translators.providers.anthropic.native.answer import answer as native_answer
from translators.providers.anthropic.native.body import line as native_line
from translators.providers.anthropic.request import line
from translators.providers.anthropic.response import answer
from translators.providers.anthropic.results import receipt
from translators.providers.batch_file import Receipt
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.wire import ModelOutput

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic"
MESSAGES = sorted((REAL / "anthropic/messages").glob("*.json"))
ERRORS = sorted((REAL / "anthropic/errors").glob("*.json"))
CLAUDE = sorted((REAL / "bedrock-invoke/claude").glob("messages-*.json"))
CONVERSE = sorted((REAL / "bedrock-converse").glob("*/*.json"))

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")

ENDPOINT = Endpoint(base_url="https://api.anthropic.com", headers={})
MARKER = Marker(job="k3v9x0q2m7ab", shard=0, round=0)
SUBMISSION = Submission(marker=MARKER, model="claude-haiku-4-5", group="", lines=2)

REFUSED = {
    "claude-docx-document": "format: 'docx' is not one of",
    "nova-2-video": "video: Claude takes no video",
    "nova-guardrail-intervened": "guardrailConfig",
    "nova-micro-guardrail-passed-trace": "guardrailConfig",
    "titan-guard-content-intervened": "guardrailConfig",
    "nova-2-system-tool-code-interpreter": "systemTool",
    "nova-2-system-tool-grounding": "systemTool",
    "400-s3uri-not-supported": "s3Location",
    "400-video-not-supported": "video: Claude takes no video",
    "400-model-error-field-required": "s3Location",
    "400-nova-extraneous-key": "s3Location",
}
"""Records that Anthropic cannot take, and what in them."""


def exchange(name: str) -> Any:
    return json.loads((REAL / "anthropic" / "batch" / f"{name}.json").read_bytes())


def asked() -> Request:
    return hub(HI)


def row(message: object) -> bytes:
    return json.dumps({"custom_id": "r-1", "result": {"type": "succeeded", "message": message}}).encode()


def replayed[Outcome](conversation: Conversation[Outcome], recorded: Mapping[str, Any]) -> Outcome:
    """The outcome of a conversation that gets this recorded response, whatever it asks."""
    request = next(conversation)
    body = recorded["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    response = httpx.Response(
        recorded["status"], headers=recorded["headers"], content=content, request=request
    )
    with pytest.raises(StopIteration) as end:
        conversation.send(response)
    outcome: Outcome = end.value.value
    return outcome


def shown(block: ContentBlock) -> object:
    """A block as Anthropic would have written it, as far as Converse has a place for it."""
    if block.citations_content is not None:
        return "".join(part.text for part in block.citations_content.content or ())
    if block.tool_use is not None:
        return (block.tool_use.tool_use_id, block.tool_use.name, json.loads(bytes(block.tool_use.input)))
    if block.reasoning_content is not None:
        text = block.reasoning_content.reasoning_text
        if text is not None:
            return (text.text, text.signature)
        return b64decode(block.reasoning_content.redacted_content or "").decode()
    return block.text


def written(block: Mapping[str, Any]) -> object:
    match block["type"]:
        case "tool_use":
            return (block["id"], block["name"], block["input"])
        case "thinking":
            return (block["thinking"], block["signature"])
        case "redacted_thinking":
            return block["data"]
        case _:
            return block["text"]


@pytest.mark.parametrize("file", MESSAGES, ids=lambda file: file.stem)
def test_real_message_becomes_an_answer_with_everything_in_it(file: Path) -> None:
    body = json.loads(file.read_bytes())["response"]["body"]
    outcome = answer(row(body), asked)
    assert isinstance(outcome, Answer)
    content = outcome.response.output.message.content
    assert [shown(block) for block in content] == [written(block) for block in body["content"]]
    assert outcome.response.stop_reason == body["stop_reason"]
    assert (outcome.id, outcome.model, outcome.stop_sequence) == (
        body["id"],
        body["model"],
        body["stop_sequence"],
    )
    usage, counted = body["usage"], outcome.response.usage
    assert (counted.input_tokens, counted.output_tokens) == (usage["input_tokens"], usage["output_tokens"])
    assert counted.cache_read_input_tokens == usage.get("cache_read_input_tokens")


@pytest.mark.parametrize("file", [*MESSAGES, *CLAUDE], ids=lambda file: f"{file.parts[-2]}/{file.stem}")
def test_real_message_passes_unchanged_to_those_who_speak_claude(file: Path) -> None:
    body = json.loads(file.read_bytes())["response"]["body"]
    assert native_answer(row(body)) == ModelOutput(
        json.dumps(body).encode(), body["usage"]["input_tokens"], body["usage"]["output_tokens"]
    )


@pytest.mark.parametrize("file", [*MESSAGES, *CLAUDE], ids=lambda file: f"{file.parts[-2]}/{file.stem}")
def test_real_claude_body_passes_member_by_member(file: Path) -> None:
    body = json.loads(file.read_bytes())["request"]["body"]
    sent = json.loads(native_line("r-1", Raw(json.dumps(body).encode()), "a-model-of-a-gateway").data)
    told_elsewhere = {"anthropic_version", "anthropic_beta", "model", "output_format"}
    kept = {name: value for name, value in body.items() if name not in told_elsewhere}
    moved = {"output_config": {"format": body["output_format"]}} if "output_format" in body else {}
    assert sent["params"] == {"model": "a-model-of-a-gateway", **kept, **moved}


@pytest.mark.parametrize("file", CONVERSE, ids=lambda file: f"{file.parts[-2]}/{file.stem}")
def test_real_converse_record_is_sent_or_refused_by_name(file: Path) -> None:
    body = json.loads(file.read_bytes())["request"]["body"]
    try:
        request = hub(body)
    except ValueError:
        return  # not what AWS takes, as its recorded answer says
    if file.stem in REFUSED:
        with pytest.raises(Refused, match=REFUSED[file.stem]):
            line("r-1", request, "a-model-of-a-gateway")
    else:
        sent = json.loads(line("r-1", request, "a-model-of-a-gateway").data)["params"]
        assert len(sent["messages"]) == len(body["messages"])


@pytest.mark.parametrize("file", ERRORS, ids=lambda file: file.stem)
def test_real_error_becomes_a_record_error_in_the_provider_s_words(file: Path) -> None:
    response = json.loads(file.read_bytes())["response"]
    result = {"type": "errored", "error": response["body"]}
    outcome = answer(json.dumps({"custom_id": "r-1", "result": result}).encode(), asked)
    assert outcome == RecordError(response["status"], response["body"]["error"]["message"])


@pytest.mark.parametrize("name", ["4-results-succeeded", "thinking-2-results", "three-requests-2-results"])
def test_real_rows_of_a_batch_are_read(name: str) -> None:
    rows = exchange(name)["response"]["body"].splitlines()
    assert {receipt(line.encode()) for line in rows} == {Receipt(str(n), True) for n in range(len(rows))}
    assert all(isinstance(answer(line.encode(), asked), Answer) for line in rows)


def test_real_results_that_a_client_stored_are_read() -> None:
    for result in exchange("results-result-member-2026-stop-details")["response"]["body"]:
        outcome = answer(json.dumps({"custom_id": "r-1", "result": result}).encode(), asked)
        assert isinstance(outcome, Answer)
        assert outcome.response.additional_model_response_fields is None


@pytest.mark.parametrize(
    "name",
    ["1-create-in-progress", "thinking-1-create", "three-requests-1-create", "structured-output-create"],
)
def test_real_create_and_ours_ask_the_same(name: str) -> None:
    real = exchange(name)
    lines = "".join(json.dumps(asked) + "\n" for asked in real["request"]["body"]["requests"])
    ours = next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO(lines.encode())))
    assert json.loads(ours.read()) == real["request"]["body"]
    assert (ours.method, str(ours.url)) == (real["request"]["method"], real["request"]["url"])
    assert ours.headers["anthropic-version"] == real["request"]["headers"]["anthropic-version"]
    created = replayed(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), real["response"])
    assert (created.id, created.state) == (real["response"]["body"]["id"], "running")


@pytest.mark.parametrize(
    ("name", "state"),
    [("3-retrieve-ended", "ended"), ("retrieve-ended-2026", "ended"), ("cancel-canceling", "running")],
)
def test_real_batch_is_read(name: str, state: str) -> None:
    response = exchange(name)["response"]
    body = response["body"]
    batch = replayed(batches.retrieve(ENDPOINT, body["id"]), response)
    assert (batch.id, batch.state, batch.raw_status) == (body["id"], state, body["processing_status"])
    assert (batch.total, batch.succeeded) == (sum(body["request_counts"].values()), batch.succeeded)


def test_real_list_has_what_was_made_after_a_moment() -> None:
    response = exchange("list-ended-canceled-in-progress")["response"]
    known = {batch["id"]: batch for batch in response["body"]["data"]}
    ours = response["body"]["data"][3]
    others = frozenset(known.keys() - {ours["id"]})
    response["body"]["has_more"] = False
    search = Search(since=1_738_160_699.0, claimed=others)  # 2025-01-29T14:24:59Z
    found = replayed(batches.find(ENDPOINT, SUBMISSION, search), response)
    assert isinstance(found, Batch)
    assert (found.id, found.state) == (ours["id"], "cancelled")


@pytest.mark.parametrize(
    ("name", "status"), [("create-401-invalid-key", 401), ("results-404-not-ended", 404)]
)
def test_real_refusal_of_a_call_is_told_in_the_provider_s_words(name: str, status: int) -> None:
    response = exchange(name)["response"]
    body = response["body"] if isinstance(response["body"], dict) else json.loads(response["body"])
    with pytest.raises(ProviderError) as refusal:
        replayed(batches.retrieve(ENDPOINT, "msgbatch_1"), response)
    assert (refusal.value.status, refusal.value.message) == (status, body["error"]["message"])
    assert not refusal.value.passing
