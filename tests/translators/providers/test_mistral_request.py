"""Converse requests as lines of a Mistral batch: what the recordings do not show already."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.translators.providers.mistral_lines import LARGE, MAGISTRAL, SMALL, body, effects
from translators.bedrock.converse import ContentBlock, Message, Request
from translators.errors import Refused
from translators.providers.mistral.names import call_id
from translators.providers.mistral.request import line

THOUGHT = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "EqQB"}}}
DRAWN = {"toolResult": {"toolUseId": "t1", "content": [PNG, {"text": "and"}, PDF]}}


def turns(*messages: tuple[str, list[Json]]) -> Json:
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


def order(record: Json, model: str = SMALL) -> list[str]:
    """Who speaks, and after a prefix a mark."""
    return [
        message["role"] + "+" * message.get("prefix", False) for message in body(record, model)["messages"]
    ]


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert json.loads(line("r-1", hub(HI), SMALL).data) == {
        "custom_id": "r-1",
        "body": {"messages": [{"role": "user", "content": "Hi"}]},
    }


def test_endpoint_is_what_lines_of_a_batch_have_in_common() -> None:
    assert line("r-1", hub(HI), SMALL).group == "/v1/chat/completions"


@pytest.mark.parametrize(
    "absent",
    [
        {"system": []},
        {"inferenceConfig": {}},
        {"inferenceConfig": {"stopSequences": []}},
        {"additionalModelRequestFields": {}},
        {"additionalModelRequestFields": {"seed": None, "n": 1, "top_k": None, "thinking": None}},
        {"additionalModelRequestFields": {"parallel_tool_calls": None, "user": None}},
        {"promptVariables": {}},
        {"outputConfig": {}},
    ],
    ids=str,
)
def test_what_says_nothing_sends_nothing(absent: Json) -> None:
    assert body(HI | absent) == body(HI)
    assert effects(HI | absent) == {}


def test_translating_leaves_the_request_as_it_was() -> None:
    record = turns(("user", [{"text": "Hi"}]), ("assistant", [CALL]), ("user", [result(PNG, status="error")]))
    request, before = hub(record), hub(record)
    assert line("r-1", request, SMALL) == line("r-1", request, SMALL)
    assert request == before


@pytest.mark.parametrize(
    ("record", "roles"),
    [
        (turns(("assistant", [{"text": "Welcome."}]), ("user", [{"text": "Hi"}])), ["assistant", "user"]),
        (turns(("user", [{"text": "Hi"}]), ("assistant", [{"text": "He"}])), ["user", "assistant+"]),
        (turns(("user", [{"text": "a"}]), ("system", [{"text": "b"}])), ["user", "system"]),
        (turns(("assistant", [{"text": "a"}]), ("system", [{"text": "b"}])), ["assistant", "user"]),
        (turns(("assistant", [CALL]), ("user", [result()])), ["assistant", "tool"]),
        (
            turns(("assistant", [CALL]), ("user", [result()]), ("user", [{"text": "?"}])),
            ["assistant", "tool", "assistant", "user"],
        ),
        (
            turns(("assistant", [CALL]), ("user", [result()]), ("system", [{"text": "!"}])),
            ["assistant", "tool", "assistant", "user"],
        ),
        (
            turns(("assistant", [CALL]), ("user", [result()]), ("assistant", [CALL]), ("user", [result()])),
            ["assistant", "tool", "assistant", "tool"],
        ),
        (
            turns(("assistant", [CALL]), ("user", [result()]), ("assistant", []), ("user", [{"text": "?"}])),
            ["assistant", "tool", "assistant", "user"],
        ),
        (turns(("user", [{"cachePoint": {"type": "default"}}]), ("user", [{"text": "Hi"}])), ["user"]),
        (
            {**turns(("user", [{"text": "Hi"}])), "system": [{"cachePoint": {"type": "default"}}]},
            ["user"],
        ),
    ],
    ids=str,
)
def test_turns_stand_in_an_order_that_mistral_takes(record: Json, roles: list[str]) -> None:
    assert order(record) == roles


def test_results_of_tools_come_before_what_is_said_with_them() -> None:
    record = turns(("assistant", [CALL]), ("user", [{"text": "So?"}, result({"text": "12"})]))
    assert order(record) == ["assistant", "tool", "assistant", "user"]
    assert effects(record)["messages.content.toolResult"] == "mapped"


def test_media_of_tools_are_numbered_and_stand_in_the_next_message() -> None:
    sent = body(turns(("assistant", [CALL]), ("user", [DRAWN])))["messages"]
    assert [part["text"] for part in sent[1]["content"]] == [
        "See attachment 1 in the next message.",
        "and",
        "See attachment 2 in the next message.",
    ]
    assert [part.get("text", part["type"]) for part in sent[3]["content"]] == [
        "Attachment 1:",
        "image_url",
        "Attachment 2:",
        "document_url",
    ]


def test_tool_answer_without_a_word_is_an_answer() -> None:
    sent = body(turns(("assistant", [CALL]), ("user", [result()])))["messages"]
    assert sent[1] == {"role": "tool", "content": "", "tool_call_id": call_id("t1")}


def test_cited_text_of_an_earlier_turn_is_sent_as_text() -> None:
    cited = {"citationsContent": {"content": [{"text": "Bern"}], "citations": []}}
    record = turns(("assistant", [cited, {"citationsContent": {}}]), ("user", [{"text": "?"}]))
    assert body(record)["messages"][0] == {"role": "assistant", "content": "Bern"}
    assert effects(record) == {"messages.content.citationsContent": "mapped"}


@pytest.mark.parametrize(
    ("model", "thought"),
    [
        (SMALL, [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
        (MAGISTRAL, [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
        (LARGE, None),
    ],
)
def test_thoughts_come_back_to_models_that_think(model: str, thought: list[Json] | None) -> None:
    record = turns(
        ("user", [{"text": "Hi"}]), ("assistant", [THOUGHT, {"text": "Ho"}]), ("user", [{"text": "?"}])
    )
    sent = body(record, model)["messages"][1]["content"]
    assert sent == ([*thought, {"type": "text", "text": "Ho"}] if thought else "Ho")


def test_turn_of_thoughts_alone_is_left_out_where_they_are_not_taken() -> None:
    record = turns(("user", [{"text": "Hi"}]), ("assistant", [THOUGHT]), ("user", [{"text": "?"}]))
    assert order(record, LARGE) == ["user", "user"]
    assert effects(record, LARGE)["messages.content"] == "dropped"


@pytest.mark.parametrize("word", ["tooluse_1", "a" * 64, "vAKGXGFZ", "vAKGXGFZD0", "vAKGXGF-D", ""])
def test_call_id_of_another_form_is_mapped(word: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9]{9}", call_id(word))
    assert call_id(word) != word


@given(word=st.text())
def test_call_id_is_nine_letters_and_digits_and_the_same_every_time(word: str) -> None:
    mapped = call_id(word)
    assert re.fullmatch(r"[a-zA-Z0-9]{9}", mapped)
    assert call_id(word) == mapped == call_id(mapped)


def test_call_and_its_result_agree() -> None:
    sent = body(turns(("assistant", [CALL]), ("user", [result({"text": "12"})])))["messages"]
    assert sent[0]["tool_calls"][0]["id"] == sent[1]["tool_call_id"]


def test_cache_points_are_dropped_wherever_they_stand() -> None:
    point = {"cachePoint": {"type": "default"}}
    record = turns(
        ("system", [{"text": "s"}, point]),
        ("assistant", [{"text": "a"}, point]),
        ("user", [point, {"text": "b"}]),
    ) | {"toolConfig": {"tools": [point]}}
    assert effects(record) == {
        "messages.content.cachePoint": "dropped",
        "toolConfig.tools.cachePoint": "dropped",
    }
    assert "tools" not in body(record)


@pytest.mark.parametrize(
    ("name", "sent", "noted"),
    [(None, "answer", False), ("capital", "capital", False), ("x" * 65, None, True), ("a b", None, True)],
)
def test_schema_has_a_name_that_fits(name: str | None, sent: str | None, noted: bool) -> None:
    schema = {"schema": '{"type": "object"}'} | ({} if name is None else {"name": name})
    record = HI | {
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    }
    written = body(record)["response_format"]["json_schema"]
    assert written["name"] == sent or (sent is None and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", written["name"]))
    assert bool(effects(record)) == noted


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (said({"guardContent": {"text": {"text": "x"}}}), "messages[0].content[0].guardContent"),
        (said({"text": "a"}, {"toolAddition": {"tool": {}}}), "messages[0].content[1].toolAddition"),
        (said({"reasoningContent": {"redactedContent": "A"}}), "messages[0].content[0].reasoningContent"),
        (said(CALL), "messages[0].content[0].toolUse"),
        (said(PNG, role="assistant"), "messages[0].content[0].image"),
        (said(PNG, role="system"), "messages[0].content[0].image"),
        (
            said(result({"video": {"format": "mp4", "source": {}}})),
            "messages[0].content[0].toolResult.content[0].video",
        ),
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
        (
            said({"audio": {"format": "wav", "source": {"bytes": "A"}, "error": {}}}),
            "messages[0].content[0].audio.error",
        ),
        (
            said({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}}),
            "messages[0].content[0].image.source.s3Location",
        ),
        (
            HI | {"system": [{"text": "a"}, {"guardContent": {"text": {"text": "x"}}}]},
            "system[1].guardContent",
        ),
        (
            HI | {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
            "toolConfig.tools[0].systemTool",
        ),
        (
            HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": True}}}]}},
            "toolConfig.tools[0].toolSpec.inputSchema.json",
        ),
        (HI | {"promptVariables": {"city": {"text": "Bern"}}}, "promptVariables"),
        (HI | {"outputConfig": {"effort": "enormous"}}, "outputConfig.effort"),
        (said({"cachePoint": {"type": "default"}}), "messages"),
        (asking(n=2), "additionalModelRequestFields.n"),
        (asking(stream=True), "additionalModelRequestFields.stream"),
        (asking(reasoning_effort=3), "additionalModelRequestFields.reasoning_effort"),
        (asking(thinking="on"), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "enabled"}), "additionalModelRequestFields.thinking"),
        (asking(thinking={"type": "sometimes", "budget_tokens": 5}), "additionalModelRequestFields.thinking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_record_that_cannot_be_expressed_is_refused_by_field(record: Json, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        body(record)
    assert refusal.value.field == field


def test_block_without_a_member_is_refused() -> None:
    with pytest.raises(Refused, match=r"messages\[0\].content\[0\]: is an empty block"):
        line("r-1", Request(messages=[Message(role="user", content=[ContentBlock()])]), SMALL)
