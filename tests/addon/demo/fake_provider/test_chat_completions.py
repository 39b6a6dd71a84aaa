"""The answers of the demo's provider, by the shape of what was asked."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from addon.demo.fake_provider.chat_completions import chat_completion

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": ["string", "null"]},
        "mood": {"enum": ["glad", "sad"]},
        "tags": {"type": "array", "items": {"type": "boolean"}},
    },
}


def answer(content: Any, **members: Any) -> ChatCompletion:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}], **members}
    status, completion = chat_completion(body)
    assert status == 200
    return ChatCompletion.model_validate(completion, strict=True)


def said(completion: ChatCompletion) -> str:
    return completion.choices[0].message.content or ""


def test_text_is_answered_with_the_prompt_in_it() -> None:
    assert "What is a batch?" in said(answer("What is a batch?"))


def test_the_same_request_gets_the_same_answer() -> None:
    assert answer("Hello") == answer("Hello")
    assert answer("Hello").id != answer("Hello!").id


def test_an_image_is_mentioned() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert "image" in said(answer([image, {"type": "text", "text": "What is this?"}]))


@pytest.mark.parametrize(
    "choice", [{}, {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}}]
)
def test_a_tool_is_called_with_arguments_that_fit(choice: dict[str, Any]) -> None:
    (only,) = answer("Weather?", tools=[TOOL], **choice).choices
    assert only.finish_reason == "tool_calls"
    assert only.message.tool_calls is not None
    (call,) = only.message.tool_calls
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "example", "days": 3}


def test_a_forbidden_tool_is_not_called() -> None:
    assert answer("Weather?", tools=[TOOL], tool_choice="none").choices[0].finish_reason == "stop"


def test_a_tool_result_is_told() -> None:
    body = {"model": "m", "tools": [TOOL], "messages": [{"role": "tool", "content": "18 C"}]}
    _, completion = chat_completion(body)
    assert "18 C" in completion["choices"][0]["message"]["content"]


def test_structured_output_fits_its_schema() -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
    assert json.loads(said(answer("Go", response_format=format_))) == {
        "name": "example",
        "mood": "glad",
        "tags": [True],
    }
    assert json.loads(said(answer("Go", response_format={"type": "json_object"}))) == {"answer": "Go"}


def test_a_limit_cuts_the_answer() -> None:
    (only,) = answer("Tell me everything", max_completion_tokens=2).choices
    assert (only.finish_reason, len(only.message.content or "")) == ("length", 8)


def test_reasoning_is_counted() -> None:
    usage = answer("Think", reasoning_effort="high").usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 64
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_record_may_ask_to_fail() -> None:
    status, body = chat_completion(
        {"model": "m", "messages": [{"role": "user", "content": "Now, Please FAIL."}]}
    )
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
