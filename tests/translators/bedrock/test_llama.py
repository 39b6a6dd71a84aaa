"""Llama's prompts as conversations, answers as its completions."""

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
from translators.bedrock.converse import ContentBlock, NotedRequest, StopReason
from translators.bedrock.families import llama
from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.errors import Filtered, Refused

PNG, JPEG, GIF, WEBP = "iVBORw0KGgo=", "/9j/4AA=", "R0lGODlh", "UklGRgAA"


def turn(role: str, text: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>"


OPEN = "<|start_header_id|>assistant<|end_header_id|>\n\n"
BEGIN = "<|begin_of_text|>"


def asked(prompt: str, **members: Any) -> dict[str, Any]:
    return prompt_families.hub(llama.request, prompt=prompt, **members)


def messages(prompt: str, **members: Any) -> Any:
    return asked(prompt, **members)["messages"]


def shown(*content: ContentBlock, stop_reason: StopReason = "end_turn", refusal: str = "") -> Any:
    written = llama.output(answer(*content, stop_reason=stop_reason, refusal=refusal), "", Raw(b"{}"))
    return json.loads(written)


def test_smallest_prompt_adds_no_defaults() -> None:
    prompt = BEGIN + turn("user", "Hi") + OPEN
    assert asked(prompt) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_sampling_keeps_its_zeros() -> None:
    hub = asked("Hi", max_gen_len=1, temperature=0, top_p=0)
    assert hub["inferenceConfig"] == {"maxTokens": 1, "temperature": 0.0, "topP": 0.0}


def test_every_turn_is_a_message() -> None:
    prompt = (
        BEGIN
        + turn("system", "Be terse.")
        + turn("user", "A?")
        + turn("assistant", "B.")
        + turn("system", "Terser.")
        + turn("user", "C?")
        + OPEN
    )
    assert asked(prompt) == {
        "system": [{"text": "Be terse."}],
        "messages": [
            {"role": "user", "content": [{"text": "A?"}]},
            {"role": "assistant", "content": [{"text": "B."}]},
            {"role": "system", "content": [{"text": "Terser."}]},
            {"role": "user", "content": [{"text": "C?"}]},
        ],
    }


@pytest.mark.parametrize(
    "prompt",
    [
        "\n<|begin_of_text|><|start_header_id|>user<|end_header_id|>\nHi\n<|eot_id|>\n"
        "<|start_header_id|>assistant<|end_header_id|>\n",
        "<|start_header_id|>user<|end_header_id|>Hi<|start_header_id|>assistant<|end_header_id|>",
        "<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n",
        "<|start_header_id|> user <|end_header_id|>\n\nHi<|eot_id|><|end_of_text|>",
        "<s>[INST] Hi [/INST]",
        "Hi",
        "<|begin_of_text|>Hi",
    ],
)
def test_prompt_may_be_written_in_many_ways(prompt: str) -> None:
    assert asked(prompt) == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_beginning_of_the_answer_is_the_assistant_s_turn() -> None:
    assert messages(turn("user", "JSON!") + OPEN + "{") == [
        {"role": "user", "content": [{"text": "JSON!"}]},
        {"role": "assistant", "content": [{"text": "{"}]},
    ]


def test_words_of_other_marks_stay() -> None:
    (message,) = messages(turn("user", "What is <|this|>?") + OPEN)
    assert message["content"] == [{"text": "What is <|this|>?"}]


def test_a_mark_of_the_beginning_inside_a_text_stays() -> None:
    text = f"What does {BEGIN} mean?"
    (message,) = messages(f"{BEGIN}{BEGIN}{text}")
    assert message["content"] == [{"text": text}]


def test_tool_result_stays_text_with_a_note() -> None:
    prompt = turn("user", "Weather?") + turn("assistant", '<|python_tag|>{"name": "w"}').replace(
        "<|eot_id|>", "<|eom_id|>", 2
    )
    prompt += turn("ipython", "18 C") + turn("tool", "Sun") + OPEN
    request = llama.request(Raw(json.dumps({"prompt": prompt}).encode()))
    assert turns_of(request) == [
        ("user", "Weather?"),
        ("assistant", '<|python_tag|>{"name": "w"}'),
        ("user", "18 C"),
        ("user", "Sun"),
    ]
    assert isinstance(request, NotedRequest)
    assert [(note.field, note.effect) for note in request.notes] == [("prompt", "mapped")]


def test_images_stand_where_the_prompt_marks_them() -> None:
    prompt = turn("user", "<|image|>What is this?") + turn("assistant", "A cat.")
    prompt += turn("user", "And <|image|> or <|image|>") + OPEN
    assert messages(prompt, images=[PNG, f"data:image/jpeg;base64,{JPEG}", GIF]) == [
        {
            "role": "user",
            "content": [{"image": {"format": "png", "source": {"bytes": PNG}}}, {"text": "What is this?"}],
        },
        {"role": "assistant", "content": [{"text": "A cat."}]},
        {
            "role": "user",
            "content": [
                {"text": "And"},
                {"image": {"format": "jpeg", "source": {"bytes": JPEG}}},
                {"text": "or"},
                {"image": {"format": "gif", "source": {"bytes": GIF}}},
            ],
        },
    ]


def test_images_without_marks_stand_before_the_last_question() -> None:
    prompt = turn("user", "A?") + turn("user", "B?") + turn("assistant", "C.")
    images = [
        {"image": {"format": form, "source": {"bytes": data}}}
        for form, data in (("webp", WEBP), ("png", PNG))
    ]
    assert [message["content"] for message in messages(prompt, images=[WEBP, PNG])] == [
        [{"text": "A?"}],
        [*images, {"text": "B?"}],
        [{"text": "C."}],
    ]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"prompt": "Hi", "max_tokens": 5}, "max_tokens: Extra inputs are not permitted"),
        ({"max_gen_len": 5}, "prompt: Field required"),
        ({"prompt": "Hi", "temperature": 2}, "temperature: Expected `float` <= 1.0"),
        ({"prompt": ""}, "prompt: is empty"),
        ({"prompt": "<|begin_of_text|> \n"}, "prompt: is empty"),
        ({"prompt": OPEN}, "prompt: has no turn"),
        ({"prompt": f"Hi {turn('user', 'x')}"}, "prompt: text outside of a turn at character 0"),
        ({"prompt": f"{turn('user', 'x')}y{OPEN}"}, "prompt: text behind the end of the turn at character 0"),
        (
            {"prompt": turn("user", "x") + turn("critic", "y")},
            "prompt: a turn of 'critic', who is none of system, ",
        ),
        (
            {"prompt": turn("user", "<|image|>"), "images": [PNG, PNG]},
            r"images: 2 given, the prompt has 1 <\|image\|>",
        ),
        ({"prompt": "Hi", "images": ["AAAA"]}, r"images\[0\]: is not base64 of a PNG, JPEG, GIF or WebP"),
        (
            {"prompt": turn("system", "x"), "images": [PNG]},
            "images: belong to a turn of the user; the prompt has none",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_where_it_stands(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        prompt_families.hub(llama.request, **body)


def test_place_of_a_flaw_counts_characters() -> None:
    prompt = turn("user", "ü") + turn("critic", "x")
    with pytest.raises(Refused, match=f"at character {prompt.index('<|start_header_id|>critic')}$"):
        asked(prompt)


def test_completion_is_whole() -> None:
    assert shown(REASONING, TEXT) == {
        "generation": "Hello.",
        "prompt_token_count": 14,
        "generation_token_count": 5,
        "stop_reason": "stop",
    }


@pytest.mark.parametrize(
    ("stop_reason", "word"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
    ],
)
def test_each_stop_reason_has_its_word(stop_reason: StopReason, word: str) -> None:
    assert shown(TEXT, stop_reason=stop_reason)["stop_reason"] == word


def test_refusal_in_words_is_a_text() -> None:
    assert shown(TEXT, stop_reason="content_filtered", refusal="Hello.")["stop_reason"] == "stop"


@pytest.mark.parametrize(
    ("stop_reason", "word"),
    [("content_filtered", "length"), ("guardrail_intervened", "length"), ("malformed_tool_use", "stop")],
)
def test_reason_without_a_word_gets_the_nearest_one_and_a_note(stop_reason: StopReason, word: str) -> None:
    said = answer(TEXT, stop_reason=stop_reason)
    assert json.loads(llama.output(said, "", Raw(b"{}")))["stop_reason"] == word
    assert [(note.field, note.effect) for note in said.notes] == [("stop_reason", "mapped")]


def test_nothing_said_is_no_answer() -> None:
    with pytest.raises(Filtered, match="the provider's filter stopped the answer"):
        shown(REASONING, stop_reason="content_filtered")
    with pytest.raises(Refused, match="'malformed_tool_use' has no word in this dialect"):
        shown(stop_reason="malformed_tool_use")


def test_tool_call_is_not_shown() -> None:
    with pytest.raises(
        Refused, match=r"content\[0\]: toolUse cannot be shown; accepted are text and reasoning"
    ):
        shown(CALL, stop_reason="tool_use")


def test_text_beside_a_tool_call_is_shown_with_a_note() -> None:
    said = answer(TEXT, CALL, stop_reason="tool_use")
    assert json.loads(llama.output(said, "", Raw(b"{}")))["generation"] == "Hello."
    assert [note.field for note in said.notes] == ["content.toolUse", "stop_reason"]


@pytest.mark.parametrize(
    "model_id", ["meta.llama3-8b-instruct-v1:0", "us.meta.llama4-scout-17b-instruct-v1:0"]
)
def test_family_of_model_id(model_id: str) -> None:
    assert families_of_model(parse(model_id)) == (FAMILIES["llama"],)


@pytest.mark.parametrize("body", [{"prompt": "Hi", "max_gen_len": 5}, {"prompt": BEGIN + OPEN}], ids=str)
def test_family_of_body(body: dict[str, Any]) -> None:
    members = {name: Raw(json.dumps(value).encode()) for name, value in body.items()}
    assert family_of_body(members) is FAMILIES["llama"]


@given(conversations("system", "user", "assistant", forbidden="<"), st.booleans())
def test_conversation_survives_the_template(conversation: Turns, fourth: bool) -> None:
    prompt = BEGIN + "".join(turn(role, text) for role, text in conversation) + OPEN
    if fourth:
        for mark, other in (
            ("start_header_id", "header_start"),
            ("end_header_id", "header_end"),
            ("eot_id", "eot"),
        ):
            prompt = prompt.replace(f"<|{mark}|>", f"<|{other}|>")
    assert turns_of(llama.request(Raw(json.dumps({"prompt": prompt}).encode()))) == conversation


MARKS = st.sampled_from(
    [
        *(
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|begin_of_text|>",
            "|",
            "<|",
        ),
        *("<|start_header_id|>user<|end_header_id|>", "<|start_header_id|>x<|end_header_id|>", OPEN),
        *("<|start_header_id|>tool<|end_header_id|>\n\n", "<|start_header_id|> user\n<|end_header_id|>"),
        *(
            "<|start_header_id|>user",
            "<|header_start|>user<|header_end|>",
            "<|eot|>",
            "<|image|>",
            "user",
            "assistant",
            "a",
            " ",
            "\n",
        ),
    ]
)


@given(
    start=st.sampled_from(
        ["", turn("user", "a"), turn("system", "b"), "<|start_header_id|>user<|end_header_id|>"]
    ),
    pieces=st.lists(MARKS, max_size=6),
    end=st.sampled_from(["", OPEN]),
)
def test_turns_of_a_plain_prompt_are_those_that_the_marks_one_by_one_give(
    start: str, pieces: list[str], end: str
) -> None:
    prompt = "".join([BEGIN, start, *pieces, end])

    def outcome(prompt: str) -> dict[str, Any] | str:
        try:
            return asked(prompt)
        except Refused as refusal:
            return str(refusal).partition(" at character")[0]

    assert outcome(prompt) == outcome(f"{BEGIN}{prompt}")  # two beginnings, and the marks are read one by one
