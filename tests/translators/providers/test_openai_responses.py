"""Converse requests as lines for OpenAI's Responses API, and its rows as answers."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.translators.providers.converse_records import CALL, HI, PDF, PNG, Json, asking, hub, result, said
from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Unfinished
from translators.providers.openai.responses import line
from translators.providers.openai.responses_output import answer

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "openai"

TEXT_PART = {"type": "input_text", "text": "Hi"}
LONG_ID = "tooluse_" + "x" * 56
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1787150602,
    "status": "completed",
    "model": "gpt-5-nano-2025-08-07",
    "usage": {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 6},
        "total_tokens": 29,
    },
}


def sent(record: Json, model: str = "gpt-4o-mini") -> Json:
    made: Json = json.loads(line("r-1", hub(record), model).data)["body"]
    return made


def items(*messages: Json) -> list[Json]:
    found: list[Json] = sent({"messages": list(messages)})["input"]
    return found


def notes(record: Json, model: str = "gpt-4o-mini") -> dict[str, str]:
    return {note.field: note.effect for note in line("r-1", hub(record), model).notes}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def row(*output: Json, **changes: Any) -> bytes:
    body = RESPONSE | {"output": list(output)} | changes
    response = {"status_code": 200, "request_id": "1", "body": body}
    return json.dumps({"id": "1", "custom_id": "r-1", "response": response, "error": None}).encode()


def message(*texts: str) -> Json:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": parts}


def call(arguments: str = "{}", **members: Any) -> Json:
    made = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "now", "status": "completed"}
    return {**made, "arguments": arguments, **members}


def reasoning(*texts: str, **members: Any) -> Json:
    summary = [{"type": "summary_text", "text": text} for text in texts]
    return {"type": "reasoning", "id": "rs_1", "summary": summary, **members}


def understood(data: bytes) -> Answer:
    outcome = answer(data, asked)
    assert isinstance(outcome, Answer)
    return outcome


def content(data: bytes) -> Any:
    return msgspec.json.decode(msgspec.json.encode(understood(data).response.output.message.content))


def test_nothing_is_sent_that_was_not_asked_for_but_that_nothing_is_kept() -> None:
    made = line("r-1", hub(HI), "gpt-4o-mini")
    assert json.loads(made.data) == {
        "custom_id": "r-1",
        "method": "POST",
        "url": "/v1/responses",
        "body": {"model": "gpt-4o-mini", "input": [{"role": "user", "content": "Hi"}], "store": False},
    }
    assert (made.group, made.weight, made.notes) == ("/v1/responses", 1, ())


def test_system_texts_stay_apart_and_come_first() -> None:
    system = [{"text": "Hi"}, {"cachePoint": {"type": "default"}}, {"text": "Hi"}]
    assert sent(HI | {"system": system})["input"][0] == {"role": "system", "content": [TEXT_PART] * 2}
    assert notes(HI | {"system": system}) == {"system.cachePoint": "dropped"}
    assert sent(HI | {"system": [{"text": "Hi"}]})["input"][0] == {"role": "system", "content": "Hi"}
    between = {"role": "system", "content": [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]}
    assert items(*HI["messages"], between)[1] == {"role": "system", "content": "Hi"}


def test_media_are_parts_of_a_user_s_message() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "auto"}
    file = {"type": "input_file", "filename": "d.pdf", "file_data": "data:application/pdf;base64,JVBE"}
    assert sent(said(PNG, PDF, {"text": "Hi"}))["input"] == [
        {"role": "user", "content": [image, file, TEXT_PART]}
    ]


def test_results_of_tools_come_first_with_their_media() -> None:
    record = said({"text": "Hi"}, result({"json": {"a": 1}}, PNG), result({"text": "no"}, status="error"))
    assert sent(record)["input"] == [
        {
            "type": "function_call_output",
            "call_id": "t1",
            "output": [
                {"type": "input_text", "text": '{"a":1}'},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "auto"},
            ],
        },
        {
            "type": "function_call_output",
            "call_id": "t1",
            "output": [
                {"type": "input_text", "text": "The tool reported an error:"},
                {"type": "input_text", "text": "no"},
            ],
        },
        {"role": "user", "content": "Hi"},
    ]
    assert notes(record) == {"messages.content.toolResult.status": "mapped"}
    assert sent(said(result()))["input"] == [{"type": "function_call_output", "call_id": "t1", "output": ""}]
    assert sent(said())["input"] == [{"role": "user", "content": ""}]


def test_an_assistant_s_blocks_keep_their_order() -> None:
    cited = {"citationsContent": {"content": [{"text": "c"}, {"text": "d"}]}}
    record = {
        "messages": [
            assistant({"text": "a"}, CALL, {"text": "b"}, {"cachePoint": {"type": "default"}}, cited),
            assistant(),
        ]
    }
    assert sent(record)["input"] == [
        {"role": "assistant", "content": "a"},
        {"type": "function_call", "call_id": "t1", "name": "now", "arguments": "{}"},
        {"role": "assistant", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": "d"},
        {"role": "assistant", "content": ""},
    ]
    assert notes(record) == {
        "messages.content.cachePoint": "dropped",
        "messages.content.citationsContent": "mapped",
    }


def test_long_id_is_the_same_at_call_and_result() -> None:
    use = {"toolUse": {"toolUseId": LONG_ID + "x", "name": "now", "input": {}}}
    answered = {"toolResult": {"toolUseId": LONG_ID + "x", "content": []}}
    record = {"messages": [assistant(use), {"role": "user", "content": [answered]}]}
    made = sent_unchecked(record)
    assert made[0]["call_id"] == made[1]["call_id"] != LONG_ID
    assert len(made[0]["call_id"]) == 64


def sent_unchecked(record: Json) -> Any:
    """The items of a record whose ids are longer than AWS allows, as other dialects may have them."""
    text = json.dumps(record).replace(LONG_ID + "x", LONG_ID)
    request = msgspec.json.decode(text, type=Request)
    for turn in request.messages:
        for block in turn.content:
            for part in (block.tool_use, block.tool_result):
                if part is not None:
                    part.tool_use_id = LONG_ID + "x"
    made = line("r-1", request, "gpt-4o-mini")
    assert [note.field for note in made.notes] == ["messages.content.toolUse.toolUseId"]
    return json.loads(made.data)["body"]["input"]


def test_functions_are_not_strict_unless_asked() -> None:
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    spec = {"name": "f", "description": "d", "inputSchema": {"json": nothing}}
    tools = [{"toolSpec": spec}, {"toolSpec": {**spec, "name": "g", "strict": True}}]
    function = {"type": "function", "name": "f", "description": "d", "parameters": nothing}
    record = HI | {"toolConfig": {"tools": tools}}
    assert sent(record)["tools"] == [
        {**function, "strict": False},
        {**function, "name": "g", "strict": True},
    ]
    assert "tool_choice" not in sent(record)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"auto": {}}, "auto"),
        ({"any": {}}, "required"),
        ({"tool": {"name": "f"}}, {"type": "function", "name": "f"}),
    ],
)
def test_choice_of_a_tool_is_told(choice: Json, expected: object) -> None:
    tools = [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]
    assert sent(HI | {"toolConfig": {"tools": tools, "toolChoice": choice}})["tool_choice"] == expected


def test_schema_of_the_answer_and_verbosity_are_told_of_the_text() -> None:
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "n"}}
    record = asking(verbosity="low") | {
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}
    }
    assert sent(record)["text"] == {
        "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True},
        "verbosity": "low",
    }


def test_parameters_have_the_names_of_this_endpoint() -> None:
    record = asking(top_logprobs=2, logprobs=True, user="u", parallel_tool_calls=True) | {
        "inferenceConfig": {"maxTokens": 9, "temperature": 0, "topP": 0},
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]},
    }
    made = sent(record)
    assert {name: made[name] for name in made.keys() - {"model", "input", "tools", "store"}} == {
        "max_output_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.0,
        "top_logprobs": 2,
        "include": ["message.output_text.logprobs"],
        "user": "u",
        "parallel_tool_calls": True,
    }
    assert sent(asking(logprobs=False)) == sent(HI)
    assert sent(HI | {"inferenceConfig": {"maxTokens": 9}}, "local-model")["max_output_tokens"] == 9


def test_effort_is_told_of_the_reasoning() -> None:
    record = HI | {"outputConfig": {"effort": "low"}, "inferenceConfig": {"temperature": 0}}
    assert sent(record, "gpt-5-nano")["reasoning"] == {"effort": "low"}
    assert notes(record, "gpt-5-nano") == {
        "outputConfig.effort": "mapped",
        "inferenceConfig.temperature": "dropped",
    }


def test_parameters_that_this_endpoint_lacks_are_noted() -> None:
    record = asking(seed=1, presence_penalty=0.5, frequency_penalty=0.5, logit_bias={"1": 1}, top_k=5)
    assert sent(record) == sent(HI)
    names = ("seed", "presence_penalty", "frequency_penalty", "logit_bias", "top_k")
    assert notes(record) == {f"additionalModelRequestFields.{name}": "dropped" for name in names}


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (
            HI | {"inferenceConfig": {"stopSequences": ["END"]}},
            "inferenceConfig.stopSequences: the Responses API takes none",
        ),
        (
            said({"audio": {"format": "wav", "source": {"bytes": "AAAA"}}}),
            r"messages\[0\].content\[0\].audio: the Responses API takes no audio",
        ),
        (HI | {"system": [{"guardContent": {"text": {"text": "a"}}}]}, r"system\[0\].guardContent: "),
        (said(PNG, role="assistant"), r"messages\[0\].content\[0\].image: has no place"),
        (said(PNG, role="system"), r"messages\[0\].content\[0\].image: has no place"),
        (said(result(type="server_tool")), r"toolResult.type: 'server_tool' is a tool of another"),
        (
            said({"toolUse": {**CALL["toolUse"], "type": "server_tool_use"}}, role="assistant"),
            r"toolUse.type: 'server_tool_use' is a tool of another",
        ),
        (
            HI | {"guardrailConfig": {"guardrailIdentifier": "a", "guardrailVersion": "1"}},
            "guardrailConfig: ",
        ),
    ],
)
def test_what_this_endpoint_cannot_be_told_is_refused(record: Json, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        sent(record)


def test_every_item_counts_in_its_order() -> None:
    data = row(reasoning("Hm.", "Well."), message("Frag"), call('{"a": 1}'), message("One.", "Two."))
    assert content(data) == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.\n\nWell."}}},
        {"text": "Frag"},
        {"toolUse": {"toolUseId": "call_1", "name": "now", "input": {"a": 1}}},
        {"text": "One."},
        {"text": "Two."},
    ]
    outcome = understood(data)
    assert outcome.response.stop_reason == "tool_use"
    assert msgspec.to_builtins(outcome.response.usage) == {
        "inputTokens": 12,
        "outputTokens": 9,
        "totalTokens": 29,
        "cacheReadInputTokens": 5,
        "cacheWriteInputTokens": 3,
    }
    assert (outcome.id, outcome.model, outcome.created) == ("resp_1", RESPONSE["model"], 1787150602)
    assert outcome.reasoning_tokens == 6


@pytest.mark.parametrize("text", ["", "Hm."])
def test_encrypted_reasoning_comes_back_in_the_next_turn(text: str) -> None:
    item = reasoning(*([text] if text else []), encrypted_content="gAAA.B")
    blocks = content(row(item, message("Hi")))
    assert blocks[0] == {
        "reasoningContent": {"reasoningText": {"text": text, "signature": "rs_1.gAAA.B"}}
        if text
        else {"redactedContent": b64encode(b"rs_1.gAAA.B").decode()}
    }
    assert items(assistant(*blocks)) == [item, {"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    "block",
    [
        {"reasoningText": {"text": "Hm."}},
        {"reasoningText": {"text": "Hm.", "signature": "EqQB"}},
        {"reasoningText": {"text": "Hm.", "signature": "rs_1"}},
        {"redactedContent": "!"},
        {"redactedContent": "RXFRQg=="},
    ],
)
def test_reasoning_of_others_is_dropped_and_noted(block: Json) -> None:
    record = {"messages": [assistant({"reasoningContent": block}, {"text": "Hi"})]}
    assert sent(record)["input"] == [{"role": "assistant", "content": "Hi"}]
    assert notes(record) == {"messages.content.reasoningContent": "dropped"}


def test_open_reasoning_is_shown_and_empty_reasoning_says_nothing() -> None:
    open_one = reasoning("short", content=[{"type": "reasoning_text", "text": "long"}])
    assert content(row(open_one, reasoning(), message("Hi"))) == [
        {"reasoningContent": {"reasoningText": {"text": "long"}}},
        {"text": "Hi"},
    ]


def test_refusal_is_text_and_says_so() -> None:
    part = {"type": "refusal", "refusal": "I cannot."}
    outcome = understood(row({"type": "message", "id": "msg_1", "content": [part]}))
    assert outcome.refusal == "I cannot."
    assert outcome.response.stop_reason == "content_filtered"
    assert outcome.response.output.message.content[0].text == "I cannot."


def test_what_converse_has_no_place_for_stands_beside() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "q"}}
    noted = {"type": "url_citation", "url": "https://example.com"}
    part = {"type": "output_text", "text": "Hi", "annotations": [noted], "logprobs": [{"token": "Hi"}]}
    outcome = understood(row(search, {"type": "message", "id": "m", "content": [part]}))
    assert outcome.response.additional_model_response_fields == {
        "output": [search],
        "annotations": [noted],
        "logprobs": [{"token": "Hi"}],
    }
    assert understood(row(message("Hi"))).response.additional_model_response_fields is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "end_turn"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "max_tokens"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filtered"),
    ],
)
def test_status_says_why_the_answer_ends(changes: Json, reason: str) -> None:
    assert understood(row(message("Hi"), **changes)).response.stop_reason == reason


def test_incomplete_answer_may_be_empty_and_uncounted() -> None:
    outcome = understood(
        row(status="incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=None)
    )
    assert outcome.response.output.message.content == []
    assert outcome.response.usage.total_tokens == 0


def test_arguments_that_are_no_object_are_shown() -> None:
    outcome = understood(row(call("{oops"), call()))
    assert outcome.response.stop_reason == "malformed_tool_use"
    assert outcome.response.output.message.content[0].text == "now({oops)"


def test_call_that_was_cut_keeps_the_reason() -> None:
    cut = row(call(), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert understood(cut).response.stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (row(), "the provider reports success without an answer"),
        (row(status="failed", error={"code": "server_error", "message": "Sorry."}), "Sorry."),
        (
            row(status="failed", error={"code": "server_error"}),
            "the provider gives no reason but 'server_error'",
        ),
        (row(status="queued"), "the provider stopped with 'queued'"),
        (row({"content": []}), "neither text nor call"),
        (b'{"response":{"status_code":200}}', "without an answer: null"),
        (b'{"response":{"status_code":429,"body":{"error":{"message":"Slow down."}}}}', "Slow down."),
    ],
)
def test_what_is_no_answer_is_an_error_in_words(data: bytes, expected: str) -> None:
    outcome = answer(data, asked)
    assert isinstance(outcome, RecordError)
    assert expected in outcome.message


@pytest.mark.parametrize(
    ("data", "word", "stop_reason"),
    [
        (row(message("Hi"), status="queued"), "queued", "end_turn"),
        (row(message("Hi"), status="incomplete"), "incomplete", "max_tokens"),
        (
            row(message("Hi"), status="incomplete", incomplete_details={"reason": "steered"}),
            "steered",
            "end_turn",
        ),
    ],
)
def test_text_comes_home_whatever_the_status(data: bytes, word: str, stop_reason: str) -> None:
    outcome = understood(data)
    assert outcome.response.stop_reason == stop_reason
    assert [note.field for note in outcome.notes if word in note.detail] == ["status"]


def test_expired_row_is_unfinished() -> None:
    assert answer(b'{"error":{"code":"batch_expired","message":"Late."}}', asked) == Unfinished("Late.")


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
@pytest.mark.parametrize("name", ["responses-5", "responses-json-schema-4"])
def test_real_rows_are_read_whole(name: str) -> None:
    recorded = json.loads((REAL / "batch" / f"{name}-output-file-content.json").read_bytes())
    for real in recorded["response"]["body"].splitlines():
        body = json.loads(real)["response"]["body"]
        outcome = understood(real.encode())
        blocks = outcome.response.output.message.content
        texts = [
            part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"]
        ]
        assert [block.text for block in blocks if block.text is not None] == texts
        thoughts = [item for item in body["output"] if item["type"] == "reasoning"]
        assert sum(block.reasoning_content is not None for block in blocks) == len(thoughts)
        assert outcome.response.stop_reason == "end_turn"
        assert outcome.response.usage.output_tokens == body["usage"]["output_tokens"]
        request = Request(messages=[outcome.response.output.message])
        again = json.loads(line("r-1", request, body["model"]).data)["body"]["input"]
        assert [item["encrypted_content"] for item in again if item.get("type") == "reasoning"] == [
            item["encrypted_content"] for item in thoughts
        ]


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_lines_and_ours_ask_the_same() -> None:
    upload = json.loads((REAL / "batch" / "responses-1-file-upload.json").read_bytes())["request"]["body"]
    real = [json.loads(one) for one in upload.splitlines() if one.startswith("{")]
    for one in real:
        ours = sent(said({"text": one["body"]["input"][0]["content"]}), one["body"]["model"])
        assert ours == {name: value for name, value in one["body"].items() if name != "include"}


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_error_is_told_in_openai_s_words() -> None:
    real = json.loads((REAL / "errors" / "400-context-length-responses-api.json").read_bytes())["response"]
    response = {"status_code": real["status"], "body": real["body"]}
    outcome = answer(json.dumps({"response": response}).encode(), asked)
    assert outcome == RecordError(400, real["body"]["error"]["message"])
