"""Converse requests as lines of an OpenAI batch: what the recordings do not show already."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from translators.bedrock.converse import Request
from translators.errors import Refused
from translators.providers.openai import line
from translators.providers.openai.names import fitting

type Json = dict[str, Any]

HI: Json = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
PNG = {"image": {"format": "png", "source": {"bytes": "iVBO"}}}
PDF = {"document": {"name": "d", "format": "pdf", "source": {"bytes": "JVBE"}}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "now", "input": {}}}


def said(*blocks: Json, role: str = "user") -> Json:
    return {"messages": [{"role": role, "content": list(blocks)}]}


def result(*content: Json, **more: object) -> Json:
    return {"toolResult": {"toolUseId": "t1", "content": list(content), **more}}


def asking(**additional: object) -> Json:
    return HI | {"additionalModelRequestFields": additional}


def hub(request: Json) -> Request:
    return msgspec.json.decode(json.dumps(request), type=Request)


def body(request: Json, model: str = "gpt-4o-mini") -> Json:
    sent: Json = json.loads(line("r-1", hub(request), model).data)["body"]
    return sent


def messages(request: Json) -> object:
    return body(request)["messages"]


def effects(request: Json, model: str = "gpt-4o-mini") -> dict[str, str]:
    return {note.field: note.effect for note in line("r-1", hub(request), model).notes}


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert json.loads(line("r-1", hub(HI), "gpt-4o-mini").data) == {
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
    assert line("r-1", request, "gpt-4o-mini") == line("r-1", request, "gpt-4o-mini")
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


ADDED = "additionalModelRequestFields"


@pytest.mark.parametrize(
    ("model", "asked", "sent", "noted"),
    [
        ("o3", {"outputConfig": {"effort": "xhigh"}}, "high", {"outputConfig.effort": "mapped"}),
        ("gpt-5.2", {"outputConfig": {"effort": "max"}}, "xhigh", {"outputConfig.effort": "mapped"}),
        ("llama-4", {"outputConfig": {"effort": "max"}}, "max", {"outputConfig.effort": "mapped"}),
        ("gpt-4o", {"outputConfig": {"effort": "max"}}, None, {"outputConfig.effort": "dropped"}),
        ("gpt-5.1", {ADDED: {"reasoning_effort": "low"}}, "low", {}),
        ("gpt-5.1", {ADDED: {"reasoning_effort": "minimal"}}, "low", {f"{ADDED}.reasoning_effort": "mapped"}),
        (
            "gpt-5-nano",
            {ADDED: {"reasoning_effort": "none"}},
            "minimal",
            {f"{ADDED}.reasoning_effort": "mapped"},
        ),
        ("o3", {ADDED: {"reasoning_effort": "none"}}, "low", {f"{ADDED}.reasoning_effort": "mapped"}),
        ("gpt-4o", {ADDED: {"reasoning_effort": "none"}}, None, {}),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 4096}}},
            "low",
            {f"{ADDED}.thinking": "mapped"},
        ),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 16384}}},
            "medium",
            {f"{ADDED}.thinking": "mapped"},
        ),
        (
            "o3",
            {ADDED: {"thinking": {"type": "enabled", "budget_tokens": 16385}}},
            "high",
            {f"{ADDED}.thinking": "mapped"},
        ),
        ("o3", {ADDED: {"thinking": {"type": "adaptive"}}}, None, {f"{ADDED}.thinking": "mapped"}),
        (
            "o3",
            {ADDED: {"thinking": {"type": "adaptive"}}, "outputConfig": {"effort": "high"}},
            "high",
            {f"{ADDED}.thinking": "mapped", "outputConfig.effort": "mapped"},
        ),
        (
            "gpt-5.1",
            {ADDED: {"thinking": {"type": "disabled"}}, "outputConfig": {"effort": "high"}},
            "none",
            {f"{ADDED}.thinking": "mapped", "outputConfig.effort": "dropped"},
        ),
        (
            "o3",
            {
                ADDED: {"thinking": {"type": "enabled", "budget_tokens": 99_999}, "reasoning_effort": "low"},
                "outputConfig": {"effort": "high"},
            },
            "low",
            {f"{ADDED}.thinking": "dropped", "outputConfig.effort": "dropped"},
        ),
    ],
    ids=str,
)
def test_reasoning_is_asked_for_in_words_that_the_model_knows(
    model: str, asked: Json, sent: str | None, noted: Mapping[str, str]
) -> None:
    assert body(HI | asked, model).get("reasoning_effort") == sent
    assert effects(HI | asked, model) == noted


SAMPLING: Json = {
    "inferenceConfig": {"temperature": 0.0, "topP": 0.5},
    ADDED: {
        "presence_penalty": 0.0,
        "frequency_penalty": 1,
        "logit_bias": {"1": 2},
        "logprobs": True,
        "top_logprobs": 2,
    },
}
SAMPLED = {
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
}


@pytest.mark.parametrize(
    ("model", "effort", "accepted"),
    [
        ("gpt-4o", None, True),
        ("gpt-5-chat-latest", None, True),
        ("gpt-5", None, False),
        ("gpt-5.1", None, False),
        ("gpt-5.1", "none", True),
        ("gpt-5.4-mini", "high", False),
        ("o1", "low", False),
        ("mistral-large", "high", True),
    ],
)
def test_sampling_is_sent_to_models_that_take_it_and_noted_for_others(
    model: str, effort: str | None, accepted: bool
) -> None:
    request = HI | SAMPLING | {ADDED: SAMPLING[ADDED] | ({"reasoning_effort": effort} if effort else {})}
    assert SAMPLED & body(request, model).keys() == (SAMPLED if accepted else set())
    assert list(effects(request, model).values()) == ([] if accepted else ["dropped"] * len(SAMPLED))


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("gpt-4o", True),
        ("o1", True),
        ("o3-mini", True),
        ("o3", False),
        ("o4-mini", False),
        ("gpt-5.1", False),
        ("qwen", True),
    ],
)
def test_stop_sequences_are_sent_or_the_record_is_refused(model: str, takes: bool) -> None:
    request = HI | {"inferenceConfig": {"stopSequences": ["a", "b", "c", "d"]}}
    if takes:
        assert body(request, model)["stop"] == ["a", "b", "c", "d"]
    else:
        with pytest.raises(Refused, match="the model takes no stop sequences"):
            body(request, model)


TOOLS: Json = {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {}}}}]}}


@pytest.mark.parametrize(
    ("model", "tools", "sent"),
    [("gpt-4o", TOOLS, False), ("o4-mini", TOOLS, None), ("gpt-4o", {}, None)],
    ids=str,
)
def test_parallel_tool_calls_are_forbidden_where_that_can_be_said(
    model: str, tools: Json, sent: bool | None
) -> None:
    request = asking(parallel_tool_calls=False) | tools
    assert body(request, model).get("parallel_tool_calls") is sent
    assert effects(request, model) == ({} if sent is False else {f"{ADDED}.parallel_tool_calls": "dropped"})


@pytest.mark.parametrize("name", ["seed", "user", "verbosity", "prompt_cache_key", "safety_identifier"])
def test_what_openai_knows_by_the_same_name_is_sent_as_it_is(name: str) -> None:
    assert body(asking(**{name: "x"}))[name] == "x"


@pytest.mark.parametrize("name", ["top_k", "min_p", "anthropic_beta"])
def test_what_only_others_know_is_dropped_and_noted(name: str) -> None:
    assert body(asking(**{name: 0})) == body(HI)
    assert effects(asking(**{name: 0})) == {f"{ADDED}.{name}": "dropped"}


def test_same_loss_is_noted_once_in_a_record() -> None:
    point = {"cachePoint": {"type": "default"}}
    assert len(line("r-1", hub(said(point, {"text": "a"}, point)), "gpt-4o-mini").notes) == 1
