"""Titan Text and Claude's text completions: prompts that are transcripts, and the texts that go on."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.bedrock.converse_answers import THOUGHT, answered
from translators.bedrock.converse import (
    CitationsContent,
    ContentBlock,
    Request,
    StopReason,
    TextBlock,
    ToolUseBlock,
    encode,
)
from translators.bedrock.families import claude_text, titan
from translators.errors import Refused

TITAN = b"{}"
CALL = ContentBlock(tool_use=ToolUseBlock("call_1", "f", Raw(b"{}")))
CITED = ContentBlock(citations_content=CitationsContent([TextBlock("It says "), TextBlock("so.")]))


def read(family: ModuleType, body: dict[str, Any]) -> dict[str, Any]:
    request: Callable[[Raw], Request] = family.request
    said: dict[str, Any] = json.loads(encode(request(Raw(json.dumps(body).encode()))))
    said.pop("notes", None)
    return said


def turns(said: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"][0]["text"]) for turn in said["messages"]]


def claude(prompt: str, **members: Any) -> dict[str, Any]:
    return read(claude_text, {"prompt": prompt, "max_tokens_to_sample": 9, **members})


@pytest.mark.parametrize(
    ("text", "system", "expected"),
    [
        ("User: Hi\nBot:", None, [("user", "Hi")]),
        ("User: Hi\nBot: ", None, [("user", "Hi")]),
        (
            "User: Hi\nBot: Hello.\nUser: How\nare you?\nBot:",
            None,
            [("user", "Hi"), ("assistant", "Hello."), ("user", "How\nare you?")],
        ),
        ("Be terse.\n\nUser: Hi\nBot:", "Be terse.", [("user", "Hi")]),
        ("User: Hi\nBot: Once upon", None, [("user", "Hi"), ("assistant", "Once upon")]),
        ("Say hi", None, [("user", "Say hi")]),
        ("Complete this dialogue:\nUser: Hi", None, [("user", "Complete this dialogue:\nUser: Hi")]),
        ("Bot: Hi\nUser: Ho\nBot:", None, [("user", "Bot: Hi\nUser: Ho\nBot:")]),
        ("What is a User: field?", None, [("user", "What is a User: field?")]),
    ],
)
def test_titan_s_template_becomes_messages_and_other_text_is_the_user_s(
    text: str, system: str | None, expected: list[tuple[str, str]]
) -> None:
    said = read(titan, {"inputText": text})
    assert turns(said) == expected
    assert said.get("system") == (None if system is None else [{"text": system}])
    assert said.keys() <= {"messages", "system"}


def test_titan_s_settings_are_taken_zero_too() -> None:
    config = {"maxTokenCount": 32, "temperature": 0, "topP": 0, "stopSequences": ["|", "User:"]}
    body = {"inputText": "User: Hi\nBot:", "textGenerationConfig": config}
    assert read(titan, body)["inferenceConfig"] == {
        "maxTokens": 32,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["|"],
    }


def test_the_name_of_the_user_stops_a_text_that_is_no_transcript() -> None:
    config = {"stopSequences": ["User:"]}
    body = {"inputText": "Write a play.", "textGenerationConfig": config}
    assert read(titan, body)["inferenceConfig"] == {"stopSequences": ["User:"]}
    body["inputText"] = "User: Hi\nBot:"
    assert read(titan, body)["inferenceConfig"] == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "inputText: Field required"),
        ({"inputText": ""}, "inputText: Expected `str` of length >= 1"),
        ({"inputText": " \n"}, "is empty"),
        ({"inputText": "Hi", "seed": 1}, "seed: Extra inputs are not permitted"),
        ({"inputText": "Hi", "textGenerationConfig": {"topK": 1}}, "textGenerationConfig.topK: Extra inputs"),
        ({"inputText": "Hi", "textGenerationConfig": {"topP": 2}}, "textGenerationConfig.topP: Expected"),
    ],
)
def test_titan_names_what_is_wrong(body: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(titan, body)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "FINISH"),
        ("stop_sequence", "STOP_CRITERIA_MET"),
        ("max_tokens", "LENGTH"),
        ("model_context_window_exceeded", "LENGTH"),
        ("content_filtered", "CONTENT_FILTERED"),
        ("guardrail_intervened", "CONTENT_FILTERED"),
    ],
)
def test_titan_completion_reason(reason: StopReason, expected: str) -> None:
    written = json.loads(titan.output(answered("Hello", stop_reason=reason), "", Raw(TITAN)))
    assert written == {
        "inputTextTokenCount": 7,
        "results": [{"tokenCount": 3, "outputText": "Hello", "completionReason": expected}],
    }


@pytest.mark.parametrize("family", [titan, claude_text])
def test_an_answer_is_its_text_without_reasoning(family: ModuleType) -> None:
    written = json.loads(family.output(answered(THOUGHT, "One. ", CITED), "", Raw(TITAN)))
    assert (written["results"][0]["outputText"] if family is titan else written["completion"]) == (
        "One. It says so."
    )


@pytest.mark.parametrize("family", [titan, claude_text])
def test_what_is_no_text_cannot_be_shown(family: ModuleType) -> None:
    with pytest.raises(Refused, match=r"content\[0\]: toolUse cannot be shown"):
        family.output(answered(CALL), "", Raw(TITAN))
    with pytest.raises(Refused, match="'malformed_model_output' has no word"):
        family.output(answered("", stop_reason="malformed_model_output"), "", Raw(TITAN))


@pytest.mark.parametrize(
    ("prompt", "system", "expected"),
    [
        ("\n\nHuman: Hi\n\nAssistant:", None, [("user", "Hi")]),
        ("Human: Hi\n\nAssistant: ", None, [("user", "Hi")]),
        ("Human: Tell me a joke Assistant:", None, [("user", "Tell me a joke")]),
        ("Be terse.\n\nHuman: Hi\n\nAssistant: {", "Be terse.", [("user", "Hi"), ("assistant", "{")]),
        (
            "\n\nHuman: Hi\n\nAssistant: Ho\n\nHuman: What did the\nHuman: line say?\n\nAssistant:",
            None,
            [("user", "Hi"), ("assistant", "Ho"), ("user", "What did the\nHuman: line say?")],
        ),
        ("Say hi", None, [("user", "Say hi")]),
    ],
)
def test_claude_s_transcript_becomes_messages(
    prompt: str, system: str | None, expected: list[tuple[str, str]]
) -> None:
    said = claude(prompt)
    assert turns(said) == expected
    assert said.get("system") == (None if system is None else [{"text": system}])


def test_claude_s_settings_are_taken_zero_too() -> None:
    settings: dict[str, Any] = {"temperature": 0, "top_p": 0.0, "top_k": 0, "anthropic_version": None}
    said = claude("\n\nHuman: Hi\n\nAssistant:", stop_sequences=["\n\nHuman:", "END"], **settings)
    assert said["inferenceConfig"] == {
        "maxTokens": 9,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["END"],
    }
    assert said["additionalModelRequestFields"] == {"top_k": 0}


@pytest.mark.parametrize(
    ("reason", "sequence", "expected"),
    [
        ("end_turn", None, ("stop_sequence", "\n\nHuman:")),
        ("stop_sequence", "END", ("stop_sequence", "END")),
        ("max_tokens", None, ("max_tokens", None)),
        ("model_context_window_exceeded", None, ("max_tokens", None)),
        ("content_filtered", None, ("refusal", None)),
        ("guardrail_intervened", None, ("refusal", None)),
    ],
)
def test_claude_stop_of_a_completion(
    reason: StopReason, sequence: str | None, expected: tuple[str, str | None]
) -> None:
    answer = answered(" Hello", stop_reason=reason, stop_sequence=sequence)
    assert json.loads(claude_text.output(answer, "", Raw(b"{}"))) == {
        "type": "completion",
        "completion": " Hello",
        "stop_reason": expected[0],
        "stop": expected[1],
    }
