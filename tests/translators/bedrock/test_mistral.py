"""Mistral's prompts as conversations, answers as its completions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.bedrock import prompt_families
from tests.translators.bedrock.prompt_families import CALL, REASONING, TEXT, Turns, answer, turns_of
from translators.bedrock.families import mistral
from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.translation import Route, Translator


def asked(prompt: str, **members: Any) -> dict[str, Any]:
    return prompt_families.hub(mistral.request, prompt=prompt, **members)


def of(prompt: str) -> Turns:
    return turns_of(mistral.request(Raw(json.dumps({"prompt": prompt}).encode())))


def test_smallest_prompt_adds_no_defaults() -> None:
    assert asked("<s>[INST] Hi [/INST]") == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_sampling_keeps_its_zeros() -> None:
    hub = asked("Hi", max_tokens=1, temperature=0, top_p=0, top_k=0, stop=["END"])
    assert hub["inferenceConfig"] == {
        "maxTokens": 1,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["END"],
    }
    assert hub["additionalModelRequestFields"] == {"top_k": 0}


def test_marks_of_the_template_stop_turns_that_end_by_themselves() -> None:
    assert asked("Hi", stop=["</s>", " [INST]", "END"])["inferenceConfig"] == {"stopSequences": ["END"]}
    assert asked("Hi", stop=["</s>"]) == asked("Hi", stop=[]) == asked("Hi")


@pytest.mark.parametrize(
    ("prompt", "conversation"),
    [
        ("Hi", [("user", "Hi")]),
        ("<s>Hi", [("user", "Hi")]),
        ("[INST]Hi[/INST]", [("user", "Hi")]),
        ("<s>[INST] A [/INST] B</s>[INST] C [/INST]", [("user", "A"), ("assistant", "B"), ("user", "C")]),
        ("<s>[INST] A [/INST] B </s><s>[INST] C [/INST]", [("user", "A"), ("assistant", "B"), ("user", "C")]),
        ("<s>[INST] A [/INST][INST] B [/INST]", [("user", "A"), ("user", "B")]),
        ("[INST] <<SYS>>\nS\n<</SYS>>\n\nA [/INST]", [("system", "S"), ("user", "A")]),
        ("<s> S\n[INST] A [/INST]", [("system", "S"), ("user", "A")]),
        ("<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]A[/INST]", [("system", "S"), ("user", "A")]),
        ("[INST] A [/INST]\n<output>", [("user", "A"), ("assistant", "<output>")]),
        ("[INST] x[0] < y [/INST]", [("user", "x[0] < y")]),
    ],
)
def test_turns_of_a_prompt_are_messages(prompt: str, conversation: Turns) -> None:
    assert of(prompt) == conversation


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"prompt": "Hi", "max_gen_len": 5}, "max_gen_len: Extra inputs are not permitted"),
        ({"prompt": "Hi", "max_tokens": 0}, "max_tokens: Expected `int` >= 1"),
        ({"prompt": " "}, "prompt: is empty"),
        ({"prompt": "<s>[INST] A"}, r"prompt: \[INST\] that is not closed at character 3"),
        ({"prompt": "[INST] <<SYS>> A [/INST]"}, "prompt: <<SYS>> that is not closed at character 6"),
        (
            {"prompt": "<s>[AVAILABLE_TOOLS] [] [/AVAILABLE_TOOLS][INST] A [/INST]"},
            r"prompt: \[AVAILABLE_TOOLS\] inside",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_where_it_stands(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        prompt_families.hub(mistral.request, **body)


def test_completion_is_whole() -> None:
    written = mistral.output(answer(REASONING, TEXT, stop_reason="max_tokens"), "", Raw(b"{}"))
    assert json.loads(written) == {"outputs": [{"text": "Hello.", "stop_reason": "length"}]}


def test_tool_call_is_not_shown() -> None:
    with pytest.raises(Refused, match=r"content\[0\]: toolUse cannot be shown"):
        mistral.output(answer(CALL, stop_reason="tool_use"), "", Raw(b"{}"))


@pytest.mark.parametrize(
    ("body", "family"),
    [
        ({"prompt": "Hi", "foo": 1}, "mistral"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "chat-mistral"),
        ({"messages": [{"role": "user", "content": []}]}, "chat-mistral"),
    ],
    ids=str,
)
def test_model_takes_prompts_and_chats(body: dict[str, Any], family: str) -> None:
    families = families_of_model(parse("mistral.mistral-large-2402-v1:0"))
    members = {name: Raw(json.dumps(value).encode()) for name, value in body.items()}
    assert family_of_body(members, families) is FAMILIES[family]


def test_records_of_one_job_may_be_prompts_and_chats() -> None:
    translator = Translator(
        Route(
            model_id="mistral.mistral-large-2402-v1:0",
            invocation_type="InvokeModel",
            provider="openai",
            model="gpt-4o-mini",
        )
    )
    for body in ({"prompt": "[INST] Hi [/INST]"}, {"messages": [{"role": "user", "content": "Hi"}]}) * 2:
        line = translator.line("0", InputRecord(Raw(json.dumps(body).encode())))
        assert isinstance(line, Line)
        assert json.loads(line.data)["body"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert translator.line("0", InputRecord(Raw(b'{"inputText": "Hi"}'))) == RecordError(
        400, "modelInput: is of no known shape; its members are ['inputText']"
    )


def test_prompt_without_known_model_is_mistral() -> None:
    members = {"prompt": Raw(b'"Hi"'), "max_tokens": Raw(b"5")}
    assert family_of_body(members) is FAMILIES["mistral"]


def template(conversation: Turns) -> str:
    prompt = "<s>"
    for role, text in conversation:
        prompt += f"[INST] {text} [/INST]" if role == "user" else f" {text}</s>"
    return prompt


@given(st.data())
def test_conversation_survives_the_template(data: st.DataObject) -> None:
    texts = prompt_families.texts("[<")
    questions = data.draw(st.lists(texts, min_size=1))
    conversation = [turn for text in questions for turn in (("user", text), ("assistant", data.draw(texts)))]
    system = data.draw(st.none() | texts)
    prompt = template(conversation[:-1])
    expected = conversation[:-1]
    if system is not None:
        prompt = prompt.replace("[INST] ", f"[INST] <<SYS>>\n{system}\n<</SYS>>\n\n", 1)
        expected = [("system", system), *expected]
    assert of(prompt) == expected
