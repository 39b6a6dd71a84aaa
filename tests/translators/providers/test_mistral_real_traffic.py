"""Real traffic of Mistral's API, recorded by others, where it is at hand."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, TextPart
from translators.errors import ProviderError, RecordError
from translators.providers.batch_file import Receipt
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Submission
from translators.providers.mistral import batches
from translators.providers.mistral.embeddings import EMBEDDINGS
from translators.providers.mistral.request import line
from translators.providers.mistral.response import answer
from translators.providers.mistral.rows import receipt

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "mistral"
CHATS = sorted((REAL / "chat").glob("*.json"))
JOBS = sorted((REAL / "batch").glob("*-[23]-*.json")) + sorted((REAL / "batch").glob("*-get-*.json"))

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")

ENDPOINT = Endpoint(base_url="https://api.mistral.ai", headers={})
SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0),
    model="mistral-small-latest",
    group="/v1/chat/completions",
    lines=1,
    input_id="file-1",
)
STATES = {"QUEUED": "running", "RUNNING": "running", "SUCCESS": "ended"}
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def name_of(file: Path) -> str:
    return f"{file.parts[-2]}/{file.stem}"


def exchange(name: str) -> Any:
    return json.loads((REAL / f"{name}.json").read_bytes())


def asked() -> Request:
    return hub(HI)


def row(body: object, status: int = 200) -> bytes:
    response = {"status_code": status, "body": body}
    return json.dumps({"id": "batch-1", "custom_id": "r-1", "response": response, "error": None}).encode()


def replayed[Outcome](conversation: Conversation[Outcome], *answers: Mapping[str, Any]) -> Outcome:
    """The outcome of a conversation that gets these recorded responses, whatever it asks."""
    responses: Iterator[Mapping[str, Any]] = iter(answers)
    try:
        request = next(conversation)
        while True:
            recorded = next(responses)
            request = conversation.send(
                httpx.Response(
                    recorded["status"], headers=recorded["headers"], json=recorded["body"], request=request
                )
            )
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


@pytest.mark.parametrize("file", CHATS, ids=name_of)
def test_real_completion_becomes_an_answer_with_everything_in_it(file: Path) -> None:
    body = json.loads(file.read_bytes())["response"]["body"]
    choice = body["choices"][0]
    said, usage = choice["message"], body["usage"]
    outcome = answer(row(body), asked)
    assert isinstance(outcome, Answer)
    chunks = (
        said["content"] if isinstance(said["content"], list) else [{"type": "text", "text": said["content"]}]
    )
    content = outcome.response.output.message.content
    assert [block.text for block in content if block.text is not None] == [
        chunk["text"] for chunk in chunks if chunk["type"] == "text" and chunk["text"]
    ]
    assert [
        block.reasoning_content.reasoning_text.text
        for block in content
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None
    ] == [
        "".join(part["text"] for part in chunk["thinking"]) for chunk in chunks if chunk["type"] == "thinking"
    ]
    assert [
        (block.tool_use.tool_use_id, block.tool_use.name, json.loads(bytes(block.tool_use.input)))
        for block in content
        if block.tool_use is not None
    ] == [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in said["tool_calls"] or []
    ]
    assert outcome.response.stop_reason == STOP_REASONS[choice["finish_reason"]]
    counted = outcome.response.usage
    assert counted.input_tokens + (counted.cache_read_input_tokens or 0) == usage["prompt_tokens"]
    assert counted.output_tokens == usage["completion_tokens"]
    assert (outcome.id, outcome.model, outcome.created) == (body["id"], body["model"], body["created"])


def test_what_we_send_is_what_was_sent() -> None:
    calls = ("vAKGXGFZD", "n9P3tR143", "tXj57CGus")
    schema = exchange("chat/three-tool-results")["request"]["body"]["tools"][0]["function"]
    record = {
        "system": [
            {"text": "You must call the dice_roll tool exactly 3 times when asked to roll dice 3 times."}
        ],
        "messages": [
            {"role": "user", "content": [{"text": "Roll the dice 3 times"}]},
            {
                "role": "assistant",
                "content": [
                    {"toolUse": {"toolUseId": call, "name": "dice_roll", "input": {}}} for call in calls
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": call, "content": [{"json": {"roll": number}}]}}
                    for number, call in enumerate(calls, 1)
                ],
            },
        ],
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": schema["name"],
                        "description": schema["description"],
                        "inputSchema": {"json": schema["parameters"]},
                    }
                }
            ]
        },
    }
    real = exchange("chat/three-tool-results")["request"]["body"]
    ours = json.loads(line("r-1", hub(record), real["model"]).data)["body"]
    assert {"model": real["model"], "stream": False, **ours} == real


def test_real_error_becomes_a_record_error_in_the_provider_s_words() -> None:
    response = exchange("errors/401-invalid-key")["response"]
    assert answer(row(response["body"], response["status"]), asked) == RecordError(401, "Invalid API Key")
    with pytest.raises(ProviderError, match="Invalid API Key") as refusal:
        replayed(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")), response)
    assert (refusal.value.status, refusal.value.passing) == (401, False)


def test_real_vectors_are_read() -> None:
    real = exchange("embeddings/mistral-embed")
    wanted = EmbeddingRequest(((TextPart(real["request"]["body"]["input"]),),), usual_dimensions=1024)
    sent = json.loads(EMBEDDINGS.line("r-1", wanted, "mistral-embed").data)["body"]
    assert {"model": "mistral-embed", **sent} == real["request"]["body"]
    outcome = EMBEDDINGS.answer(row(real["response"]["body"]), lambda: wanted)
    assert isinstance(outcome, EmbeddingAnswer)
    assert list(outcome.vectors[0]) == real["response"]["body"]["data"][0]["embedding"]
    assert outcome.input_tokens == 10


def test_real_rows_of_a_batch_are_read() -> None:
    rows = exchange("batch/inline-3-get-success")["response"]["body"]["outputs"]
    lines = [json.dumps(found).encode() for found in rows]
    assert [receipt(found) for found in lines] == [Receipt(str(number), True) for number in range(2)]
    answers = [answer(found, asked) for found in lines]
    assert [
        found.response.output.message.content[0].text for found in answers if isinstance(found, Answer)
    ] == ["4", "Jupiter"]


def test_real_upload_answer_names_the_file() -> None:
    response = exchange("batch/file-1-upload-sdk-object")["response"]
    outcome = replayed(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")), response)
    assert outcome == response["body"]["id"]


@pytest.mark.parametrize("file", JOBS, ids=name_of)
def test_real_job_is_read(file: Path) -> None:
    response = json.loads(file.read_bytes())["response"]
    body = response["body"]
    assert replayed(batches.retrieve(ENDPOINT, body["id"]), response) == Batch(
        id=body["id"],
        state=STATES[body["status"]],  # type: ignore[arg-type]  # the words above are checked by comparison
        raw_status=body["status"],
        total=body["total_requests"],
        succeeded=body["succeeded_requests"],
        failed=body["failed_requests"],
        result_files=tuple(filter(None, (body["output_file"], body["error_file"]))),
    )


def test_real_create_names_the_same_members() -> None:
    real = exchange("batch/inline-1-create-queued")
    ours = json.loads(next(batches.create(ENDPOINT, SUBMISSION, io.BytesIO())).content)
    instead = {"requests", "input_files", "metadata"}
    assert ours.keys() - instead == real["request"]["body"].keys() - instead
    created = replayed(batches.create(ENDPOINT, SUBMISSION, io.BytesIO()), real["response"])
    assert (created.id, created.state) == (real["response"]["body"]["id"], "running")
