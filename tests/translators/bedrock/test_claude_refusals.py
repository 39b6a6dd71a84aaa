"""Claude bodies that are wrong, and what is said about them."""

import json
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.families import claude
from translators.errors import Refused

PNG = "iVBORw0KGgo="
VERSION = "bedrock-2023-05-31"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"name": "get_weather", "input_schema": SCHEMA}


def body(**members: Any) -> dict[str, Any]:
    return {
        "anthropic_version": VERSION,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Hi"}],
    } | members


def refusal(model_input: object) -> str:
    with pytest.raises(Refused) as refused:
        claude.request(Raw(json.dumps(model_input).encode()))
    assert refused.value.code == 400
    return str(refused.value)


def message(content: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content}]}


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"foo": 1}, "foo: Extra inputs are not permitted"),
        ({"mcp_servers": [{"url": "u"}]}, "mcp_servers: only Anthropic calls these servers"),
        ({"container": "c"}, "container: only Anthropic runs containers"),
        ({"context_management": {"edits": [{}]}}, "context_management: only Anthropic edits a conversation"),
        (
            {
                "output_format": {"type": "json_schema", "schema": {"type": "object"}},
                "output_config": {"format": {"type": "json_schema", "schema": {"type": "array"}}},
            },
            "output_format: output_config.format says something else",
        ),
        (message([], "x"), "messages[0].role: Input should be 'assistant' or 'system' or 'user', got 'x'"),
        (
            message(["a", {"type": "text"}]),
            "messages[0].content[0]: Expected `object`, got `str`",
        ),
        (
            message([{"type": "text", "text": "a"}, {"type": "text", "text": "b", "foo": 1}]),
            "messages[0].content[1].foo: Extra inputs are not permitted",
        ),
        (message([{"type": "text"}]), "messages[0].content[0].text: Field required"),
        (message([{"text": "a"}]), "messages[0].content[0].type: Field required"),
        (
            message([{"type": "video"}]),
            "messages[0].content[0].type: Input should be 'document' or 'image' or 'redacted_thinking' or "
            "'search_result' or 'text' or 'thinking' or 'tool_result' or 'tool_use', got 'video'",
        ),
        (
            message([{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]),
            "messages[0].content[0].source.type: Input should be 'base64', got 'url'",
        ),
        (
            message(
                [{"type": "image", "source": {"type": "base64", "media_type": "image/tiff", "data": ""}}]
            ),
            "messages[0].content[0].source.media_type: Input should be 'image/gif' or 'image/jpeg' or "
            "'image/png' or 'image/webp', got 'image/tiff'",
        ),
        (
            message(
                [
                    {
                        "type": "document",
                        "source": {
                            "type": "content",
                            "content": [
                                {"type": "text", "text": "a"},
                                {
                                    "type": "image",
                                    "source": {"type": "base64", "media_type": "image/png", "data": PNG},
                                },
                            ],
                        },
                    }
                ]
            ),
            "messages[0].content[0].source.content[1]: an image inside a document cannot be expressed; "
            "text can",
        ),
        (
            message([{"type": "tool_use", "id": "a b", "name": "n", "input": {}}], "assistant"),
            "messages[0].content[0].id: Expected `str` matching regex '^[a-zA-Z0-9_-]+$', got 'a b'",
        ),
        (
            message([{"type": "tool_use", "id": "a", "name": "n", "input": "{}"}], "assistant"),
            "messages[0].content[0].input: Input should be a valid dictionary",
        ),
        ({"messages": []}, "messages: Expected `array` of length >= 1, got []"),
        ({"max_tokens": 0}, "max_tokens: Expected `int` >= 1, got 0"),
        ({"max_tokens": "64"}, "max_tokens: Expected `int`, got `str`"),
        ({"temperature": 1.5}, "temperature: Expected `float` <= 1.0, got 1.5"),
        ({"system": [{"type": "image"}]}, "system[0].type: Input should be 'text', got 'image'"),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            "thinking.budget_tokens: must be less than max_tokens (64), got 2048",
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 100}},
            "thinking.budget_tokens: Expected `int` >= 1024, got 100",
        ),
        (
            {"thinking": {"type": "on"}},
            "thinking.type: Input should be 'adaptive' or 'between_tools' or 'disabled' or 'enabled', "
            "got 'on'",
        ),
        ({"tool_choice": {"type": "auto"}}, "tool_choice: may only be specified while providing tools"),
        (
            {"tools": [TOOL, {"type": "bash_20250124", "name": "bash"}]},
            "tools[1].type: 'bash_20250124' is a tool that only Claude knows; accepted are tools with "
            "input_schema",
        ),
        (
            {"tools": [{"type": "computer_20250124", "name": "computer", "display_width_px": 1}]},
            "tools[0].type: 'computer_20250124' is a tool that only Claude knows; accepted are tools with "
            "input_schema",
        ),
        ({"tools": [{"name": "n"}]}, "tools[0].input_schema: Field required"),
        (
            {"tools": [{"name": "n", "input_schema": []}]},
            "tools[0].input_schema: Input should be a valid dictionary",
        ),
        (
            {"tools": [{**TOOL, "foo": []}]},
            "tools[0].foo: Extra inputs are not permitted",
        ),
        (
            {"tools": [{**TOOL, "allowed_callers": ["code_execution_20260120"]}]},
            "tools[0].allowed_callers: only Anthropic runs code that calls tools",
        ),
        ({"tools": ["bash"]}, "tools[0]: Expected `object`, got `str`"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": "{}"}}},
            "output_config.format.schema: Input should be a valid dictionary",
        ),
        (
            {"output_config": {"effort": "huge"}},
            "output_config.effort: Input should be 'high' or 'low' or 'max' or 'medium' or "
            "'xhigh', got 'huge'",
        ),
    ],
)
def test_body_that_claude_does_not_know_is_refused_by_its_field(
    members: dict[str, Any], complaint: str
) -> None:
    assert refusal(body(**members)) == complaint


@pytest.mark.parametrize("name", ["max_tokens", "messages"])
def test_missing_member_is_named(name: str) -> None:
    assert refusal({key: value for key, value in body().items() if key != name}) == f"{name}: Field required"
