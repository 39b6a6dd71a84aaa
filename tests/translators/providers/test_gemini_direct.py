"""Records asked one by one at Gemini: the same lines, the same rows."""

import json
from typing import Any

import httpx
import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer
from translators.bedrock.embeddings import EmbeddingRequest, TextPart
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.providers.conversation import Endpoint
from translators.providers.gemini import direct, embeddings, request
from translators.providers.gemini.response import answer, receipt

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"x-goog-api-key": "test-key"})
CHAT = request.line("r-1", hub(HI), "gemini-2.5-flash")
VECTOR = embeddings.line("r-1", EmbeddingRequest(((TextPart("a"),),)), "gemini-embedding-001")


def outcome(response: httpx.Response) -> Any:
    row = direct.row(CHAT.data, response)
    assert b"\n" not in row
    assert receipt(row).custom_id == "r-1"
    return answer(row, lambda: hub(HI))


@pytest.mark.parametrize(
    ("line", "model", "path"),
    [
        (CHAT, "gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        (CHAT, "models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        (VECTOR, "gemini-embedding-001", "/v1beta/models/gemini-embedding-001:embedContent"),
    ],
)
def test_line_becomes_the_call_it_stands_for(line: Line, model: str, path: str) -> None:
    request = direct.request(ENDPOINT, line.data, model, line.group)
    assert (request.method, request.url.path, request.url.query) == ("POST", path, b"")
    assert request.headers["x-goog-api-key"] == "test-key"
    assert json.loads(request.content) == json.loads(line.data)["request"]
    assert direct.custom_id(line.data) == "r-1"


def test_answer_becomes_the_row_that_a_batch_would_have() -> None:
    said = {"candidates": [{"content": {"parts": [{"text": "Hello!"}]}, "finishReason": "STOP"}]}
    answered = outcome(httpx.Response(200, content=json.dumps(said, indent=2)))
    assert isinstance(answered, Answer)
    assert answered.response.output.message.content[0].text == "Hello!"


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (
            httpx.Response(
                429, json={"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED"}}
            ),
            RecordError(429, "Quota."),
        ),
        (httpx.Response(502, text="Bad Gateway"), RecordError(502, "Bad Gateway")),
        (httpx.Response(503, content=b"\xff"), RecordError(503, "�")),
        (httpx.Response(200, text="<html>"), RecordError(502, "<html>")),
    ],
    ids=["its own", "words", "no words", "no answer"],
)
def test_refusal_is_the_records_error(response: httpx.Response, error: RecordError) -> None:
    assert outcome(response) == error
