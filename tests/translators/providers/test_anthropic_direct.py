"""Records asked one by one at Anthropic: the same lines, the same rows."""

import json
from typing import Any

import httpx
import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer
from translators.errors import RecordError
from translators.providers.anthropic import direct
from translators.providers.anthropic.request import line
from translators.providers.anthropic.response import answer
from translators.providers.anthropic.results import receipt
from translators.providers.conversation import Endpoint

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"x-api-key": "test-key"})
MODEL = "claude-haiku-4-5"
LINE = line("r-1", hub(HI), MODEL).data
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 8, "output_tokens": 2},
}


def outcome(response: httpx.Response) -> Any:
    row = direct.row(LINE, response)
    assert b"\n" not in row
    assert receipt(row).custom_id == "r-1"
    return answer(row, lambda: hub(HI))


@pytest.mark.parametrize(("group", "betas"), [("", None), ("a-beta,b-beta", "a-beta,b-beta")])
def test_line_becomes_a_message(group: str, betas: str | None) -> None:
    request = direct.request(ENDPOINT, LINE, MODEL, group)
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8000/v1/messages")
    assert request.headers["x-api-key"] == "test-key"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers.get("anthropic-beta") == betas
    assert json.loads(request.content) == json.loads(LINE)["params"]
    assert direct.custom_id(LINE) == "r-1"


def test_answer_becomes_the_row_that_a_batch_would_have() -> None:
    answered = outcome(httpx.Response(200, content=json.dumps(SAID, indent=2)))
    assert isinstance(answered, Answer)
    assert answered.response.output.message.content[0].text == "Hello!"


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (
            httpx.Response(
                429, json={"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}
            ),
            RecordError(429, "Slow down."),
        ),
        (httpx.Response(400, json={"error": {"message": "No."}}), RecordError(400, "No.")),
        (httpx.Response(422, json={"error": {"type": "odd", "message": "No."}}), RecordError(400, "No.")),
        (httpx.Response(529, text="Overloaded"), RecordError(529, "Overloaded")),
        (httpx.Response(502, content=b"\xff"), RecordError(500, "�")),
        (httpx.Response(200, text="<html>"), RecordError(500, "<html>")),
    ],
    ids=["its own", "without a type", "a type of others", "words", "no words", "no message"],
)
def test_refusal_is_the_records_error(response: httpx.Response, error: RecordError) -> None:
    assert outcome(response) == error
