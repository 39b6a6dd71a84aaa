"""DeepSeek's prompts as conversations, answers as its completions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.bedrock import prompt_families
from tests.translators.bedrock.prompt_families import (
    CALL,
    REASONING,
    TEXT,
    Turns,
    answer,
    conversations,
    turns_of,
)
from translators.bedrock.converse import ContentBlock, StopReason
from translators.bedrock.families import deepseek
from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.errors import Refused

BAR, SPACE = "\uff5c", "\u2581"
BEGIN = f"<{BAR}begin{SPACE}of{SPACE}sentence{BAR}>"
END = f"<{BAR}end{SPACE}of{SPACE}sentence{BAR}>"
USER = f"<{BAR}User{BAR}>"
ASSISTANT = f"<{BAR}Assistant{BAR}>"


def in_ascii(prompt: str) -> str:
    return prompt.replace(BAR, "|").replace(SPACE, "_")


def asked(prompt: str, **members: Any) -> dict[str, Any]:
    return prompt_families.hub(deepseek.request, prompt=prompt, **members)


def of(prompt: str) -> Turns:
    return turns_of(deepseek.request(Raw(json.dumps({"prompt": prompt}).encode())))


def shown(*content: ContentBlock, prompt: str = "Hi", stop_reason: StopReason = "end_turn") -> Any:
    body = Raw(json.dumps({"prompt": prompt}).encode())
    (choice,) = json.loads(deepseek.output(answer(*content, stop_reason=stop_reason), "", body))["choices"]
    return choice


def test_smallest_prompt_adds_no_defaults() -> None:
    prompt = f"{BEGIN}{USER}Hi{ASSISTANT}<think>\n"
    assert asked(prompt) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_sampling_keeps_its_zeros() -> None:
    hub = asked("Hi", max_tokens=1, temperature=0, top_p=0, stop=["END", END, in_ascii(USER)])
    assert hub["inferenceConfig"] == {
        "maxTokens": 1,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["END"],
    }


@pytest.mark.parametrize(
    ("prompt", "conversation"),
    [
        ("Hi", [("user", "Hi")]),
        (f"{BEGIN}Hi", [("user", "Hi")]),
        (f"{USER}Hi{ASSISTANT}", [("user", "Hi")]),
        (
            f"\n{BEGIN}\nS\n{USER}A\n{ASSISTANT}B{END}{USER}C{ASSISTANT}",
            [("system", "S"), ("user", "A"), ("assistant", "B"), ("user", "C")],
        ),
        (f"{USER}A{ASSISTANT}</think>B{END}{USER}C", [("user", "A"), ("assistant", "B"), ("user", "C")]),
        (f"{USER}A{ASSISTANT}{END}{USER}C", [("user", "A"), ("user", "C")]),
        (f"{USER}A{ASSISTANT}Once", [("user", "A"), ("assistant", "Once")]),
        (f"{BEGIN}{BEGIN}{USER}A{ASSISTANT}", [("user", "A")]),
        (f"{BEGIN}\n{BEGIN}Hi", [("user", "Hi")]),
    ],
)
def test_turns_of_a_prompt_are_messages(prompt: str, conversation: Turns) -> None:
    assert of(prompt) == conversation
    assert of(in_ascii(prompt)) == conversation


def test_reasoning_of_an_earlier_turn_stays_reasoning() -> None:
    prompt = f"{USER}A{ASSISTANT}<think>\nHm.\n</think>\n\nB{END}{USER}C{ASSISTANT}<think>\n"
    assert asked(prompt)["messages"][1] == {
        "role": "assistant",
        "content": [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "B"}],
    }


def test_reasoning_that_is_closed_from_the_start_is_not_wanted() -> None:
    hub = asked(f"{USER}A{ASSISTANT}</think>\n")
    assert hub["additionalModelRequestFields"] == {"reasoning_effort": "none"}
    assert hub["messages"] == [{"role": "user", "content": [{"text": "A"}]}]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"prompt": "Hi", "top_k": 5}, "top_k: Extra inputs are not permitted"),
        ({"prompt": "Hi", "stop": ["x"] * 11}, "stop: Expected `array` of length <= 10"),
        ({"prompt": BEGIN}, "prompt: is empty"),
        ({"prompt": ASSISTANT}, "prompt: has no turn"),
        (
            {"prompt": f"{USER}A{ASSISTANT}<{BAR}tool{SPACE}calls{SPACE}begin{BAR}>"},
            "prompt: .*tool.* inside a turn that begins at character 22",
        ),
        (
            {"prompt": f"{USER}A{ASSISTANT}<think>First"},
            "prompt: reasoning that is begun cannot be continued",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_where_it_stands(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        prompt_families.hub(deepseek.request, **body)


THINKING = f"{USER}Hi{ASSISTANT}<think>\n"


@pytest.mark.parametrize(
    ("prompt", "content", "text"),
    [
        ("Hi", [TEXT], "Hello."),
        ("Hi", [REASONING, TEXT], "<think>\nGreet.\n</think>\n\nHello."),
        (THINKING, [REASONING, TEXT], "Greet.\n</think>\n\nHello."),
        (THINKING, [TEXT], "\n</think>\n\nHello."),
    ],
    ids=repr,
)
def test_reasoning_ends_where_applications_split(prompt: str, content: list[ContentBlock], text: str) -> None:
    assert shown(*content, prompt=prompt) == {"text": text, "stop_reason": "stop"}


def test_reasoning_that_was_cut_off_is_not_closed() -> None:
    cut = shown(REASONING, prompt=THINKING, stop_reason="max_tokens")
    assert cut == {"text": "Greet.", "stop_reason": "length"}


def test_tool_call_is_not_shown() -> None:
    with pytest.raises(Refused, match=r"content\[0\]: toolUse cannot be shown"):
        shown(CALL, stop_reason="tool_use")


@pytest.mark.parametrize(
    ("body", "family"),
    [({"prompt": "Hi"}, "deepseek"), ({"messages": [{"role": "user", "content": "Hi"}]}, "chat")],
    ids=str,
)
def test_model_takes_prompts_and_chats(body: dict[str, Any], family: str) -> None:
    families = families_of_model(parse("us.deepseek.r1-v1:0"))
    members = {name: Raw(json.dumps(value).encode()) for name, value in body.items()}
    assert family_of_body(members, families) is FAMILIES[family]


@pytest.mark.parametrize("prompt", [BEGIN, USER, f"\n{BEGIN}{USER}", in_ascii(USER), in_ascii(BEGIN)])
@pytest.mark.parametrize("escaped", [True, False])
def test_prompt_without_known_model_in_this_template_is_deepseek(prompt: str, escaped: bool) -> None:
    body = json.dumps(f"{prompt}Hi", ensure_ascii=escaped).encode()
    assert family_of_body({"prompt": Raw(body)}) is FAMILIES["deepseek"]


@given(conversations("user", "assistant", forbidden="<"), st.booleans(), st.booleans())
def test_conversation_survives_the_template(conversation: Turns, ascii_marks: bool, system: bool) -> None:
    prompt = BEGIN + ("Be terse." if system else "")
    for role, text in conversation:
        prompt += f"{USER}{text}" if role == "user" else f"{ASSISTANT}{text}{END}"
    prompt += f"{ASSISTANT}<think>\n"
    if ascii_marks:
        for mark in (BEGIN, END, USER, ASSISTANT):
            prompt = prompt.replace(mark, in_ascii(mark))
    expected = [("system", "Be terse."), *conversation] if system else conversation
    assert of(prompt) == expected
