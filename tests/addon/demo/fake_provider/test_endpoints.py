"""The demo's provider answers embeddings and responses too, as the official SDK expects them."""

import json
import math
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse
from openai.types.responses import Response

from addon.demo.fake_provider.endpoints import answer

FUNCTION = {
    "type": "function",
    "name": "get_weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def embedded(*texts: str, model: str = "text-embedding-3-small", **members: Any) -> CreateEmbeddingResponse:
    status, body = answer({"model": model, "input": list(texts), **members})
    assert status == 200
    return CreateEmbeddingResponse.model_validate(body, strict=True)


def responded(*items: dict[str, Any], **members: Any) -> Response:
    status, body = answer({"model": "gpt-5-nano", "input": list(items), **members})
    assert status == 200
    return Response.model_validate(body)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def test_same_text_has_the_same_vector_of_length_one() -> None:
    first, second, third = embedded("a cat", "a dog", "a cat").data
    assert first.embedding == third.embedding != second.embedding
    assert math.hypot(*first.embedding) == pytest.approx(1)
    assert [first.index, second.index, third.index] == [0, 1, 2]


@pytest.mark.parametrize(
    ("model", "members", "length"),
    [
        ("text-embedding-3-small", {}, 1536),
        ("text-embedding-3-large", {}, 3072),
        ("text-embedding-3-small", {"dimensions": 256}, 256),
    ],
)
def test_vectors_are_as_long_as_asked(model: str, members: dict[str, Any], length: int) -> None:
    assert len(embedded("a", model=model, **members).data[0].embedding) == length


def test_one_text_needs_no_list() -> None:
    _, body = answer({"model": "text-embedding-3-small", "input": "a cat"})
    assert body == answer({"model": "text-embedding-3-small", "input": ["a cat"]})[1]


def test_records_that_ask_to_fail_do() -> None:
    for model in ("text-embedding-3-small", "gpt-5-nano"):
        status, body = answer({"model": model, "input": "Please fail"})
        assert status == 400
        assert "asked to fail" in body["error"]["message"]


def test_response_answers_the_last_words() -> None:
    said = responded({"role": "developer", "content": "Be terse."}, user("What is 2 + 2?"))
    assert "What is 2 + 2?" in said.output_text
    assert said.status == "completed"
    assert responded(user([{"type": "input_text", "text": "Hi"}])).output_text.count("Hi") == 1
    assert "image" in responded(user([{"type": "input_image", "image_url": "data:"}])).output_text


def test_response_calls_a_function_and_reads_its_result() -> None:
    (call,) = responded(user("Weather?"), tools=[FUNCTION]).output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "example"}
    named = responded(
        user("Weather?"), tools=[FUNCTION], tool_choice={"type": "function", "name": "get_weather"}
    )
    assert named.output[0].type == "function_call"
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
    said = responded(user("Weather?"), call.model_dump(), output, tools=[FUNCTION])
    assert said.output_text == "The tool said: 18 degrees"


def test_response_is_cut_reasons_and_keeps_to_a_schema() -> None:
    cut = responded(user("Hi"), max_output_tokens=2)
    assert (cut.status, cut.incomplete_details and cut.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )
    usage = responded(user("Hi"), reasoning={"effort": "low"}).usage
    assert usage is not None
    assert usage.output_tokens_details.reasoning_tokens > 0
    form = {"type": "json_schema", "name": "n", "schema": FUNCTION["parameters"]}
    assert json.loads(responded(user("Hi"), text={"format": form}).output_text) == {"city": "example"}
