"""Messages of chats as Converse's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import chat

PNG = "iVBORw0KGgo="
PDF = "JVBERi0="
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Bern"}'},
}


def read(*messages: Any) -> converse.NotedRequest:
    request = chat.request(Raw(json.dumps({"messages": [*messages]}).encode()))
    assert isinstance(request, converse.NotedRequest)
    return request


def asked(*messages: Any) -> dict[str, Any]:
    """The Converse request, as JSON, of a conversation."""
    hub: dict[str, Any] = json.loads(converse.encode(read(*messages)))
    return hub


def asked_with(*messages: Any) -> Any:
    """The Converse messages of a conversation."""
    return asked(*messages)["messages"]


def noted(*messages: Any) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in read(*messages).notes]


def test_opening_system_messages_stay_apart_and_in_order() -> None:
    hub = asked(
        {"role": "system", "content": "One."},
        {
            "role": "developer",
            "content": [{"type": "text", "text": "Two."}, {"type": "text", "text": "Three."}],
        },
        {"role": "system", "content": ""},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Later."},
    )
    assert hub["system"] == [{"text": "One."}, {"text": "Two."}, {"text": "Three."}]
    assert hub["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "system", "content": [{"text": "Later."}]},
    ]


def test_system_text_alone_is_what_there_is_to_answer() -> None:
    hub = asked({"role": "system", "content": "Tell a joke."})
    assert hub == {"messages": [{"role": "system", "content": [{"text": "Tell a joke."}]}]}


def test_parts_of_a_user_keep_their_order() -> None:
    (message,) = asked_with(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "image_url", "image_url": f"data:image/jpg;base64,{PNG}"},
                {
                    "type": "file",
                    "file": {
                        "filename": "My report.v2.pdf",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                },
                {"type": "file", "file": {"filename": "a.csv", "file_data": "YSxi"}},
                {"type": "file", "file": {"file_data": "data:text/plain;charset=utf-8;base64,YQ=="}},
                {"type": "input_audio", "input_audio": {"data": "AAA=", "format": "wav"}},
            ],
        }
    )
    assert message["content"] == [
        {"text": "Look:"},
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"image": {"format": "jpeg", "source": {"bytes": PNG}}},
        {"document": {"name": "My report v2", "source": {"bytes": PDF}, "format": "pdf"}},
        {"document": {"name": "a", "source": {"bytes": "YSxi"}, "format": "csv"}},
        {"document": {"name": "document", "source": {"bytes": "YQ=="}, "format": "txt"}},
        {"audio": {"format": "wav", "source": {"bytes": "AAA="}}},
    ]


def test_detail_of_an_image_is_dropped_with_a_note() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
    message = {"role": "user", "content": [image, image]}
    assert noted(message) == [("messages.content.image_url.detail", "dropped")]


def test_content_may_be_an_object_with_text() -> None:
    assert asked_with(
        {"role": "user", "content": {"text": "Hi"}},
        {"role": "assistant", "content": {"text": "Hello"}},
        {"role": "system", "content": {"text": "Mind."}},
    ) == [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "Hello"}]},
        {"role": "system", "content": [{"text": "Mind."}]},
    ]


def test_answer_that_the_application_sends_back_is_the_assistant_s_turn() -> None:
    (turn,) = asked_with(
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "annotations": [],
            "audio": None,
            "function_call": None,
            "reasoning_content": "Ask the tool.",
            "tool_calls": [CALL, CALL | {"id": "call_2", "index": 1}],
        }
    )
    use = {"name": "get_weather", "input": {"city": "Bern"}}
    assert turn["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Ask the tool."}}},
        {"toolUse": {"toolUseId": "call_1"} | use},
        {"toolUse": {"toolUseId": "call_2"} | use},
    ]


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ({"content": "Hello"}, [{"text": "Hello"}]),
        ({"content": ""}, [{"text": ""}]),
        ({"content": None}, []),
        (
            {"content": "", "tool_calls": [CALL]},
            [{"toolUse": {"toolUseId": "call_1", "name": "get_weather", "input": {"city": "Bern"}}}],
        ),
        ({"content": None, "refusal": "No."}, [{"text": "No."}]),
        (
            {"content": [{"type": "text", "text": "A"}, {"type": "refusal", "refusal": "B"}]},
            [{"text": "A"}, {"text": "B"}],
        ),
        (
            {"content": "x", "reasoning": "y"},
            [{"reasoningContent": {"reasoningText": {"text": "y"}}}, {"text": "x"}],
        ),
        ({"content": "Once", "prefix": True}, [{"text": "Once"}]),
    ],
    ids=str,
)
def test_assistant_s_turn_keeps_what_was_said(said: dict[str, Any], content: object) -> None:
    assert asked_with({"role": "assistant"} | said) == [{"role": "assistant", "content": content}]


def test_citations_of_an_earlier_answer_are_dropped_with_a_note() -> None:
    message = {"role": "assistant", "content": "x", "annotations": [{"type": "url_citation"}]}
    assert noted(message) == [("messages.annotations", "dropped")]


def test_reasoning_of_gpt_oss_stands_at_the_head_of_its_text() -> None:
    messages = [
        {"role": "user", "content": "<reasoning>mine</reasoning>"},
        {"role": "assistant", "content": "<reasoning>Greet.</reasoning>Hello."},
        {"role": "assistant", "content": "<reasoning>Only this.</reasoning>"},
        {"role": "assistant", "content": "Plain."},
    ]
    request = chat.request_with_tags(Raw(json.dumps({"messages": messages}).encode()))
    assert [json.loads(converse.encode(turn))["content"] for turn in request.messages] == [
        [{"text": "<reasoning>mine</reasoning>"}],
        [{"reasoningContent": {"reasoningText": {"text": "Greet."}}}, {"text": "Hello."}],
        [{"reasoningContent": {"reasoningText": {"text": "Only this."}}}],
        [{"text": "Plain."}],
    ]
    assert asked_with(messages[1]) == [{"role": "assistant", "content": [{"text": messages[1]["content"]}]}]


def test_results_of_parallel_calls_share_a_turn_and_keep_their_ids() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    turns = asked_with(
        {"role": "tool", "tool_call_id": "b", "name": "get_weather", "content": "Rain"},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "Sun"}, image]},
        {"role": "user", "content": "So?"},
        {"role": "tool", "tool_call_id": "c", "content": {"text": "Fog"}},
    )
    assert turns == [
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "b", "content": [{"text": "Rain"}]}},
                {
                    "toolResult": {
                        "toolUseId": "a",
                        "content": [{"text": "Sun"}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
                    }
                },
            ],
        },
        {"role": "user", "content": [{"text": "So?"}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "Fog"}]}}]},
    ]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [("", {}), (" ", {}), ("{}", {}), ('{\n "a": [1, "ü"]\n}', {"a": [1, "ü"]}), ({"a": 1}, {"a": 1})],
    ids=repr,
)
def test_arguments_are_an_object_on_one_line(arguments: object, given: object) -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": arguments}}
    request = read({"role": "assistant", "tool_calls": [call]})
    (block,) = request.messages[0].content
    assert block.tool_use is not None
    assert json.loads(bytes(block.tool_use.input)) == given
    assert b"\n" not in bytes(block.tool_use.input)


texts = st.text(min_size=1)
turns = st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), texts), min_size=1)


@given(turns)
def test_every_text_of_a_conversation_arrives_in_its_order(said: list[tuple[str, str]]) -> None:
    request = read(*({"role": role, "content": text} for role, text in said))
    opening = [("system", block.text) for block in request.system or ()]
    rest = [(turn.role, block.text) for turn in request.messages for block in turn.content]
    assert opening + rest == said
