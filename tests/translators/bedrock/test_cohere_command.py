"""Cohere Command: a prompt and its one generation."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.bedrock.converse_answers import answered
from translators.bedrock.converse import NotedRequest, StopReason, encode
from translators.bedrock.families.cohere import command
from translators.errors import Refused


def raw(body: dict[str, Any]) -> Raw:
    return Raw(json.dumps(body).encode())


def read(**body: Any) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(encode(command.request(raw({"prompt": "Say hi", **body}))))
    request.pop("notes", None)
    return request


def test_prompt_is_a_user_message() -> None:
    assert read(stop_sequences=[], truncate="NONE", return_likelihoods="NONE", stream=False) == {
        "messages": [{"role": "user", "content": [{"text": "Say hi"}]}]
    }


def test_settings_are_taken() -> None:
    request = read(max_tokens=9, temperature=0, p=0.5, k=3.0, stop_sequences=["|"], num_generations=2)
    assert request["inferenceConfig"] == {
        "maxTokens": 9,
        "temperature": 0.0,
        "topP": 0.5,
        "stopSequences": ["|"],
    }
    assert request["additionalModelRequestFields"] == {"top_k": 3, "n": 2}


def test_zero_switches_sampling_filters_off() -> None:
    request = read(p=0, k=0)
    assert request["inferenceConfig"] == {"topP": 1.0}
    assert "additionalModelRequestFields" not in request


@pytest.mark.parametrize(
    ("truncate", "noted"), [("NONE", []), ("START", ["truncate"]), ("END", ["truncate"])]
)
def test_cutting_a_long_prompt_is_noted_as_dropped(truncate: str, noted: list[str]) -> None:
    request = command.request(raw({"prompt": "Say hi", "truncate": truncate}))
    assert isinstance(request, NotedRequest)
    assert [note.field for note in request.notes] == noted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"prompt": ""}, "prompt: is empty"),
        ({"return_likelihoods": "ALL"}, "return_likelihoods: .*accepted is 'NONE'"),
        ({"logit_bias": {"11": 5.0}}, "logit_bias: counts tokens as Cohere does"),
        ({"stream": True}, "stream: "),
        ({"message": "Hi"}, "message: Extra inputs are not permitted"),
    ],
)
def test_what_has_no_counterpart_is_named(body: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        read(**body)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "COMPLETE"),
        ("stop_sequence", "COMPLETE"),
        ("max_tokens", "MAX_TOKENS"),
        ("content_filtered", "ERROR_TOXIC"),
        ("malformed_model_output", "ERROR"),
    ],
)
def test_finish_reason(reason: StopReason, expected: str) -> None:
    written = command.output(answered("Hi.", stop_reason=reason), "", raw({"prompt": "Say hi"}))
    assert json.loads(written) == {
        "id": "answer-1",
        "generations": [{"id": "answer-1", "text": "Hi.", "finish_reason": expected}],
        "prompt": "Say hi",
    }


def test_reason_without_a_word_gets_the_nearest_one() -> None:
    written = command.output(answered("Hi.", stop_reason="tool_use"), "", raw({"prompt": "Say hi"}))
    assert json.loads(written)["generations"][0]["finish_reason"] == "COMPLETE"
