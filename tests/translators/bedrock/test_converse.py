"""Records of type `Converse`: checked, and answered as the live API answers."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import converse as family
from translators.errors import Refused

HELLO = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
TOOL = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object"}}}}


def asked(model_input: object) -> Any:
    """The checked request, as JSON."""
    return json.loads(converse.encode(family.request(Raw(json.dumps(model_input).encode()))))


def refusal(model_input: object) -> str:
    with pytest.raises(Refused) as refused:
        family.request(Raw(json.dumps(model_input).encode()))
    assert refused.value.code == 400
    return str(refused.value)


EVERYTHING: dict[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Look."},
                {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
                {
                    "image": {
                        "format": "webp",
                        "source": {"s3Location": {"uri": "s3://in/a.webp", "bucketOwner": "123456789012"}},
                    }
                },
                {
                    "document": {
                        "name": "report",
                        "format": "pdf",
                        "source": {"bytes": "JVBERi0="},
                        "context": "Of 1993.",
                        "citations": {"enabled": True},
                    }
                },
                {"document": {"name": "parts", "source": {"content": [{"text": "One."}]}}},
                {"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://in/v.3gp"}}}},
                {"audio": {"format": "x-aac", "source": {"bytes": "AAAA"}}},
                {"guardContent": {"text": {"text": "Tokyo.", "qualifiers": ["grounding_source"]}}},
                {"guardContent": {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}}},
                {"searchResult": {"source": "s", "title": "t", "content": [{"text": "Found."}]}},
                {"cachePoint": {"type": "default", "ttl": "5m"}},
                {"toolAddition": {"tool": {"type": "t", "name": "n"}}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqQB"}}},
                {"reasoningContent": {"redactedContent": "RXZnRg=="}},
                {"toolUse": {"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Paris"}}},
                {
                    "citationsContent": {
                        "content": [{"text": "Quoted."}],
                        "citations": [
                            {
                                "title": "t",
                                "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}},
                            }
                        ],
                    }
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "tooluse_1",
                        "status": "error",
                        "content": [
                            {"json": {"t": 18, "list": [1.5, None]}},
                            {"text": "18 C"},
                            {"image": {"format": "gif", "source": {"bytes": "R0lG"}}},
                            {"document": {"name": "d", "source": {"text": "a"}}},
                            {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}},
                            {"searchResult": {"source": "s", "title": "t", "content": []}},
                        ],
                    }
                }
            ],
        },
        {"role": "system", "content": [{"text": "From now on, be brief."}]},
    ],
    "system": [
        {"text": "Be terse."},
        {"cachePoint": {"type": "default"}},
        {"guardContent": {"text": {"text": "a"}}},
    ],
    "inferenceConfig": {"maxTokens": 1, "temperature": 0.0, "topP": 1.0, "stopSequences": ["END"]},
    "toolConfig": {
        "tools": [TOOL, {"systemTool": {"name": "nova_grounding"}}, {"cachePoint": {"type": "default"}}],
        "toolChoice": {"tool": {"name": "get_weather"}},
    },
    "outputConfig": {
        "textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"name": "w", "description": "d", "schema": '{"type":"object"}'}},
        },
        "effort": "high",
    },
    "additionalModelRequestFields": {"top_k": 50, "thinking": {"type": "enabled", "budget_tokens": 1024}},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
    "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "DRAFT", "trace": "enabled_full"},
    "promptVariables": {"city": {"text": "Paris"}},
    "requestMetadata": {"team": "a"},
    "performanceConfig": {"latency": "optimized"},
    "serviceTier": {"type": "flex"},
}


def test_request_with_every_member_is_taken_whole() -> None:
    assert asked(EVERYTHING) == EVERYTHING


def test_member_that_is_null_is_not_set() -> None:
    block = dict.fromkeys(converse.ContentBlock.__struct_encode_fields__) | {"text": "Hi"}
    members = dict.fromkeys(converse.Request.__struct_encode_fields__)
    assert asked(members | {"messages": [{"role": "user", "content": [block]}]}) == HELLO


def with_block(block: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "a"}, block]}]}


def with_result(content: object) -> dict[str, Any]:
    return with_block({"toolResult": {"toolUseId": "t", "content": [content]}})


PLACE = "messages[0].content[1]"


@pytest.mark.parametrize(
    ("model_input", "complaint"),
    [
        ({}, "messages: Field required"),
        ({"messages": []}, "messages: Expected `array` of length >= 1, got []"),
        (HELLO | {"modelId": "gpt-4o"}, "modelId: Extra inputs are not permitted"),
        ({"messages": [{"role": "tool", "content": []}]}, "messages[0].role: Input should be"),
        (
            {"messages": [{"role": "user", "content": "Hi"}]},
            "messages[0].content: Expected `array`, got `str`",
        ),
        (with_block({"txt": "a"}), f"{PLACE}.txt: Extra inputs are not permitted"),
        (with_block({}), f"{PLACE}: exactly one member must be set, got none"),
        (
            with_block({"text": "a", "cachePoint": {"type": "default"}}),
            f"{PLACE}: exactly one member must be set, got text and cachePoint",
        ),
        (
            with_block({"image": {"format": "tiff", "source": {"bytes": ""}}}),
            f"{PLACE}.image.format: Input should be 'gif' or 'jpeg' or 'png' or 'webp', got 'tiff'",
        ),
        (
            with_block({"image": {"format": "png", "source": {}}}),
            f"{PLACE}.image.source: exactly one member must be set, got none",
        ),
        (
            with_block({"image": {"format": "png", "source": {"text": "a"}}}),
            f"{PLACE}.image.source: one of ['bytes', 's3Location'] must be set, got ['text']",
        ),
        (
            with_block(
                {"guardContent": {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}}}
            ),
            f"{PLACE}.guardContent.image.source: one of ['bytes'] must be set, got ['s3Location']",
        ),
        (
            with_block({"document": {"name": "d", "source": {"text": "a", "bytes": "a"}}}),
            f"{PLACE}.document.source: exactly one member must be set, got bytes and text",
        ),
        (with_block({"document": {"name": "", "source": {"text": "a"}}}), f"{PLACE}.document.name: Expected"),
        (with_block({"reasoningContent": {}}), f"{PLACE}.reasoningContent: exactly one member must be set"),
        (
            with_block({"citationsContent": {"citations": [{"location": {}}]}}),
            f"{PLACE}.citationsContent.citations[0].location: exactly one member must be set, got none",
        ),
        (
            with_block({"toolUse": {"toolUseId": "a b", "name": "n", "input": {}}}),
            f"{PLACE}.toolUse.toolUseId: Expected `str` matching regex '^[a-zA-Z0-9_.:-]{{1,64}}$', "
            "got 'a b'",
        ),
        (
            with_block({"toolUse": {"toolUseId": "a", "name": "a.b", "input": {}}}),
            f"{PLACE}.toolUse.name: Expected `str` matching regex '^[a-zA-Z0-9_-]{{1,64}}$', got 'a.b'",
        ),
        (with_result({}), f"{PLACE}.toolResult.content[0]: exactly one member must be set, got none"),
        (
            with_result({"image": {"format": "png", "source": {"content": []}}}),
            f"{PLACE}.toolResult.content[0].image.source: one of ['bytes', 's3Location'] must be set",
        ),
        (HELLO | {"system": [{"text": ""}]}, "system[0].text: Expected `str` of length >= 1, got ''"),
        (HELLO | {"system": [{}]}, "system[0]: exactly one member must be set, got none"),
        (
            HELLO | {"inferenceConfig": {"maxTokens": 0}},
            "inferenceConfig.maxTokens: Expected `int` >= 1, got 0",
        ),
        (
            HELLO | {"inferenceConfig": {"temperature": 1.1}},
            "inferenceConfig.temperature: Expected `float` <= 1.0",
        ),
        (
            HELLO | {"inferenceConfig": {"topP": -0.1}},
            "inferenceConfig.topP: Expected `float` >= 0.0, got -0.1",
        ),
        (
            HELLO | {"inferenceConfig": {"stopSequences": ["a", ""]}},
            "inferenceConfig.stopSequences[1]: Expected",
        ),
        (HELLO | {"inferenceConfig": {"topK": 1}}, "inferenceConfig.topK: Extra inputs are not permitted"),
        (HELLO | {"toolConfig": {"tools": []}}, "toolConfig.tools: Expected `array` of length >= 1, got []"),
        (
            HELLO | {"toolConfig": {"tools": [{}]}},
            "toolConfig.tools[0]: exactly one member must be set, got none",
        ),
        (
            HELLO | {"toolConfig": {"tools": [TOOL], "toolChoice": {"none": {}}}},
            "toolConfig.toolChoice.none: Extra inputs are not permitted",
        ),
        (
            HELLO | {"toolConfig": {"tools": [TOOL], "toolChoice": {"auto": {}, "any": {}}}},
            "toolConfig.toolChoice: exactly one member must be set, got auto and any",
        ),
        (HELLO | {"requestMetadata": {"a": 1}}, "requestMetadata[...]: Expected `str`, got `int`"),
        (HELLO | {"requestMetadata": {}}, "requestMetadata: Expected `object` of length >= 1, got {}"),
        (HELLO | {"serviceTier": {"type": "fast"}}, "serviceTier.type: Input should be 'default' or 'flex'"),
    ],
)
def test_request_that_aws_refuses_is_refused_by_its_path(model_input: object, complaint: str) -> None:
    assert refusal(model_input).startswith(complaint)


@pytest.mark.parametrize(
    ("fields", "in_hub_words"),
    [
        ({"top_k": 5, "seed": 7}, {"top_k": 5, "seed": 7}),
        ({"inferenceConfig": {"topK": 20}}, {"top_k": 20}),
        (
            {"inferenceConfig": {"topK": 20, "odd": 1}},
            {"top_k": 20, "inferenceConfig": {"odd": 1}},
        ),
        (
            {"inferenceConfig": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}},
            {"reasoning_effort": "low"},
        ),
        ({"inferenceConfig": 1}, {"inferenceConfig": 1}),
        (
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
            {"reasoning_effort": "high"},
        ),
        ({"reasoningConfig": {"type": "disabled"}}, {"reasoning_effort": "none"}),
        ({"reasoning_config": "high"}, {"reasoning_effort": "high"}),
        (
            {"reasoning_config": {"type": "enabled", "budget_tokens": 1024}},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        ({"output_config": {"effort": "max"}}, {"reasoning_effort": "max"}),
        ({"output_config": {"effort": "max", "odd": 1}}, {"output_config": {"effort": "max", "odd": 1}}),
        ({"top_k": 5, "inferenceConfig": {"topK": 5}}, {"top_k": 5}),
    ],
)
def test_additional_fields_say_the_same_in_the_words_of_the_hub(
    fields: dict[str, Any], in_hub_words: dict[str, Any]
) -> None:
    assert (
        asked(HELLO | {"additionalModelRequestFields": fields})["additionalModelRequestFields"]
        == in_hub_words
    )


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        (
            {"top_k": 5, "inferenceConfig": {"topK": 6}},
            "additionalModelRequestFields.inferenceConfig: says 6, top_k says 5",
        ),
        (
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "max"}},
            "additionalModelRequestFields.reasoningConfig.maxReasoningEffort: Input should be 'high' or "
            "'low' or 'medium', got 'max'",
        ),
    ],
)
def test_additional_fields_that_contradict_are_refused(fields: dict[str, Any], complaint: str) -> None:
    assert refusal(HELLO | {"additionalModelRequestFields": fields}) == complaint


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
        (b"1e999", r"Number out of range, got ..a.:1e999."),
        (b'"\\ud800"', "cannot be read: "),
    ],
    ids=["deep", "huge", "half a character"],
)
def test_json_that_cannot_be_held_is_refused(extra: bytes, complaint: str) -> None:
    hello = (
        b'{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"additionalModelRequestFields":{"a":%s}}'
    )
    with pytest.raises(Refused, match=complaint):
        family.request(Raw(hello % extra))


def test_answer_is_the_response_with_its_metrics() -> None:
    response: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 6, "outputTokens": 2, "totalTokens": 8},
    }
    hub = msgspec.json.decode(json.dumps(response), type=converse.Response)
    answer = converse.Answer(hub, id="chatcmpl-1", model="gpt-4o-mini")
    shown = family.output(answer, "gpt-4o-mini", Raw(b"{}"))
    assert json.loads(shown) == response | {"metrics": {"latencyMs": 0}}


@pytest.mark.parametrize(
    ("model_input", "fits"),
    [
        (HELLO, True),
        (HELLO | {"system": [{"text": "Be terse."}]}, True),
        (HELLO | {"inferenceConfig": {"maxTokens": 5}}, True),
        ({"messages": "?", "toolConfig": {}}, True),
        ({"messages": [{"role": "user", "content": "Hi"}]}, False),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}, False),
        (HELLO | {"max_tokens": 5}, False),
        ({"inferenceConfig": {}}, False),
        ({"prompt": "Hi"}, False),
    ],
)
def test_shape_is_distinguished_from_chats(model_input: dict[str, Any], fits: bool) -> None:
    members = {name: Raw(json.dumps(value).encode()) for name, value in model_input.items()}
    assert family.has_shape(members) is fits
