"""OpenAI's plain API: a line becomes a call, its answer a row."""

import json

import httpx
import pytest

from translators.errors import RecordError
from translators.providers.chat_completions import direct, rows
from translators.providers.conversation import Endpoint
from translators.providers.openai.models import CHAT

ENDPOINT = Endpoint(base_url="http://127.0.0.1:11434/v1", headers={"Authorization": "Bearer test-key"})
LINE = json.dumps(
    {
        "custom_id": "abcdefghij12-7",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "llama3", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0},
    }
).encode()


def test_a_line_is_sent_as_the_call_it_stands_for() -> None:
    request = direct.request(ENDPOINT, LINE, "llama3", "")
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:11434/v1/chat/completions")
    assert request.headers["Authorization"] == "Bearer test-key"
    assert json.loads(request.content) == json.loads(LINE)["body"]
    assert direct.custom_id(LINE) == "abcdefghij12-7"


def test_an_answer_is_one_line_however_it_is_laid_out() -> None:
    body = json.dumps({"choices": [{"text": "a\nb"}]}, indent=2) + "\n"
    response = httpx.Response(200, content=body, headers={"x-request-id": "req_1"})
    row = direct.row(LINE, response)
    assert b"\n" not in row
    assert json.loads(row)["response"] == {
        "status_code": 200,
        "request_id": "req_1",
        "body": {"choices": [{"text": "a\nb"}]},
    }
    assert rows.receipt(row).custom_id == "abcdefghij12-7"


@pytest.mark.parametrize("content", [b"<html>Bad Gateway</html>", b"", b"\xff\xfe"])
def test_words_that_are_no_json_become_the_records_error(content: bytes) -> None:
    row = direct.row(LINE, httpx.Response(502, content=content))
    answer = CHAT.answer(row, lambda: pytest.fail("not needed"))
    assert isinstance(answer, RecordError)
    assert answer.code == 502
