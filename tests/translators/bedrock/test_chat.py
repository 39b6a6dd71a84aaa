"""Chat-completions bodies as Converse requests."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import chat
from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse

HELLO = [{"role": "user", "content": "Hi"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}


def read(body: Any) -> converse.NotedRequest:
    request = chat.request(Raw(json.dumps(body).encode()))
    assert isinstance(request, converse.NotedRequest)
    return request


def asked(**members: Any) -> dict[str, Any]:
    """The Converse request, as JSON, of a minimal body with these members."""
    hub: dict[str, Any] = json.loads(converse.encode(read({"messages": HELLO} | members)))
    hub.pop("notes", None)
    return hub


def noted(**members: Any) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in read({"messages": HELLO} | members).notes]


def test_smallest_body_adds_no_defaults() -> None:
    assert asked() == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    assert noted() == []


def test_sampling_keeps_its_zeros() -> None:
    hub = asked(temperature=0, top_p=0, top_k=0, min_p=0, seed=0, presence_penalty=0, frequency_penalty=0)
    assert hub["inferenceConfig"] == {"temperature": 0.0, "topP": 0.0}
    assert hub["additionalModelRequestFields"] == {
        "seed": 0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "top_k": 0,
        "min_p": 0.0,
    }


def test_null_is_as_good_as_absent() -> None:
    names = (
        "max_tokens",
        "temperature",
        "stop",
        "tools",
        "tool_choice",
        "response_format",
        "user",
        "n",
        "stream",
    )
    assert asked(**dict.fromkeys(names)) == asked()


def test_what_is_so_anyway_may_be_said() -> None:
    assert (
        asked(
            model="gpt-4o",
            stream=False,
            n=1,
            store=False,
            logprobs=False,
            modalities=["text"],
            metadata={},
            stop=[],
            tools=[],
            tool_choice="auto",
            response_format={"type": "text"},
            service_tier="auto",
        )
        == asked()
    )


@pytest.mark.parametrize(
    "limits",
    [{"max_tokens": 5}, {"max_completion_tokens": 5}, {"max_tokens": 5, "max_completion_tokens": 5}],
)
def test_limit_has_two_names(limits: dict[str, int]) -> None:
    assert asked(**limits)["inferenceConfig"] == {"maxTokens": 5}


@pytest.mark.parametrize(("stop", "sequences"), [("END", ["END"]), (["a", "b"], ["a", "b"])])
def test_stop_is_a_string_or_several(stop: object, sequences: list[str]) -> None:
    assert asked(stop=stop)["inferenceConfig"] == {"stopSequences": sequences}


def test_what_converse_has_no_place_for_keeps_its_name() -> None:
    said = {
        "reasoning_effort": "low",
        "verbosity": "high",
        "logit_bias": {"50256": -100.0},
        "top_logprobs": 2,
        "logprobs": True,
        "parallel_tool_calls": False,
        "user": "u-1",
    }
    assert asked(**said)["additionalModelRequestFields"] == said


def test_end_user_has_two_names() -> None:
    assert asked(safety_identifier="s-1")["additionalModelRequestFields"] == {"user": "s-1"}
    assert asked(user="u-1", safety_identifier="s-1")["additionalModelRequestFields"] == {"user": "u-1"}
    assert noted(user="u-1", safety_identifier="s-1") == [("safety_identifier", "dropped")]


def test_labels_and_tier_stand_beside_the_model() -> None:
    hub = asked(metadata={"team": "a"}, service_tier="flex")
    assert hub["requestMetadata"] == {"team": "a"}
    assert hub["serviceTier"] == {"type": "flex"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream_options", {"include_usage": True}),
        ("store", True),
        ("prompt_cache_key", "k"),
        ("prediction", {"type": "content", "content": "x"}),
    ],
)
def test_what_no_answer_depends_on_is_dropped_with_a_note(name: str, value: object) -> None:
    assert asked(**{name: value}) == asked()
    assert noted(**{name: value}) == [(name, "dropped")]


def test_tools_keep_everything() -> None:
    function = {"name": "f", "description": "Does.", "parameters": SCHEMA, "strict": True}
    hub = asked(tools=[{"type": "function", "function": function}])
    assert hub["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "f",
                    "inputSchema": {"json": SCHEMA},
                    "description": "Does.",
                    "strict": True,
                }
            }
        ]
    }


@pytest.mark.parametrize(
    "function", [{"name": "f"}, {"name": "f", "parameters": None, "description": ""}], ids=str
)
def test_tool_without_parameters_takes_nothing(function: dict[str, Any]) -> None:
    hub = asked(tools=[{"type": "function", "function": function}])
    nothing = {"json": {"type": "object", "properties": {}}}
    assert hub["toolConfig"]["tools"] == [{"toolSpec": {"name": "f", "inputSchema": nothing}}]


@pytest.mark.parametrize(
    ("choice", "hub"),
    [
        ("auto", {"auto": {}}),
        ("none", {"none": {}}),
        ("required", {"any": {}}),
        ("any", {"any": {}}),
        ({"type": "function", "function": {"name": "get_weather"}}, {"tool": {"name": "get_weather"}}),
    ],
    ids=str,
)
def test_tool_choice_has_four_forms(choice: object, hub: object) -> None:
    assert asked(tools=[TOOL], tool_choice=choice)["toolConfig"]["toolChoice"] == hub


def test_schema_of_the_answer_is_kept() -> None:
    schema = {"name": "w", "description": "d", "schema": SCHEMA, "strict": True}
    hub = asked(response_format={"type": "json_schema", "json_schema": schema})
    (asked_for,) = hub["outputConfig"]["textFormat"]["structure"].values()
    assert asked_for | {"schema": json.loads(asked_for["schema"])} == {
        "name": "w",
        "description": "d",
        "schema": SCHEMA,
    }


def test_json_mode_is_a_word_of_its_own() -> None:
    hub = asked(response_format={"type": "json_object"})
    assert hub["outputConfig"] == {"jsonObject": True}
    assert noted(response_format={"type": "json_object"}) == []


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        ("openai.gpt-oss-120b-1:0", "chat-gpt-oss"),
        ("openai.gpt-5.6-sol", "chat"),
        ("qwen.qwen3-coder-30b-a3b-v1:0", "chat"),
        ("google.gemma-3-12b-it", "chat"),
        ("zai.glm-4.7-flash", "chat"),
        ("minimax.minimax-m2.1", "chat"),
        ("ai21.jamba-1-5-mini-v1:0", "chat-jamba"),
        ("writer.palmyra-x5-v1:0", "chat-palmyra"),
        ("us.mistral.pixtral-large-2502-v1:0", "chat-mistral"),
        ("deepseek.v3-v1:0", "chat"),
        ("gpt-4o-mini", "chat"),
        ("gemini-2.5-flash", "chat"),
    ],
)
def test_chat_of_a_model_is_of_its_family(model_id: str, family: str) -> None:
    members = {"messages": Raw(json.dumps(HELLO).encode()), "max_tokens": Raw(b"5")}
    assert family_of_body(members, families_of_model(parse(model_id))) is FAMILIES[family]


def test_older_models_of_ai21_do_not_chat() -> None:
    assert families_of_model(parse("ai21.j2-mid-v1")) == ()
