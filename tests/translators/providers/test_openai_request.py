"""Converse requests as lines of an OpenAI batch: what the recordings do not show already."""

import json

import pytest

from tests.translators.providers.converse_records import (
    CALL,
    HI,
    PDF,
    PNG,
    Json,
    body,
    effects,
    hub,
    result,
    said,
)
from translators.providers.identifiers import fitting
from translators.providers.openai.models import CHAT


def messages(request: Json) -> object:
    return body(request)["messages"]


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert json.loads(CHAT.line("r-1", hub(HI), "gpt-4o-mini").data) == {
        "custom_id": "r-1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
    }


@pytest.mark.parametrize(
    "absent",
    [
        {"system": []},
        {"inferenceConfig": {}},
        {"inferenceConfig": {"stopSequences": []}},
        {"additionalModelRequestFields": {}},
        {"additionalModelRequestFields": {"seed": None, "n": None, "top_k": None, "thinking": None}},
        {"additionalModelRequestFields": {"parallel_tool_calls": None, "n": 1}},
        {"promptVariables": {}},
        {"outputConfig": {}},
    ],
    ids=str,
)
def test_what_says_nothing_sends_nothing(absent: Json) -> None:
    assert body(HI | absent) == body(HI)
    assert effects(HI | absent) == {}


def test_translating_leaves_the_request_as_it_was() -> None:
    request = hub(said(result(PNG, status="error"), {"text": "And?"}))
    before = hub(said(result(PNG, status="error"), {"text": "And?"}))
    assert CHAT.line("r-1", request, "gpt-4o-mini") == CHAT.line("r-1", request, "gpt-4o-mini")
    assert request == before


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (said(role="user"), [{"role": "user", "content": ""}]),
        (said({"cachePoint": {"type": "default"}}), [{"role": "user", "content": ""}]),
        (
            said({"text": "a"}, {"text": "b"}, role="assistant"),
            [
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                }
            ],
        ),
        (
            said({"text": "a"}, {"cachePoint": {"type": "default"}}, {"text": "b"}, role="system"),
            [{"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
        ),
        (
            said({"text": "a"}, {"cachePoint": {"type": "default"}}, role="assistant"),
            [{"role": "assistant", "content": "a"}],
        ),
        (
            said({"document": {"name": "d", "format": "pdf", "source": {"text": "x"}}}),
            [{"role": "user", "content": "Document: d\n\nx"}],
        ),
        (
            said({"reasoningContent": {"redactedContent": "AAAA"}}, role="assistant"),
            [{"role": "assistant", "content": ""}],
        ),
        (
            said({"citationsContent": {"content": [{"text": "a"}], "citations": []}}, role="assistant"),
            [{"role": "assistant", "content": "a"}],
        ),
        (
            said({"citationsContent": {}}, CALL, role="assistant"),
            [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "t1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
                    ],
                }
            ],
        ),
        (said(result()), [{"role": "tool", "content": "", "tool_call_id": "t1"}]),
        (said(result({"json": []})), [{"role": "tool", "content": "[]", "tool_call_id": "t1"}]),
    ],
    ids=str,
)
def test_message_becomes(request_: Json, written: object) -> None:
    assert messages(request_) == written


def test_media_of_several_tool_results_are_numbered_and_follow_the_results() -> None:
    second = {"toolResult": {"toolUseId": "t2", "content": [PDF, PNG]}}
    assert messages(said({"text": "And?"}, result(PNG), second)) == [
        {"role": "tool", "content": "See attachment 1 in the next message.", "tool_call_id": "t1"},
        {
            "role": "tool",
            "content": [
                {"type": "text", "text": "See attachment 2 in the next message."},
                {"type": "text", "text": "See attachment 3 in the next message."},
            ],
            "tool_call_id": "t2",
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Attachment 1:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                {"type": "text", "text": "Attachment 2:"},
                {
                    "type": "file",
                    "file": {"filename": "d.pdf", "file_data": "data:application/pdf;base64,JVBE"},
                },
                {"type": "text", "text": "Attachment 3:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                {"type": "text", "text": "And?"},
            ],
        },
    ]


def test_search_result_in_a_tool_result_stays_in_it() -> None:
    found = {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}}
    text = "Search result: t\nSource: s\n\nx"
    assert messages(said(result(found))) == [{"role": "tool", "content": text, "tool_call_id": "t1"}]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ({"auto": {}}, "auto"),
        ({"any": {}}, "required"),
        ({"none": {}}, "none"),
        ({"tool": {"name": "n"}}, {"type": "function", "function": {"name": "n"}}),
    ],
    ids=str,
)
def test_tool_choice_becomes(choice: Json, sent: object) -> None:
    tools = [{"cachePoint": {"type": "default"}}, {"toolSpec": {"name": "n", "inputSchema": {"json": {}}}}]
    request = HI | {"toolConfig": {"tools": tools, "toolChoice": choice}}
    assert body(request)["tool_choice"] == sent
    assert effects(request) == {"toolConfig.tools.cachePoint": "dropped"}


OBJECT = {"type": "object", "additionalProperties": False}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (OBJECT, True),
        (OBJECT | {"properties": {"a": TEXT}, "required": ["a"]}, True),
        (OBJECT | {"properties": {"a": TEXT}}, False),
        (OBJECT | {"properties": {"a": {"type": ["object", "null"]}}, "required": ["a"]}, False),
        (OBJECT | {"properties": {"not": TEXT}, "required": ["not"]}, True),
        (
            OBJECT | {"properties": {"a": {"type": "array", "items": {"type": "object"}}}, "required": ["a"]},
            False,
        ),
        (OBJECT | {"properties": {"a": {"type": "array", "items": OBJECT}}, "required": ["a"]}, True),
        (OBJECT | {"properties": {"a": {"type": "array", "items": True}}, "required": ["a"]}, False),
        (OBJECT | {"properties": {"a": {"anyOf": [TEXT, {"type": "null"}]}}, "required": ["a"]}, True),
        (OBJECT | {"properties": {"a": {"anyOf": [{"not": TEXT}]}}, "required": ["a"]}, False),
        (OBJECT | {"$defs": {"b": {"if": TEXT}}}, False),
        (OBJECT | {"allOf": [TEXT]}, False),
        (OBJECT | {"anyOf": [OBJECT]}, False),
        ({"type": "array", "items": TEXT}, False),
        ({"properties": {"a": TEXT}, "required": ["a"], "additionalProperties": False}, False),
    ],
    ids=str,
)
def test_schema_is_strict_where_openai_takes_it(schema: Json, strict: bool) -> None:
    asked = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(schema, indent=2)}}}
    request = HI | {"outputConfig": {"textFormat": asked}}
    expected: Json = {"name": "answer", "schema": schema} | ({"strict": True} if strict else {})
    assert body(request)["response_format"] == {"type": "json_schema", "json_schema": expected}
    assert bool(effects(request)) is not strict


def test_schema_name_that_openai_refuses_is_mapped() -> None:
    asked = {"schema": json.dumps(OBJECT), "name": "my answer"}
    request = HI | {
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": asked}}}
    }
    assert (
        body(request)["response_format"]["json_schema"]["name"]
        == "my_answer-" + fitting("my answer", 64)[-12:]
    )
    assert effects(request) == {"outputConfig.textFormat.structure.jsonSchema.name": "mapped"}


def test_same_loss_is_noted_once_in_a_record() -> None:
    point = {"cachePoint": {"type": "default"}}
    assert len(CHAT.line("r-1", hub(said(point, {"text": "a"}, point)), "gpt-4o-mini").notes) == 1
