"""Template marks where no turn can begin or end: what a text is about, in every prompt dialect."""

import json
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.bedrock.prompt_families import Turns, turns_of
from translators.bedrock.families import claude_text, deepseek, llama, mistral, titan
from translators.errors import Refused

B, E = "<|start_header_id|>", "<|end_header_id|>"
OPEN = f"{B}assistant{E}\n\n"
BOS = "<|begin_of_text|>"
DS_END = "<\uff5cend\u2581of\u2581sentence\uff5c>"
DS_TOOL = "<\uff5ctool\u2581calls\u2581begin\uff5c>"

MEMBERS: dict[ModuleType, dict[str, Any]] = {claude_text: {"max_tokens_to_sample": 5}}


def of(family: Any, prompt: str) -> Turns:
    name = "inputText" if family is titan else "prompt"
    body = {name: prompt, **MEMBERS.get(family, {})}
    return turns_of(family.request(Raw(json.dumps(body).encode())))


INST_TEXTS = [
    "Explain what the [INST] token means.",
    "[INST] is a token of Llama. Explain it.",
    "Which is right, <s>old</s> or <del>old</del>?",
    "What do [INST] and [/INST] mean?",
    "Is </s> the end?",
    "<s>old</s> <b>new</b>",
    "How is [TOOL_CALLS] used? And <<SYS>>?",
]


@pytest.mark.parametrize("family", [mistral, llama], ids=["mistral", "llama"])
@pytest.mark.parametrize("text", INST_TEXTS)
def test_marks_of_inst_in_plain_text_are_text(family: ModuleType, text: str) -> None:
    assert of(family, text) == [("user", text)]


@pytest.mark.parametrize("family", [mistral, llama], ids=["mistral", "llama"])
@pytest.mark.parametrize(
    ("prompt", "turns"),
    [
        ("<s>[INST] Fix <p><s>old</s></p> [/INST]", [("user", "Fix <p><s>old</s></p>")]),
        ("[INST] What does [INST] mean? [/INST]", [("user", "What does [INST] mean?")]),
        ("[INST] Why <<SYS>>? [/INST]", [("user", "Why <<SYS>>?")]),
        ("[INST] Why [AVAILABLE_TOOLS]? [/INST]", [("user", "Why [AVAILABLE_TOOLS]?")]),
        (
            "<s>[INST] A [/INST] It is <s>B</s> C. </s>[INST] D [/INST]",
            [("user", "A"), ("assistant", "It is <s>B</s> C."), ("user", "D")],
        ),
        ("[INST] A [/INST] B [/INST]", [("user", "A"), ("assistant", "B [/INST]")]),
        ("[INST] A [/INST] The [INST] mark", [("user", "A"), ("assistant", "The [INST] mark")]),
        (
            "[INST] A [/INST] B </s> C [INST] D [/INST]",
            [("user", "A"), ("assistant", "B </s> C"), ("user", "D")],
        ),
        ("S [INST] A [/INST]", [("system", "S"), ("user", "A")]),
    ],
)
def test_marks_inside_turns_of_inst_are_text(family: ModuleType, prompt: str, turns: Turns) -> None:
    assert of(family, prompt) == turns


@pytest.mark.parametrize(
    ("prompt", "turns"),
    [
        (f"{BOS}{BOS}{B}user{E}\n\nHi<|eot_id|>{OPEN}", [("user", "Hi")]),
        (f"{BOS}\n{BOS}Hi", [("user", "Hi")]),
        (f"What is {B}?", [("user", f"What is {B}?")]),
        (f"{B}user", [("user", f"{B}user")]),
        (f"{B}x{E} is what?", [("user", f"{B}x{E} is what?")]),
        (f"{B}user{E}\n\nWhat is <|eot_id|> for?<|eot_id|>{OPEN}", [("user", "What is <|eot_id|> for?")]),
        (f"{B}user{E}\n\nWhat is {B}x{E}?<|eot_id|>{OPEN}", [("user", f"What is {B}x{E}?")]),
        (f"{B}user{E}\n\nWhat is {BOS}?<|eot_id|>{OPEN}", [("user", f"What is {BOS}?")]),
        (f"{B}user{E}\n\nHi <s>you</s> [INST]<|eot_id|>{OPEN}", [("user", "Hi <s>you</s> [INST]")]),
    ],
)
def test_marks_of_llama_are_text_where_no_turn_begins(prompt: str, turns: Turns) -> None:
    assert of(llama, prompt) == turns


@pytest.mark.parametrize("bar", ["\uff5c", "|"])
@pytest.mark.parametrize(
    ("prompt", "turns"),
    [
        ("What does <\uff5cUser\uff5c> mean?", [("user", "What does <\uff5cUser\uff5c> mean?")]),
        (f"Is {DS_TOOL} a mark?", [("user", f"Is {DS_TOOL} a mark?")]),
        (f"<\uff5cUser\uff5c>Why {DS_TOOL}?<\uff5cAssistant\uff5c>", [("user", f"Why {DS_TOOL}?")]),
        (f"<\uff5cUser\uff5c>Is {DS_END} it?<\uff5cAssistant\uff5c>", [("user", f"Is {DS_END} it?")]),
        ("S<\uff5cUser\uff5c>A<\uff5cAssistant\uff5c><think>\n", [("system", "S"), ("user", "A")]),
    ],
)
def test_marks_of_deepseek_are_text_where_no_turn_begins(bar: str, prompt: str, turns: Turns) -> None:
    written = prompt.replace("\uff5c", bar)
    assert of(deepseek, written) == [(role, text.replace("\uff5c", bar)) for role, text in turns]


@pytest.mark.parametrize(
    ("family", "prompt", "turns"),
    [
        (titan, "Why is it User: and not Bot: here?", [("user", "Why is it User: and not Bot: here?")]),
        (titan, "User: Say User: twice\nBot:", [("user", "Say User: twice")]),
        (
            claude_text,
            "\n\nHuman: Split at Human: and Assistant: here\n\nAssistant:",
            [("user", "Split at Human: and Assistant: here")],
        ),
    ],
)
def test_names_of_speakers_inside_a_line_are_text(family: ModuleType, prompt: str, turns: Turns) -> None:
    assert of(family, prompt) == turns


MARKS = st.sampled_from(
    [B, E, BOS, "<|eot_id|>", "[INST]", "[/INST]", "<s>", "</s>", "<<SYS>>", DS_TOOL, "User:", "\n\nHuman:"]
)


@given(
    st.sampled_from([mistral, llama, deepseek]), st.lists(MARKS | st.text("ab \n"), min_size=1).map("".join)
)
def test_no_prompt_of_marks_breaks_anything_but_itself(family: ModuleType, prompt: str) -> None:
    with suppress(Refused):
        assert of(family, prompt)
