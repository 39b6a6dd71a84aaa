"""Converse requests as lines of Cohere's datasets: what the recordings do not show already."""

import json

import pytest

from tests.translators.providers.cohere_lines import PLAIN, THINKER, body, effects
from tests.translators.providers.converse_records import (
    CALL,
    HI,
    PDF,
    PNG,
    Json,
    asking,
    hub,
    result,
    said,
)
from translators.bedrock.converse import ContentBlock, Message, Request
from translators.errors import Refused
from translators.providers.cohere.models import derived_model
from translators.providers.cohere.request import line
from translators.providers.registry import PROVIDERS

THINKING = {"type": "enabled", "budget_tokens": 1024}
POINT = {"cachePoint": {"type": "default"}}


def turns(*messages: tuple[str, list[Json]]) -> Json:
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert json.loads(line("r-1", hub(HI), PLAIN).data) == {
        "custom_id": "r-1",
        "body": {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    }


def test_type_of_dataset_is_what_lines_of_a_batch_have_in_common() -> None:
    assert line("r-1", hub(HI), PLAIN).group == "batch-chat-v2-input"


@pytest.mark.parametrize(
    "absent",
    [
        {"system": []},
        {"inferenceConfig": {"stopSequences": []}},
        {"additionalModelRequestFields": {"seed": None, "n": 1, "top_k": None, "thinking": None}},
        {"additionalModelRequestFields": {"min_p": None}},
        {"outputConfig": {}},
    ],
    ids=str,
)
def test_what_says_nothing_sends_nothing(absent: Json) -> None:
    assert body(HI | absent) == body(HI)
    assert effects(HI | absent) == {}


def test_results_of_tools_come_before_what_is_said_with_them() -> None:
    record = turns(("assistant", [CALL]), ("user", [{"text": "So?"}, result({"json": {"a": 1}}, PNG)]))
    sent = body(record)["messages"]
    assert [message["role"] for message in sent] == ["assistant", "tool", "user"]
    assert [part["text"] for part in sent[1]["content"]] == [
        '{"a":1}',
        "See attachment 1 in the next message.",
    ]
    assert [part.get("text") for part in sent[2]["content"]] == ["Attachment 1:", None, "So?"]


def test_tool_answer_without_a_word_is_an_answer() -> None:
    sent = body(turns(("assistant", [CALL]), ("user", [result()])))["messages"]
    assert sent[1] == {"role": "tool", "content": [], "tool_call_id": "t1"}


def test_system_messages_stay_where_they_are() -> None:
    record = turns(("user", [{"text": "a"}]), ("system", [{"text": "b"}, POINT]), ("user", [{"text": "c"}]))
    assert [message["role"] for message in body(record)["messages"]] == ["user", "system", "user"]
    assert effects(record) == {"messages.content.cachePoint": "dropped"}


def test_cache_points_are_dropped_wherever_they_stand() -> None:
    record = turns(("assistant", [{"text": "a"}, POINT]), ("user", [POINT, {"text": "b"}])) | {
        "toolConfig": {"tools": [POINT]},
        "system": [{"text": "s"}, POINT],
    }
    assert effects(record) == {
        "system.cachePoint": "dropped",
        "messages.content.cachePoint": "dropped",
        "toolConfig.tools.cachePoint": "dropped",
    }
    assert "tools" not in body(record)


def test_cited_text_and_search_results_are_sent_as_text() -> None:
    cited = {"citationsContent": {"content": [{"text": "Bern"}], "citations": []}}
    found = {"searchResult": {"source": "s", "title": "T", "content": [{"text": "x"}]}}
    record = turns(("assistant", [cited]), ("user", [found]))
    assert [message["content"][0]["text"] for message in body(record)["messages"]] == [
        "Bern",
        "Search result: T\nSource: s\n\nx",
    ]
    assert effects(record) == {
        "messages.content.citationsContent": "mapped",
        "messages.content.searchResult": "mapped",
    }


def test_strict_tools_are_noted() -> None:
    tool = {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}, "strict": True}}
    record = HI | {"toolConfig": {"tools": [tool]}}
    assert body(record)["tools"][0]["function"] == {"name": "now", "parameters": '{"type": "object"}'}
    assert effects(record) == {"toolConfig.tools.toolSpec.strict": "dropped"}


@pytest.mark.parametrize(
    ("asked", "model", "sent", "noted"),
    [
        ({"reasoning_effort": "none"}, THINKER, {"reasoning": False}, {"reasoning_effort": "mapped"}),
        ({"reasoning_effort": "low"}, THINKER, {"reasoning": True}, {"reasoning_effort": "mapped"}),
        (
            {"thinking": THINKING},
            THINKER,
            {"reasoning": True, "thinking_budget": 1024},
            {"thinking": "mapped"},
        ),
        ({"thinking": {"type": "adaptive"}}, THINKER, {}, {"thinking": "mapped"}),
        ({"thinking": {"type": "disabled"}}, PLAIN, {}, {}),
        ({"thinking": THINKING}, PLAIN, {}, {"thinking": "dropped"}),
        (
            {"thinking": {"type": "disabled"}, "reasoning_effort": "high"},
            THINKER,
            {"reasoning": False},
            {"thinking": "mapped", "reasoning_effort": "dropped"},
        ),
    ],
    ids=str,
)
def test_reasoning_is_told_to_models_that_reason(asked: Json, model: str, sent: Json, noted: Json) -> None:
    told = body(asking(**asked), model)
    del told["messages"]
    assert told == sent
    assert effects(asking(**asked), model) == {
        f"additionalModelRequestFields.{name}": what for name, what in noted.items()
    }


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (said({"guardContent": {"text": {"text": "x"}}}), "messages[0].content[0].guardContent"),
        (said(CALL), "messages[0].content[0].toolUse"),
        (said(PNG, role="assistant"), "messages[0].content[0].image"),
        (said(PNG, role="system"), "messages[0].content[0].image"),
        (said(PDF), "messages[0].content[0].document"),
        (said(result(type="server_tool_use")), "messages[0].content[0].toolResult.type"),
        (
            said(
                {"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "server_tool_use"}},
                role="assistant",
            ),
            "messages[0].content[0].toolUse.type",
        ),
        (
            said({"image": {"format": "png", "source": {"bytes": "A"}, "error": {"message": "x"}}}),
            "messages[0].content[0].image.error",
        ),
        (HI | {"system": [{"guardContent": {"text": {"text": "x"}}}]}, "system[0].guardContent"),
        (
            HI | {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
            "toolConfig.tools[0].systemTool",
        ),
        (
            HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": True}}}]}},
            "toolConfig.tools[0].toolSpec.inputSchema.json",
        ),
        (HI | {"outputConfig": {"effort": "enormous"}}, "outputConfig.effort"),
        (said(POINT), "messages"),
        (asking(n=2), "additionalModelRequestFields.n"),
        (asking(thinking="on"), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "enabled"}), "additionalModelRequestFields.thinking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_record_that_cannot_be_expressed_is_refused_by_field(record: Json, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        body(record)
    assert refusal.value.field == field


def test_block_without_a_member_is_refused() -> None:
    with pytest.raises(Refused, match=r"messages\[0\].content\[0\]: is an empty block"):
        line("r-1", Request(messages=[Message(role="user", content=[ContentBlock()])]), PLAIN)


def test_key_travels_as_a_bearer_token() -> None:
    assert PROVIDERS["cohere"].headers("test-key") == {"Authorization": "Bearer test-key"}


@pytest.mark.parametrize(
    ("vendor", "model", "name"),
    [
        ("cohere", "embed-v4:0", "embed-v4.0"),
        ("cohere", "embed-english-v3", "embed-english-v3.0"),
        ("cohere", "command-r-v1:0", None),
        ("amazon", "embed-v4:0", None),
    ],
)
def test_model_of_bedrock_s_has_a_name_at_cohere_s_where_it_is_the_same(
    vendor: str, model: str, name: str | None
) -> None:
    assert derived_model(vendor, model) == name
