"""Records as Gemini's requests: what the recordings do not show already."""

from typing import Any

import pytest

from tests.translators.providers.converse_records import CALL, HI, PNG, asking, result, said
from tests.translators.providers.gemini_records import config, effects, parts, request

OWN = {"reasoningContent": {"reasoningText": {"text": "", "signature": "gemini:c2ln"}}}
FOREIGN = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "EqQB"}}}
STAND_IN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
THREE = "gemini-3.5-flash"


def called(*blocks: dict[str, Any], answer: dict[str, Any] | None = None) -> dict[str, Any]:
    """A record whose current turn has a call among these blocks of the assistant's."""
    return {
        "messages": [
            {"role": "user", "content": [{"text": "What time is it?"}]},
            {"role": "assistant", "content": list(blocks)},
            {"role": "user", "content": [result(answer or {"text": "12"})]},
        ]
    }


def signatures(record: dict[str, Any], message: int = 1, model: str = THREE) -> list[str | None]:
    return [part.get("thoughtSignature") for part in parts(record, message, model)]


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert request(HI) == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


@pytest.mark.parametrize(
    ("format_", "mime_type"),
    [("mov", "video/mov"), ("flv", "video/x-flv"), ("three_gp", "video/3gpp"), ("wmv", "video/wmv")],
)
def test_video_is_sent_under_gemini_s_name_of_its_type(format_: str, mime_type: str) -> None:
    video = {"video": {"format": format_, "source": {"bytes": "AAAA"}}}
    assert parts(said(video)) == [{"inlineData": {"mimeType": mime_type, "data": "AAAA"}}]


@pytest.mark.parametrize(("format_", "mime_type"), [("mpga", "audio/mp3"), ("x-aac", "audio/aac")])
def test_sound_is_sent_under_gemini_s_name_of_its_type(format_: str, mime_type: str) -> None:
    audio = {"audio": {"format": format_, "source": {"bytes": "AAAA"}}}
    assert parts(said(audio)) == [{"inlineData": {"mimeType": mime_type, "data": "AAAA"}}]


def test_pdf_that_is_told_as_text_is_sent_as_text() -> None:
    document = {"name": "d", "format": "pdf", "source": {"text": "Words."}}
    assert parts(said({"document": document})) == [{"text": "Document: d\n\nWords."}]


def test_several_media_of_a_tool_are_numbered() -> None:
    sent = parts(called(CALL, answer=PNG) | {}, -1)
    assert [part.get("text") for part in sent] == [None, "Attachment 1:", None]
    record = called(CALL)
    record["messages"][2]["content"] = [result(PNG, {"text": "and"}, PNG)]
    answered, *attached = parts(record)
    assert answered["functionResponse"]["response"] == {
        "output": ["See attachment 1.", "and", "See attachment 2."]
    }
    assert [part.get("text") for part in attached] == ["Attachment 1:", None, "Attachment 2:", None]


@pytest.mark.parametrize(
    ("content", "status", "response"),
    [
        ([], None, {"output": []}),
        ([{"text": "12"}], "success", {"output": "12"}),
        ([{"text": "12"}, {"text": "13"}], None, {"output": ["12", "13"]}),
        ([{"json": {"hour": 12}}], None, {"hour": 12}),
        ([{"json": [12]}], None, {"output": [12]}),
        ([{"json": 0}], None, {"output": 0}),
        ([{"json": {"hour": 12}}, {"text": "sharp"}], None, {"output": [{"hour": 12}, "sharp"]}),
        ([{"json": {"hour": 12}}], "error", {"error": {"hour": 12}}),
        ([], "error", {"error": []}),
    ],
)
def test_answer_of_a_tool_is_an_object(
    content: list[dict[str, Any]], status: str | None, response: dict[str, Any]
) -> None:
    record = called(CALL)
    record["messages"][2]["content"] = [result(*content, **({"status": status} if status else {}))]
    assert parts(record)[0]["functionResponse"] == {"id": "t1", "name": "now", "response": response}


def test_id_that_is_used_again_belongs_to_the_latest_call() -> None:
    later = {"toolUse": {"toolUseId": "t1", "name": "date", "input": {}}}
    first = called(CALL)["messages"]
    record = {"messages": [*first, {"role": "assistant", "content": [later]}, first[2]]}
    assert [parts(record, index)[0]["functionResponse"]["name"] for index in (2, 4)] == ["now", "date"]


def test_signature_of_gemini_goes_back_to_the_part_it_came_from() -> None:
    other = {"toolUse": {"toolUseId": "t2", "name": "now", "input": {}}}
    assert signatures(called(OWN, CALL)) == ["c2ln"]
    assert signatures(called({"text": "Let me look."}, OWN, CALL, other)) == [None, "c2ln", None]
    assert effects(called(OWN, CALL), THREE) == {}


def test_signature_goes_back_whatever_the_model() -> None:
    assert signatures(called(OWN, CALL), model="gemini-2.5-flash") == ["c2ln"]


@pytest.mark.parametrize("before", [[], [FOREIGN], [{"reasoningContent": {"redactedContent": "AAAA"}}]])
def test_call_of_another_model_gets_the_signature_that_stands_in(before: list[dict[str, Any]]) -> None:
    record = called(*before, CALL, CALL)
    assert signatures(record) == [STAND_IN, None]
    assert effects(record, THREE)["messages.content.toolUse"] == "mapped"
    assert signatures(record, model="gemini-2.5-flash") == [None, None]


def test_calls_of_earlier_turns_need_no_signature() -> None:
    record = called(CALL)
    record["messages"].append({"role": "assistant", "content": [{"text": "Noon."}]})
    record["messages"].append({"role": "user", "content": [{"text": "Thanks."}]})
    assert signatures(record) == [None]


def test_conversation_that_begins_with_the_assistant_and_its_call_is_one_turn() -> None:
    record = {"messages": called(CALL)["messages"][1:]}
    assert signatures(record, 0) == [STAND_IN]


def test_foreign_and_spoken_reasoning_is_noted_as_dropped() -> None:
    for block in (FOREIGN, {"reasoningContent": {"redactedContent": "AAAA"}}):
        assert effects(called(block, CALL))["messages.content.reasoningContent"] == "dropped"


def test_citations_of_earlier_turns_become_text() -> None:
    cited = {"citationsContent": {"content": [{"text": "So."}, {"text": ""}], "citations": []}}
    assert parts(called(cited, {"cachePoint": {"type": "default"}}, CALL), 1)[0] == {"text": "So."}
    assert effects(called(cited, CALL))["messages.content.citationsContent"] == "mapped"


def test_turn_without_content_is_left_out() -> None:
    record = {"messages": [HI["messages"][0], {"role": "assistant", "content": [{"citationsContent": {}}]}]}
    assert len(request(record)["contents"]) == 1
    assert effects(record)["messages.content"] == "dropped"


def test_cache_points_are_dropped_wherever_they_stand() -> None:
    point = {"cachePoint": {"type": "default"}}
    record = called(point, CALL)
    record["messages"].insert(0, {"role": "system", "content": [point, {"text": "Be brief."}]})
    record["toolConfig"] = {"tools": [point]}
    assert effects(record) == {
        "messages.content.cachePoint": "dropped",
        "toolConfig.tools.cachePoint": "dropped",
    }
    assert "tools" not in request(record)


def test_tool_choice_of_a_name_that_does_not_fit_names_what_was_declared() -> None:
    spec = {"toolSpec": {"name": "1st", "inputSchema": {"json": {"type": "object"}}}}
    sent = request(HI | {"toolConfig": {"tools": [spec], "toolChoice": {"tool": {"name": "1st"}}}})
    declared = sent["tools"][0]["functionDeclarations"][0]["name"]
    assert sent["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [declared]
    assert declared.startswith("_1st")


def test_names_that_gemini_takes_stay() -> None:
    for name in ("now", "_now", "get-time", "T" * 64):
        spec = {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}}
        sent = request(HI | {"toolConfig": {"tools": [spec]}})
        assert sent["tools"][0]["functionDeclarations"][0]["name"] == name


def test_zero_is_a_value() -> None:
    record = asking(seed=0, presence_penalty=0.0, frequency_penalty=0.0, top_k=0)
    record["inferenceConfig"] = {"temperature": 0, "topP": 0}
    assert config(record) == {
        "temperature": 0.0,
        "topP": 0.0,
        "seed": 0,
        "presencePenalty": 0.0,
        "frequencyPenalty": 0.0,
        "topK": 0,
    }


def test_what_is_null_was_not_said() -> None:
    assert config(asking(top_k=None, min_p=None, n=None, thinking=None, reasoning_effort=None)) == {}
    assert effects(asking(top_k=None, min_p=None, parallel_tool_calls=None)) == {}


@pytest.mark.parametrize("name", ["min_p", "logit_bias", "user", "anthropic_beta"])
def test_what_gemini_does_not_have_is_dropped_and_noted(name: str) -> None:
    assert config(asking(**{name: ["x"]})) == {}
    assert effects(asking(**{name: ["x"]})) == {f"additionalModelRequestFields.{name}": "dropped"}


def test_parallel_calls_are_what_happens_anyway() -> None:
    assert effects(asking(parallel_tool_calls=True)) == {}
    assert effects(asking(parallel_tool_calls=False)) == {
        "additionalModelRequestFields.parallel_tool_calls": "dropped"
    }


def test_record_is_not_changed_by_being_said() -> None:
    record = called(OWN, CALL, answer={"json": {"a": [1]}})
    request(record)
    assert record == called(OWN, CALL, answer={"json": {"a": [1]}})


def round_of_two_calls(*turns: list[dict[str, Any]]) -> list[str]:
    """What Gemini is sent for the user's turns after two calls: texts, and the ids of the calls answered."""
    calls: list[dict[str, Any]] = [
        {"toolUse": {"toolUseId": use_id, "name": "now", "input": {}}} for use_id in ("tc1", "tc2")
    ]
    answered = [{"role": "user", "content": turn} for turn in turns]
    made = parts({"messages": [*HI["messages"], {"role": "assistant", "content": calls}, *answered]})
    return [part.get("text") or part["functionResponse"]["id"] for part in made]


def answering(use_id: str) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": use_id, "content": [{"text": "12"}]}}


def test_answers_of_tools_stand_before_all_else_in_their_turn() -> None:
    """Gemini takes them right after the calls only."""
    made = round_of_two_calls([{"text": "One."}, answering("tc1"), {"text": "Two."}, answering("tc2")])
    assert made == ["tc1", "tc2", "One.", "Two."]


def test_answers_in_two_messages_stand_together_before_the_texts_of_both() -> None:
    made = round_of_two_calls([answering("tc1"), {"text": "One."}], [{"text": "Two."}, answering("tc2")])
    assert made == ["tc1", "tc2", "One.", "Two."]
