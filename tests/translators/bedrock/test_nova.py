"""Nova bodies as Converse requests, answers as Nova's."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import nova
from translators.bedrock.model_ids import parse
from translators.errors import Refused

HELLO = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
TOOL_CONFIG = {
    "tools": [
        {"toolSpec": {"name": "save", "description": "Save", "inputSchema": {"json": {"type": "object"}}}}
    ],
    "toolChoice": {"auto": {}},
}


def asked(**members: Any) -> Any:
    """The Converse request, as JSON, of a minimal body with these members."""
    return json.loads(converse.encode(nova.request(Raw(json.dumps(HELLO | members).encode()))))


def test_smallest_body_adds_no_defaults() -> None:
    assert asked() == HELLO
    assert (
        asked(schemaVersion="messages-v1", system=None, inferenceConfig=None, reasoningConfig=None) == HELLO
    )


@pytest.mark.parametrize(
    "spelling",
    [
        {"maxTokens": 64, "topP": 0.9, "topK": 20, "stopSequences": ["END"]},
        {"max_new_tokens": 64, "top_p": 0.9, "top_k": 20, "stop_sequences": ["END"]},
        {
            "maxTokens": 64,
            "max_new_tokens": 64,
            "top_p": 0.9,
            "topK": 20,
            "top_k": 20,
            "stopSequences": ["END"],
        },
    ],
)
def test_parameters_are_taken_in_both_spellings(spelling: dict[str, Any]) -> None:
    assert asked(inferenceConfig={"temperature": 0, **spelling}) == HELLO | {
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.0, "topP": 0.9, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 20},
    }


def test_zeros_are_kept() -> None:
    hub = asked(inferenceConfig={"temperature": 0, "topP": 0, "topK": 0})
    assert hub["inferenceConfig"] == {"temperature": 0.0, "topP": 0.0}
    assert hub["additionalModelRequestFields"] == {"top_k": 0}


@pytest.mark.parametrize(
    ("config", "effort"),
    [
        ({"type": "enabled", "maxReasoningEffort": "low"}, "low"),
        ({"type": "enabled", "maxReasoningEffort": "medium"}, "medium"),
        ({"type": "enabled", "maxReasoningEffort": "high"}, "high"),
        ({"type": "disabled"}, "none"),
        ({"type": "disabled", "maxReasoningEffort": None}, "none"),
    ],
)
def test_reasoning_config_is_an_effort(config: object, effort: str) -> None:
    assert asked(reasoningConfig=config)["additionalModelRequestFields"] == {"reasoning_effort": effort}


def test_blocks_system_and_tools_are_those_of_converse() -> None:
    messages = [
        {
            "role": "user",
            "content": [
                {
                    "video": {
                        "format": "mp4",
                        "source": {"s3Location": {"uri": "s3://in/v1.mp4", "bucketOwner": "123456789012"}},
                    }
                },
                {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
                {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
                {"document": {"name": "d", "format": "pdf", "source": {"bytes": "JVBERi0="}}},
                {"text": "Compare them."},
                {"cachePoint": {"type": "default"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t-1", "name": "save", "input": {"s": "a"}}}],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "t-1", "content": [{"json": {"ok": True}}, {"text": "ok"}]}}
            ],
        },
    ]
    system = [{"text": "Describe videos."}, {"cachePoint": {"type": "default"}}]
    hub = asked(messages=messages, system=system, toolConfig=TOOL_CONFIG)
    assert hub == {"messages": messages, "system": system, "toolConfig": TOOL_CONFIG}


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"messages": []}, "messages: Expected `array` of length >= 1, got []"),
        ({"schemaVersion": "messages-v2"}, "schemaVersion: Input should be 'messages-v1', got 'messages-v2'"),
        ({"max_tokens": 5}, "max_tokens: Extra inputs are not permitted"),
        (
            {"additionalModelRequestFields": {}},
            "additionalModelRequestFields: Extra inputs are not permitted",
        ),
        ({"inferenceConfig": {"foo": 1}}, "inferenceConfig.foo: Extra inputs are not permitted"),
        ({"inferenceConfig": {"topP": 2}}, "inferenceConfig.topP: Expected `float` <= 1.0, got 2"),
        (
            {"inferenceConfig": {"maxTokens": 5, "max_new_tokens": 6}},
            "inferenceConfig.max_new_tokens: says 6, maxTokens says 5",
        ),
        ({"inferenceConfig": {"topP": 0.5, "top_p": 0.6}}, "inferenceConfig.top_p: says 0.6, topP says 0.5"),
        ({"inferenceConfig": {"topK": 0, "top_k": 1}}, "inferenceConfig.top_k: says 1, topK says 0"),
        (
            {"reasoningConfig": {"type": "on"}},
            "reasoningConfig.type: Input should be 'disabled' or 'enabled', got 'on'",
        ),
        ({"reasoningConfig": {"type": "enabled"}}, "reasoningConfig.maxReasoningEffort: Field required"),
        (
            {"messages": [{"role": "user", "content": [{}]}]},
            "messages[0].content[0]: exactly one member must be set, got none",
        ),
        (
            {"toolConfig": {"tools": TOOL_CONFIG["tools"], "toolChoice": {"none": {}}}},
            "toolConfig.toolChoice.none: Extra inputs are not permitted",
        ),
    ],
)
def test_body_that_nova_does_not_know_is_refused_by_its_path(members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        asked(**members)
    assert str(refused.value) == complaint


def hub_answer(usage: dict[str, int]) -> converse.Answer:
    response = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"text": "Hello"},
                    {"toolUse": {"toolUseId": "c", "name": "n", "input": {"a": 1}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": usage,
    }
    hub = msgspec.json.decode(msgspec.json.encode(response), type=converse.Response)
    return converse.Answer(hub, id="chatcmpl-1", model="gpt-4o-mini")


def test_answer_is_novas() -> None:
    shown = nova.output(
        hub_answer({"inputTokens": 6, "outputTokens": 3, "totalTokens": 9}),
        "amazon.nova-lite-v1:0",
        Raw(b"{}"),
    )
    assert shown == (
        b'{"output":{"message":{"role":"assistant","content":[{"text":"Hello"},'
        b'{"toolUse":{"toolUseId":"c","name":"n","input":{"a":1}}}]}},"stopReason":"tool_use",'
        b'"usage":{"inputTokens":6,"outputTokens":3,"totalTokens":9,'
        b'"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":0}}'
    )


def test_answer_counts_the_cache_under_novas_names() -> None:
    usage = {"inputTokens": 6, "outputTokens": 3, "totalTokens": 21}
    cached = usage | {"cacheReadInputTokens": 5, "cacheWriteInputTokens": 7}
    shown = json.loads(nova.output(hub_answer(cached), "amazon.nova-lite-v1:0", Raw(b"{}")))
    assert shown["usage"] == usage | {"cacheReadInputTokenCount": 5, "cacheWriteInputTokenCount": 7}


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("amazon.nova-micro-v1:0", True),
        ("global.amazon.nova-2-lite-v1:0", True),
        ("arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:256k/abcdefghij12", True),
        ("amazon.nova-2-multimodal-embeddings-v1:0", False),
        ("amazon.titan-text-express-v1", False),
        ("anthropic.claude-sonnet-4-6", False),
    ],
)
def test_text_models_have_the_dialect(model_id: str, expected: bool) -> None:
    assert nova.has_model(parse(model_id)) is expected


@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({"schemaVersion": "messages-v1"}, True),
        ({"reasoningConfig": {"type": "disabled"}}, True),
        ({"inferenceConfig": {"max_new_tokens": 5}}, True),
        ({"inferenceConfig": {"topK": 5}}, True),
        ({"inferenceConfig": {"maxTokens": 5}}, False),
        ({}, False),
    ],
)
def test_shape_by_members_of_nova_alone(members: dict[str, Any], fits: bool) -> None:
    raw = {name: Raw(json.dumps(value).encode()) for name, value in (HELLO | members).items()}
    assert nova.has_shape(raw) is fits


def test_shape_has_messages() -> None:
    assert not nova.has_shape({"schemaVersion": Raw(b'"messages-v1"'), "taskType": Raw(b'"TEXT_IMAGE"')})
