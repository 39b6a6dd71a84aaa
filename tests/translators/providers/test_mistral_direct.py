"""Records asked one by one at Mistral: the same lines, the same rows."""

import json
from typing import Any

import httpx
import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer
from translators.bedrock.embeddings import EmbeddingRequest, TextPart
from translators.errors import RecordError
from translators.providers.conversation import Endpoint
from translators.providers.mistral import direct, request
from translators.providers.mistral.embeddings import EMBEDDINGS
from translators.providers.mistral.response import answer
from translators.providers.mistral.rows import receipt

ENDPOINT = Endpoint(base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer test-key"})
CHAT = request.line("r-1", hub(HI), "mistral-small-latest").data
VECTOR = EMBEDDINGS.line("r-1", EmbeddingRequest(((TextPart("a"),),)), "mistral-embed").data


def row(response: httpx.Response) -> Any:
    return answer(direct.row(CHAT, response), lambda: hub(HI))


@pytest.mark.parametrize(
    ("line", "model", "path", "body"),
    [
        (CHAT, "m", "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}),
        (VECTOR, "mistral-embed", "/v1/embeddings", {"model": "mistral-embed", "input": "a"}),
    ],
    ids=["chat", "vector"],
)
def test_line_becomes_a_call_that_names_the_model(line: bytes, model: str, path: str, body: Any) -> None:
    request = direct.request(ENDPOINT, line, model, "")
    assert (request.method, request.url.path) == ("POST", path)
    assert request.headers["Authorization"] == "Bearer test-key"
    assert json.loads(request.content) == body


def test_line_says_whose_it_is() -> None:
    assert direct.custom_id(CHAT) == "r-1"


def test_answer_becomes_the_row_that_a_batch_would_have() -> None:
    said = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Hello!"}}]}
    response = httpx.Response(200, content=json.dumps(said, indent=2))
    assert b"\n" not in direct.row(CHAT, response)
    assert receipt(direct.row(CHAT, response)).custom_id == "r-1"
    outcome = row(response)
    assert isinstance(outcome, Answer)
    assert outcome.response.output.message.content[0].text == "Hello!"


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(401, json={"detail": "Invalid API Key"}), RecordError(401, "Invalid API Key")),
        (httpx.Response(502, text="<html>"), RecordError(502, "<html>")),
        (httpx.Response(500, content=b"\xff"), RecordError(500, "�")),
    ],
    ids=str,
)
def test_refusal_becomes_the_record_s_error(response: httpx.Response, error: RecordError) -> None:
    assert row(response) == error
