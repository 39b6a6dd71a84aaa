"""Claude bodies as Converse requests."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import claude
from translators.bedrock.model_ids import parse

PNG = "iVBORw0KGgo="
PDF = "JVBERi0="
VERSION = "bedrock-2023-05-31"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"name": "get_weather", "input_schema": SCHEMA}
CACHED = {"cache_control": {"type": "ephemeral"}}
CACHE_POINT = {"cachePoint": {"type": "default"}}


def body(**members: Any) -> dict[str, Any]:
    return {
        "anthropic_version": VERSION,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Hi"}],
    } | members


def asked(**members: Any) -> dict[str, Any]:
    """The Converse request, as JSON, of a minimal body with these members."""
    request = claude.request(Raw(json.dumps(body(**members)).encode()))
    hub: dict[str, Any] = json.loads(converse.encode(request))
    return hub


def asked_with(*blocks: Any) -> Any:
    """The Converse content of a message with these blocks."""
    return asked(messages=[{"role": "user", "content": [*blocks]}])["messages"][0]["content"]


def test_smallest_body_adds_no_defaults() -> None:
    assert asked() == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 64},
    }


def test_sampling_keeps_its_zeros() -> None:
    hub = asked(temperature=0, top_p=0, top_k=0, stop_sequences=["END", "\n"])
    assert hub["inferenceConfig"] == {
        "maxTokens": 64,
        "temperature": 0.0,
        "topP": 0.0,
        "stopSequences": ["END", "\n"],
    }
    assert hub["additionalModelRequestFields"] == {"top_k": 0}


def test_null_is_as_good_as_absent() -> None:
    optional = ["system", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice"]
    optional += ["thinking", "output_config", "metadata", "anthropic_beta"]
    assert asked(**dict.fromkeys(optional)) == asked()


@pytest.mark.parametrize(
    ("system", "blocks"),
    [
        ("Be terse.", [{"text": "Be terse."}]),
        (
            [{"type": "text", "text": "Be terse."}, {"type": "text", "text": "Be kind."}],
            [{"text": "Be terse."}, {"text": "Be kind."}],
        ),
        (
            [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            [{"text": "Long."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        ),
    ],
)
def test_system_is_text_or_blocks(system: object, blocks: object) -> None:
    assert asked(system=system)["system"] == blocks


def test_turns_keep_their_order_and_roles() -> None:
    turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("system", "d"), ("assistant", "e")]
    hub = asked(messages=[{"role": role, "content": text} for role, text in turns])
    assert hub["messages"] == [{"role": role, "content": [{"text": text}]} for role, text in turns]


@pytest.mark.parametrize(
    ("block", "content"),
    [
        ({"type": "text", "text": "a"}, [{"text": "a"}]),
        ({"type": "text", "text": "a", "citations": None}, [{"text": "a"}]),
        ({"type": "text", "text": "a", "citations": [], **CACHED}, [{"text": "a"}, CACHE_POINT]),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PNG}},
            [{"image": {"format": "jpeg", "source": {"bytes": PNG}}}],
        ),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
            [{"document": {"name": "document", "format": "pdf", "source": {"bytes": PDF}}}],
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Facts."},
                "title": "facts.txt",
                "context": "From 1993.",
                "citations": {"enabled": True},
                **CACHED,
            },
            [
                {
                    "document": {
                        "name": "facts.txt",
                        "format": "txt",
                        "source": {"text": "Facts."},
                        "context": "From 1993.",
                        "citations": {"enabled": True},
                    }
                },
                CACHE_POINT,
            ],
        ),
        (
            {"type": "document", "source": {"type": "content", "content": "One."}, "title": "t"},
            [{"document": {"name": "t", "source": {"content": [{"text": "One."}]}}}],
        ),
        (
            {
                "type": "document",
                "source": {
                    "type": "content",
                    "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}],
                },
                "title": "t",
            },
            [{"document": {"name": "t", "source": {"content": [{"text": "One."}, {"text": "Two."}]}}}],
        ),
        (
            {
                "type": "search_result",
                "source": "https://example.com",
                "title": "T",
                "content": [{"type": "text", "text": "Found."}],
                "citations": {"enabled": False},
            },
            [
                {
                    "searchResult": {
                        "source": "https://example.com",
                        "title": "T",
                        "content": [{"text": "Found."}],
                        "citations": {"enabled": False},
                    }
                }
            ],
        ),
        (
            {
                "type": "tool_use",
                "id": "toolu_1",
                "name": "get_weather",
                "input": {"city": "Paris"},
                **CACHED,
            },
            [
                {"toolUse": {"toolUseId": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}},
                CACHE_POINT,
            ],
        ),
        (
            {"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "direct"}},
            [{"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}],
        ),
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
            [{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqQB"}}}],
        ),
        (
            {"type": "redacted_thinking", "data": "EvgF"},
            [{"reasoningContent": {"redactedContent": "RXZnRg=="}}],
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_block_has_its_place_in_converse(block: object, content: object) -> None:
    assert asked_with(block) == content


@pytest.mark.parametrize(
    ("members", "result"),
    [
        ({}, {"content": []}),
        ({"content": "18 C"}, {"content": [{"text": "18 C"}]}),
        ({"content": "boom", "is_error": True}, {"content": [{"text": "boom"}], "status": "error"}),
        ({"content": "ok", "is_error": False}, {"content": [{"text": "ok"}], "status": "success"}),
        (
            {
                "content": [
                    {"type": "text", "text": "See:"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": PNG}},
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
                    },
                    {"type": "search_result", "source": "s", "title": "t", "content": []},
                ]
            },
            {
                "content": [
                    {"text": "See:"},
                    {"image": {"format": "gif", "source": {"bytes": PNG}}},
                    {"document": {"name": "document", "format": "pdf", "source": {"bytes": PDF}}},
                    {"searchResult": {"source": "s", "title": "t", "content": []}},
                ]
            },
        ),
    ],
)
def test_tool_answers_with_text_and_media(members: dict[str, object], result: dict[str, object]) -> None:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", **members}
    assert asked_with(block) == [{"toolResult": {"toolUseId": "toolu_1", **result}}]


def test_parallel_tool_answers_stay_apart() -> None:
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": f"{n}"} for n in (2, 1)]
    assert asked_with(*results, {"type": "text", "text": "Go on."}) == [
        {"toolResult": {"toolUseId": "toolu_2", "content": [{"text": "2"}]}},
        {"toolResult": {"toolUseId": "toolu_1", "content": [{"text": "1"}]}},
        {"text": "Go on."},
    ]


def test_cache_point_inside_a_tool_answer_moves_behind_it() -> None:
    part = {"type": "text", "text": "18 C", **CACHED}
    assert asked_with({"type": "tool_result", "tool_use_id": "t", "content": [part]}) == [
        {"toolResult": {"toolUseId": "t", "content": [{"text": "18 C"}]}},
        CACHE_POINT,
    ]


def test_tools_and_their_cache_point() -> None:
    hub = asked(
        tools=[
            TOOL,
            {"type": "custom", **TOOL, "description": "By city", "strict": True, **CACHED},
        ]
    )
    assert hub["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}},
            {
                "toolSpec": {
                    "name": "get_weather",
                    "inputSchema": {"json": SCHEMA},
                    "description": "By city",
                    "strict": True,
                }
            },
            CACHE_POINT,
        ]
    }


@pytest.mark.parametrize(
    ("choice", "hub"),
    [
        ({"type": "auto"}, {"auto": {}}),
        ({"type": "any"}, {"any": {}}),
        ({"type": "tool", "name": "get_weather"}, {"tool": {"name": "get_weather"}}),
        ({"type": "none"}, {"none": {}}),
    ],
)
def test_tool_choice(choice: object, hub: object) -> None:
    request = asked(tools=[TOOL], tool_choice=choice)
    assert request["toolConfig"]["toolChoice"] == hub
    assert "additionalModelRequestFields" not in request


def test_no_tools_is_no_tool_config() -> None:
    assert "toolConfig" not in asked(tools=[])


@pytest.mark.parametrize(
    ("members", "extras"),
    [
        ({"metadata": {"user_id": "u-1"}}, {"user": "u-1"}),
        ({"anthropic_beta": ["computer-use-2025-01-24"]}, {"anthropic_beta": ["computer-use-2025-01-24"]}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        (
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            {"thinking": {"type": "adaptive", "display": "omitted"}},
        ),
        ({"thinking": {"type": "disabled"}}, {"thinking": {"type": "disabled"}}),
        (
            {
                "thinking": {"type": "enabled", "budget_tokens": 4096},
                "anthropic_beta": ["interleaved-thinking-2025-05-14"],
            },
            {
                "thinking": {"type": "enabled", "budget_tokens": 4096},
                "anthropic_beta": ["interleaved-thinking-2025-05-14"],
            },
        ),
        (
            {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            {"parallel_tool_calls": False},
        ),
        (
            {"tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": False}},
            {"parallel_tool_calls": True},
        ),
    ],
)
def test_what_converse_has_no_place_for_travels_beside_it(
    members: dict[str, Any], extras: dict[str, Any]
) -> None:
    assert asked(**members)["additionalModelRequestFields"] == extras


def test_output_config_is_effort_and_schema() -> None:
    hub = asked(output_config={"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}})
    text_format = hub["outputConfig"].pop("textFormat")
    assert hub["outputConfig"] == {"effort": "high"}
    assert text_format["type"] == "json_schema"
    assert json.loads(text_format["structure"]["jsonSchema"]["schema"]) == SCHEMA
    assert asked(output_config={"effort": "low"})["outputConfig"] == {"effort": "low"}


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("us.anthropic.claude-3-haiku-20240307-v1:0", True),
        ("amazon.nova-lite-v1:0", False),
        ("claude-3-haiku", False),
    ],
)
def test_anthropic_models_have_the_dialect(model_id: str, expected: bool) -> None:
    assert claude.has_model(parse(model_id)) is expected


def test_body_with_a_version_is_of_its_shape() -> None:
    assert claude.has_shape(body())
    assert not claude.has_shape({"messages": [], "max_tokens": 1})
