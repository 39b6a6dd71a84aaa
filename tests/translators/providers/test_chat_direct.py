"""Chat completions asked for one by one, at providers whose lines are not quite OpenAI's."""

import json

import httpx
import msgspec
import pytest

from tests.translators.playing import endpoint_of
from tests.translators.provider_formats import FORMATS
from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.direct import Direct
from translators.providers.registry import PROVIDERS

ADDRESSES = {
    "azure": "https://example-resource.openai.azure.com/openai/v1/chat/completions",
    "fireworks": "https://api.fireworks.ai/inference/v1/chat/completions",
    "groq": "https://api.groq.com/openai/v1/chat/completions",
    "together": "https://api.together.xyz/v1/chat/completions",
    "xai": "https://api.x.ai/v1/chat/completions",
}
HI = msgspec.json.decode(b'{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}', type=Request)
ANSWER = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
}

each_provider = pytest.mark.parametrize("provider", ADDRESSES)


def direct_of(provider: str) -> Direct:
    direct = PROVIDERS[provider].direct
    assert direct is not None
    return direct


def line_of(provider: str) -> bytes:
    return PROVIDERS[provider].line("r-1", HI, FORMATS[provider].model).data


def answered(provider: str, response: httpx.Response) -> object:
    row = direct_of(provider).row(line_of(provider), response)
    assert b"\n" not in row
    assert PROVIDERS[provider].receipt(row).custom_id == "r-1"
    return PROVIDERS[provider].answer(row, lambda: HI)


@each_provider
def test_a_line_is_sent_as_the_call_it_stands_for(provider: str) -> None:
    endpoint, model = endpoint_of(provider), FORMATS[provider].model
    request = direct_of(provider).request(endpoint, line_of(provider), model, "")
    assert (request.method, str(request.url)) == ("POST", ADDRESSES[provider])
    assert {name: request.headers[name] for name in endpoint.headers} == endpoint.headers
    assert json.loads(request.content) == {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    assert direct_of(provider).custom_id(line_of(provider)) == "r-1"


@each_provider
def test_an_answer_is_the_record_s(provider: str) -> None:
    outcome = answered(provider, httpx.Response(200, content=json.dumps(ANSWER, indent=2)))
    assert isinstance(outcome, Answer)
    assert [block.text for block in outcome.response.output.message.content] == ["Hello!"]


@each_provider
@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(429, json={"error": {"message": "Slow down."}}), RecordError(429, "Slow down.")),
        (httpx.Response(502, text="Bad Gateway"), RecordError(502, "Bad Gateway")),
    ],
    ids=["json", "words"],
)
def test_a_refusal_is_the_record_s_error(provider: str, response: httpx.Response, error: RecordError) -> None:
    assert answered(provider, response) == error


@each_provider
def test_an_answer_that_is_no_json_is_the_record_s_error(provider: str) -> None:
    outcome = answered(provider, httpx.Response(200, text="<html>"))
    assert isinstance(outcome, RecordError)
    assert "<html>" in outcome.message
