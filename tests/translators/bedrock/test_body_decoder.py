"""Mutated bodies are read, or refused with the path of the field, in every family."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock import converse as hub
from translators.bedrock.families import claude, converse, nova
from translators.errors import Refused

type Request = Callable[[Raw], hub.Request]
type Path = tuple[str | int, ...]

QUESTION = {"role": "user", "content": "a"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
TOOL_CONFIG = {
    "tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {}}}}, {"systemTool": {"name": "s"}}],
    "toolChoice": {"auto": {}},
}
MESSAGES = [
    {
        "role": "user",
        "content": [
            {"text": "a"},
            {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
            {"document": {"name": "d", "source": {"content": [{"text": "a"}]}}},
            {"toolResult": {"toolUseId": "t", "status": "error", "content": [{"json": 1}, {"text": "a"}]}},
            {"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}},
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"reasoningContent": {"reasoningText": {"text": "a", "signature": "b"}}},
            {"toolUse": {"toolUseId": "t", "name": "n", "input": {"a": 1}}},
        ],
    },
]

BODIES: dict[str, tuple[Request, dict[str, Any]]] = {
    "claude": (
        claude.request,
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 4096,
            "temperature": 1,
            "system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "thinking": {"type": "enabled", "budget_tokens": 2048},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
            "tools": [
                {"type": "custom", "name": "n", "input_schema": {}, "cache_control": {"type": "ephemeral"}}
            ],
            "tool_choice": {"type": "tool", "name": "n", "disable_parallel_tool_use": True},
            "metadata": {"user_id": "u"},
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a"},
                        IMAGE,
                        {
                            "type": "document",
                            "source": {"type": "content", "content": [{"type": "text", "text": "a"}]},
                            "citations": {"enabled": True},
                        },
                        {"type": "tool_result", "tool_use_id": "t", "content": [IMAGE], "is_error": True},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "a", "signature": "b"},
                        {"type": "redacted_thinking", "data": "c"},
                        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
                        {
                            "type": "text",
                            "text": "a",
                            "citations": [
                                {
                                    "type": "char_location",
                                    "cited_text": "a",
                                    "document_index": 0,
                                    "start_char_index": 0,
                                    "end_char_index": 1,
                                }
                            ],
                        },
                    ],
                },
            ],
        },
    ),
    "nova": (
        nova.request,
        {
            "schemaVersion": "messages-v1",
            "messages": MESSAGES,
            "system": [{"text": "a"}],
            "inferenceConfig": {"max_new_tokens": 5, "topP": 0.5, "topK": 3, "stopSequences": ["a"]},
            "toolConfig": TOOL_CONFIG,
            "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"},
        },
    ),
    "converse": (
        converse.request,
        {
            "messages": MESSAGES,
            "system": [{"text": "a"}, {"cachePoint": {"type": "default"}}],
            "inferenceConfig": {"maxTokens": 5, "stopSequences": ["a"]},
            "toolConfig": TOOL_CONFIG,
            "additionalModelRequestFields": {
                "top_k": 3,
                "inferenceConfig": {"topK": 3},
                "reasoningConfig": {"type": "disabled"},
            },
            "requestMetadata": {"a": "b"},
        },
    ),
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
WORDS = st.sampled_from(["text", "type", "url", "none", "content", "source", "bytes", "json", "foo"])
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


def paths(value: object, here: Path = ()) -> Iterator[Path]:
    """The way to every place inside a JSON value."""
    yield here
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, (*here, name))
    if isinstance(value, list):
        for index, member in enumerate(value):
            yield from paths(member, (*here, index))


def changed(value: Any, path: Path, replacement: object) -> Any:
    """The value with something else at a path; a member `+` is new."""
    if not path:
        return replacement
    step, *rest = path
    if isinstance(value, list):
        assert isinstance(step, int)
        return [*value[:step], changed(value[step], tuple(rest), replacement), *value[step + 1 :]]
    return value | {step: changed(value.get(step), tuple(rest), replacement)}


def refused_field(request: Request, body: object) -> str | None:
    """The field that a body is refused for; None when it is read."""
    try:
        request(Raw(json.dumps(body).encode()))
    except Refused as refused:
        return refused.field
    return None


@pytest.mark.parametrize("family", BODIES)
def test_example_is_read(family: str) -> None:
    request, body = BODIES[family]
    assert request(Raw(json.dumps(body).encode())).messages


@given(st.integers(1, 2**31 - 1).map(float), st.floats(0, 100).filter(lambda value: value % 1 != 0))
def test_whole_floats_are_integers(whole: float, other: float) -> None:
    request, body = BODIES["claude"][0], {"anthropic_version": "bedrock-2023-05-31", "messages": [QUESTION]}
    settings = request(Raw(json.dumps(body | {"max_tokens": whole}).encode())).inference_config
    assert settings is not None
    assert settings.max_tokens == int(whole)
    assert refused_field(request, body | {"max_tokens": other}) == "max_tokens"
    assert refused_field(request, body | {"max_tokens": "5"}) == "max_tokens"


@pytest.mark.parametrize("family", BODIES)
@given(data=st.data())
def test_changed_body_is_read_or_refused_by_name(family: str, data: st.DataObject) -> None:
    request, body = BODIES[family]
    places = [path for path in paths(body) if path]
    path = data.draw(st.sampled_from(places))
    spoilt = changed(body, path, data.draw(JSON))
    field = refused_field(request, spoilt)
    assert field is None or re.split(r"[.\[]", field)[0] in spoilt


@pytest.mark.parametrize("family", BODIES)
@given(data=st.data())
def test_unknown_member_is_refused_with_its_path(family: str, data: st.DataObject) -> None:
    request, body = BODIES[family]
    free = {"input", "input_schema", "schema", "json", "additionalModelRequestFields", "requestMetadata"}
    objects = [
        path for path in paths(body) if isinstance(inside(body, path), dict) and not free.intersection(path)
    ]
    path = data.draw(st.sampled_from(objects))
    with pytest.raises(Refused, match="Extra inputs are not permitted") as refused:
        request(Raw(json.dumps(changed(body, (*path, "foo"), 1)).encode()))
    expected = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*path, "foo"))
    assert refused.value.field == expected.removeprefix(".")


def inside(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value
