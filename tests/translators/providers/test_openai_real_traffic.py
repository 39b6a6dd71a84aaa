"""Real exchanges that others published, where a checkout of them lies beside the project."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from translators.bedrock.converse import Answer, Request
from translators.errors import ProviderError, RecordError
from translators.providers import uploaded_files as batches
from translators.providers.batch_file import Receipt
from translators.providers.chat_completions.rows import receipt
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Search, Submission
from translators.providers.identifiers import fitting
from translators.providers.openai.models import CHAT

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic"
CHATS = sorted(
    file
    for name in ("openai/chat-completions", "azure/chat", "groq/chat", "xai/chat")
    for file in (REAL / name).glob("*.json")
)
ERRORS = sorted(
    file for name in ("openai", "azure", "groq") for file in (REAL / name / "errors").glob("*.json")
)
GROQ_ROWS = sorted((REAL / "groq/batch").glob("*-response-member.json"))

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")

ENDPOINT = Endpoint(base_url="https://api.openai.com/v1", headers={})
MARKER = Marker(job="k3v9x0q2m7ab", shard=0, round=0)
SUBMISSION = Submission(
    marker=MARKER, model="gpt-4o-mini", group="/v1/chat/completions", lines=1, input_id="file-1"
)
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def name_of(file: Path) -> str:
    return f"{file.parts[-3]}/{file.stem}"


def exchange(name: str) -> Any:
    return json.loads((REAL / "openai" / "batch" / f"{name}.json").read_bytes())


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def row(body: object, status: int = 200) -> bytes:
    return json.dumps(
        {
            "id": "batch_req_1",
            "custom_id": "r-1",
            "response": {"status_code": status, "body": body},
            "error": None,
        }
    ).encode()


def replayed[Outcome](conversation: Conversation[Outcome], *answers: Mapping[str, Any]) -> Outcome:
    """The outcome of a conversation that gets these recorded responses, whatever it asks."""
    responses: Iterator[Mapping[str, Any]] = iter(answers)
    try:
        request = next(conversation)
        while True:
            recorded = next(responses)
            body = recorded["body"]
            content = body if isinstance(body, str) else json.dumps(body)
            request = conversation.send(
                httpx.Response(
                    recorded["status"], headers=recorded["headers"], content=content, request=request
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
    outcome = CHAT.answer(row(body), asked)
    assert isinstance(outcome, Answer)
    content = outcome.response.output.message.content
    texts = [said[name] for name in ("content", "refusal") if said.get(name)]
    reasoning = [said[name] for name in ("reasoning_content", "reasoning") if said.get(name)]
    calls = said.get("tool_calls") or []
    assert [block.text for block in content if block.text is not None] == texts
    assert [
        block.reasoning_content.reasoning_text.text
        for block in content
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None
    ] == reasoning
    assert [
        (block.tool_use.tool_use_id, block.tool_use.name, json.loads(bytes(block.tool_use.input)))
        for block in content
        if block.tool_use is not None
    ] == [
        (fitting(call["id"], 64), call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in calls
    ]
    expected = "tool_use" if calls else STOP_REASONS[choice["finish_reason"]]
    assert outcome.response.stop_reason == ("content_filtered" if said.get("refusal") else expected)
    counted = outcome.response.usage
    cached = (counted.cache_read_input_tokens or 0) + (counted.cache_write_input_tokens or 0)
    assert counted.input_tokens + cached == usage["prompt_tokens"]
    assert counted.output_tokens == usage["completion_tokens"]
    assert (outcome.id, outcome.model, outcome.created) == (body["id"], body["model"], body["created"])


@pytest.mark.parametrize("file", ERRORS, ids=name_of)
def test_real_error_becomes_a_record_error_in_the_provider_s_words(file: Path) -> None:
    response = json.loads(file.read_bytes())["response"]
    message = response["body"]["error"]["message"]
    assert CHAT.answer(row(response["body"], response["status"]), asked) == RecordError(
        response["status"], message
    )


def test_real_rows_of_a_batch_are_read() -> None:
    rows = exchange("chat-7-output-file-content")["response"]["body"].splitlines()
    assert [receipt(line.encode()) for line in rows] == [Receipt(str(number), True) for number in range(3)]
    assert all(isinstance(CHAT.answer(line.encode(), asked), Answer) for line in rows)


@pytest.mark.parametrize("file", GROQ_ROWS, ids=name_of)
def test_real_rows_of_a_compatible_server_are_read(file: Path) -> None:
    for response in json.loads(file.read_bytes())["response"]["body"]:
        line = json.dumps({"id": "batch_req_1", "custom_id": "r-1", "response": response, "error": None})
        assert isinstance(CHAT.answer(line.encode(), asked), Answer)


def test_real_upload_and_ours_have_the_same_form_but_for_the_expiry() -> None:
    real = exchange("chat-1-file-upload")
    body, boundary = real["request"]["body"], real["request"]["headers"]["content-type"].rpartition("=")[2]
    lines = body.partition("application/octet-stream\r\n\r\n")[2].partition(f"\r\n--{boundary}")[0]
    conversation = batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(lines.encode()))
    ours = next(conversation)
    written = (
        ours.read().decode().replace(f"bedrock_batch-{MARKER}", boundary).replace(f"{MARKER}.jsonl", "upload")
    )
    expiry = f'--{boundary}\r\nContent-Disposition: form-data; name="expires_after[{{}}]"\r\n\r\n{{}}\r\n'
    for member, value in batches.EXPIRY.items():
        part = expiry.format(member, value)
        assert part in written
        written = written.replace(part, "")
    assert written == body
    assert (ours.method, str(ours.url)) == (real["request"]["method"], real["request"]["url"])


def test_real_upload_answer_names_the_file() -> None:
    response = exchange("chat-1-file-upload")["response"]
    outcome = replayed(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")), response)
    assert outcome == response["body"]["id"]


def test_real_create_and_ours_ask_for_the_same_members_but_for_the_expiry() -> None:
    real = exchange("chat-3-create-validating")
    submission = replace(SUBMISSION, input_id=real["request"]["body"]["input_file_id"])
    ours = json.loads(next(batches.create(ENDPOINT, submission, io.BytesIO())).content)
    expected = {**real["request"]["body"], "output_expires_after": batches.EXPIRY}
    assert {**ours, "metadata": None} == {**expected, "metadata": None}
    created = replayed(batches.create(ENDPOINT, submission, io.BytesIO()), real["response"])
    assert (created.id, created.state) == (real["response"]["body"]["id"], "running")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("chat-4-retrieve-in-progress", "running"),
        ("chat-5-retrieve-finalizing", "running"),
        ("chat-6-retrieve-completed", "ended"),
        ("responses-4-retrieve-completed", "ended"),
        ("responses-json-schema-3-retrieve-completed", "ended"),
        ("cancel-cancelling", "running"),
    ],
)
def test_real_batch_is_read(name: str, state: str) -> None:
    response = exchange(name)["response"]
    body = response["body"]
    counts = body["request_counts"]
    assert replayed(batches.retrieve(ENDPOINT, body["id"]), response) == Batch(
        id=body["id"],
        state=state,  # type: ignore[arg-type]  # the parameters above are checked by comparison
        raw_status=body["status"],
        total=counts["total"],
        succeeded=counts["completed"],
        failed=counts["failed"],
        result_files=tuple(filter(None, (body["output_file_id"], body["error_file_id"]))),
    )


def test_real_list_is_searched_and_never_mistaken() -> None:
    response = exchange("list-completed-and-cancelled")["response"]
    answers = [response, {**response, "body": {"object": "list", "data": [], "has_more": False}}]
    assert (
        replayed(batches.find(ENDPOINT, SUBMISSION, Search(since=0, claimed=frozenset())), *answers) is None
    )


@pytest.mark.parametrize("name", ["400-batch-file-not-jsonl", "400-batch-file-too-large", "401-invalid-key"])
def test_real_refusal_of_a_call_is_told_in_the_provider_s_words(name: str) -> None:
    response = json.loads((REAL / "openai" / "errors" / f"{name}.json").read_bytes())["response"]
    with pytest.raises(ProviderError) as refusal:
        replayed(batches.upload(ENDPOINT, SUBMISSION, io.BytesIO(b"{}\n")), response)
    assert refusal.value.message == response["body"]["error"]["message"]
    assert (refusal.value.status, refusal.value.passing) == (response["status"], False)


def test_real_rate_limit_says_how_long_to_wait() -> None:
    response = json.loads((REAL / "azure" / "errors" / "429-rate-limit-retry-after.json").read_bytes())[
        "response"
    ]
    with pytest.raises(ProviderError) as refusal:
        replayed(batches.retrieve(ENDPOINT, "batch_1"), response)
    assert (refusal.value.retry_after, refusal.value.passing) == (1.0, True)
