"""Mistral's own chats at Mistral: what passes as it is, what is changed, and the answer in Bedrock's form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.translators.judges import JUDGES
from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.providers.mistral.names import call_id
from translators.translation import Route, Translator
from translators.wire import ModelOutput

type Json = dict[str, Any]

HI: Json = {"role": "user", "content": "Hi"}
URL = {"type": "image_url", "image_url": "https://example.com/a.png"}
CALL = {"id": "call_long_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FITTED = CALL | {"id": call_id("call_long_1")}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def translator(model: str = "mistral-small-latest") -> Translator:
    return Translator(
        Route(
            model_id="mistral.pixtral-large-2502-v1:0",
            invocation_type="InvokeModel",
            provider="mistral",
            model=model,
        )
    )


def line(body: Json, model: str = "mistral-small-latest") -> Line | RecordError:
    return translator(model).line("r-1", InputRecord(Raw(json.dumps(body).encode())))


def sent(body: Json, model: str = "mistral-small-latest") -> tuple[Json, list[str]]:
    """The body that is sent, which the SDK would send too, and what is noted of it."""
    written = line(body, model)
    assert isinstance(written, Line), written
    found = json.loads(written.data)
    JUDGES["mistral"](found, model)
    return found["body"], [f"{note.effect} {note.field}" for note in written.notes]


@pytest.mark.parametrize(
    "members",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, URL]}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://e.com/a"}}]}
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"type": "document_url", "document_url": "https://e.com/a.pdf"}]}
            ]
        },
        {"n": 3, "random_seed": 5, "metadata": {"a": "b"}, "min_tokens": 1, "repetition_penalty": 1.1},
        {"response_format": {"type": "json_object"}},
        {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
        {"prompt_mode": None, "stop": "HALT", "temperature": 0, "top_p": 1},
        {
            "messages": [
                HI,
                {"role": "assistant", "content": "", "tool_calls": [FITTED]},
                {"role": "tool", "name": "f", "tool_call_id": FITTED["id"], "content": "1"},
            ]
        },
    ],
    ids=lambda members: "+".join(members),
)
def test_what_mistral_takes_passes(members: Json) -> None:
    body = {"messages": [HI], "max_tokens": 9} | members
    assert sent(body) == (body, [])


@given(
    st.dictionaries(st.text(max_size=9).map("x_{}".format), st.none() | st.lists(st.integers()) | st.text())
)
def test_members_that_nobody_knows_pass(members: Json) -> None:
    written = line({"messages": [HI]} | members)
    assert isinstance(written, Line)
    assert json.loads(written.data)["body"] == {"messages": [HI]} | members


@pytest.mark.parametrize(
    ("members", "becomes", "noted"),
    [
        ({"model": "other"}, {}, ["mapped model"]),
        ({"stream": False, "stream_options": {"include_usage": True}}, {}, ["dropped stream_options"]),
        ({"max_completion_tokens": 5}, {"max_tokens": 5}, ["mapped max_completion_tokens"]),
        ({"seed": 5}, {"random_seed": 5}, ["mapped seed"]),
        ({"user": "u", "logit_bias": {"1": 2}}, {}, ["dropped user", "dropped logit_bias"]),
        ({"temperature": 0, "top_p": 0.5}, {"temperature": 0}, ["dropped top_p"]),
        ({"reasoning_effort": "medium"}, {"reasoning_effort": "high"}, ["mapped reasoning_effort"]),
        ({"reasoning_effort": "none"}, {"reasoning_effort": "none"}, []),
        ({"parallel_tool_calls": True}, {}, ["dropped parallel_tool_calls"]),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
                    }
                ]
            },
            [],
        ),
    ],
    ids=str,
)
def test_member_becomes(members: Json, becomes: Json, noted: list[str]) -> None:
    body, notes = sent({"messages": [HI]} | members)
    assert body == {"messages": [HI]} | becomes
    assert notes == noted


@pytest.mark.parametrize(
    ("turns", "becomes", "noted"),
    [
        ([{"role": "user", "content": "Hi", "name": "ada"}], [HI], ["dropped messages.name"]),
        (
            [{"role": "developer", "content": "S"}, HI],
            [{"role": "system", "content": "S"}, HI],
            ["mapped messages.role"],
        ),
        ([HI, {"role": "assistant", "content": ""}], [HI], ["dropped messages.content"]),
        (
            [HI, {"role": "assistant", "content": "{"}],
            [HI, {"role": "assistant", "content": "{", "prefix": True}],
            [],
        ),
        (
            [HI, {"role": "assistant", "content": "A"}, {"role": "system", "content": "S"}],
            [HI, {"role": "assistant", "content": "A"}, {"role": "user", "content": "S"}],
            ["mapped messages.role"],
        ),
        (
            [
                HI,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": CALL["id"], "content": "1"},
                HI,
            ],
            [
                HI,
                {"role": "assistant", "content": None, "tool_calls": [FITTED]},
                {"role": "tool", "tool_call_id": FITTED["id"], "content": "1"},
                {"role": "assistant", "content": "OK."},
                HI,
            ],
            ["mapped messages.tool_calls.id", "mapped messages.content.toolResult"],
        ),
        (
            [HI, {"role": "assistant", "content": "A", "reasoning_content": "Hm."}, HI],
            [
                HI,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                        {"type": "text", "text": "A"},
                    ],
                },
                HI,
            ],
            ["mapped messages.reasoning_content"],
        ),
    ],
    ids=lambda value: value[0] if value and isinstance(value[0], str) else "",
)
def test_messages_become(turns: list[Json], becomes: list[Json], noted: list[str]) -> None:
    body, notes = sent({"messages": turns})
    assert body["messages"] == becomes
    assert notes == noted


def test_models_that_do_not_reason_are_sent_no_thoughts_and_no_effort() -> None:
    turns = [HI, {"role": "assistant", "content": "A", "reasoning": "Hm."}, HI]
    body, notes = sent({"messages": turns, "reasoning_effort": "high"}, "ministral-8b-2512")
    assert body == {"messages": [HI, {"role": "assistant", "content": "A"}, HI]}
    assert notes == ["dropped reasoning_effort", "dropped messages.reasoning_content"]


@pytest.mark.parametrize(
    "messages", [5, [5], [{}], [{"role": 5}], [{"role": "assistant", "tool_calls": 5}]], ids=str
)
def test_messages_of_another_form_are_mistral_s_to_refuse(messages: object) -> None:
    written = line({"messages": messages})
    assert isinstance(written, Line)
    assert json.loads(written.data)["body"] == {"messages": messages}


def test_stream_is_refused() -> None:
    error = line({"messages": [HI], "stream": True})
    assert isinstance(error, RecordError)
    assert error.message == "stream: a batch has no streams; accepted is false"


def output(body: Json, *messages: Json) -> Any:
    choices = [{"index": at, "message": one, "finish_reason": "stop"} for at, one in enumerate(messages)]
    completion = {
        "id": "c",
        "model": "m",
        "choices": choices,
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    row = {"custom_id": "r-1", "response": {"status_code": 200, "body": completion}}
    found = translator().model_output(Raw(json.dumps(body).encode()), json.dumps(row).encode())
    assert isinstance(found, ModelOutput)
    assert (found.input_tokens, found.output_tokens) == (3, 4)
    return json.loads(found.json)


def test_every_choice_comes_home_in_bedrock_s_form() -> None:
    thought = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "B"},
    ]
    found = output({"messages": [HI], "n": 3}, {"content": "A"}, {"content": thought}, {"content": None})
    assert [choice["message"] for choice in found["choices"]] == [
        {"content": "A"},
        {"content": "B", "reasoning_content": "Hm."},
        {"content": ""},
    ]
    assert {choice["stop_reason"] for choice in found["choices"]} == {"stop"}


def test_beginning_that_the_body_gives_is_not_repeated() -> None:
    body = {"messages": [HI, {"role": "assistant", "content": "{"}]}
    chunks = [{"type": "text", "text": '{"a": 2}'}]
    found = output(body, {"content": '{"a": 1}'}, {"content": chunks})
    assert [choice["message"]["content"] for choice in found["choices"]] == ['"a": 1}', '"a": 2}']


def test_body_that_is_no_object_is_refused() -> None:
    from translators.providers.mistral.native import line as native_line

    with pytest.raises(Refused, match="modelInput"):
        native_line("r-1", Raw(b"5"), "mistral-small-latest")
