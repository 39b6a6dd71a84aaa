"""Result rows of an OpenAI batch: what the recordings do not show already."""

import json
from typing import Any

import msgspec
import pytest

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.batch_file import Receipt, Unfinished
from translators.providers.chat_completions.rows import receipt
from translators.providers.identifiers import fitting
from translators.providers.openai.models import CHAT

type Json = dict[str, Any]

COMPLETION: Json = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1787176200,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
}


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def row(body: object, status: object = 200, error: object = None) -> bytes:
    return json.dumps(
        {"custom_id": "r-1", "response": {"status_code": status, "body": body}, "error": error}
    ).encode()


def answering(message: Json, finish_reason: str | None = "stop") -> bytes:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish_reason}
    return row(COMPLETION | {"choices": [choice]})


def calling(arguments: object, finish_reason: str = "tool_calls", **members: object) -> bytes:
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": arguments}} | members
    return answering({"content": None, "tool_calls": [call]}, finish_reason)


def understood(data: bytes) -> Answer:
    outcome = CHAT.answer(data, asked)
    assert isinstance(outcome, Answer)
    return outcome


def content(outcome: Answer) -> Any:
    return msgspec.json.decode(msgspec.json.encode(outcome.response.output.message.content))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"custom_id":"r-1"}', Receipt("r-1", True)),
        (row(COMPLETION), Receipt("r-1", True)),
        (b'{"custom_id":"r-1","response":"of another form"}', Receipt("r-1", True)),
        (b'{"custom_id":"r-1","response":{"status_code":503}}', Receipt("r-1", True, 503)),
        (b'{"custom_id":"r-1","error":{"code":"server_error"}}', Receipt("r-1", True)),
        (b'{"custom_id":"r-1","error":{"code":"request_timeout"}}', Receipt("r-1", True, 408)),
        (b'{"custom_id":"r-1","error":{"code":"batch_expired"}}', Receipt("r-1", False)),
        (b'{"custom_id":"r-1","error":{"code":"batch_cancelled"}}', Receipt("r-1", False)),
    ],
)
def test_receipt_says_whose_row_it_is_and_whether_the_record_was_processed(
    data: bytes, expected: Receipt
) -> None:
    assert receipt(data) == expected


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'{"custom_id":null}', b"<html>"])
def test_receipt_of_an_unreadable_row_raises(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the parser's own words
        receipt(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read"),
        (b"[1,2]", "cannot be read"),
        (b'{"custom_id":"r-1","response":{"body":{}}}', "without an answer"),
        (row([]), "cannot be read"),
        (row("{"), "cannot be read"),
        (row(COMPLETION | {"choices": {}}), "without an answer"),
        (answering({"content": [5, {"odd": 1}]}), "neither text nor call: [5"),
        (answering({"content": None, "tool_calls": [{"id": "c"}]}), "neither text nor call"),
        (b'{"response":{"status_code":200,"body":' + b"[" * 100_000, "cannot be read"),
        (b'{"custom_id":"r-1"}', "neither a response nor an error"),
        (row(None), "without an answer"),
        (row(""), "without an answer"),
        (row({}), "without an answer"),
        (row(COMPLETION | {"choices": []}), "without an answer"),
        (row(COMPLETION | {"choices": None}), "without an answer"),
        (row({"error": {"message": "Overloaded"}}), "without an answer: Overloaded"),
        (answering({"content": None}, None), "stopped with None"),
        (answering({"content": ""}, "bored"), "stopped with 'bored'"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_malformed_row_fails_its_record_alone(data: bytes, message: str) -> None:
    outcome = CHAT.answer(data, asked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502
    assert message in outcome.message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (row({"error": "No capacity"}, 503), RecordError(503, "No capacity")),
        (row("upstream failed", 502), RecordError(502, "upstream failed")),
        (row({"detail": [1]}, 422), RecordError(422, '{"detail":[1]}')),
        (row(None, 500), RecordError(500, "null")),
        (row({"error": {"message": "Bad"}}, 400, {"code": "x", "message": "y"}), RecordError(400, "Bad")),
        (row(COMPLETION, 200, {"code": 7, "message": "odd"}), RecordError(500, "odd")),
        (row(COMPLETION, 200, {"message": "odd"}), RecordError(500, "odd")),
        (row({"object": "error", "message": "Too long", "code": 400}, 400), RecordError(400, "Too long")),
        (row({"detail": "Not Found"}, 404), RecordError(404, "Not Found")),
        (
            row({"detail": [{"loc": ["body", "n"], "msg": "too big"}, {"msg": "odd"}]}, 422),
            RecordError(422, "body.n: too big; odd"),
        ),
        (row({"error": {"message": '{"error": {"message": "Inner"}}'}}, 502), RecordError(502, "Inner")),
        (row({"errors": [{"message": "One"}, {"message": "Two"}]}, 400), RecordError(400, "One; Two")),
        (
            b'{"response":{"status_code":400},"error":{"object":"error","message":"Bad","code":400}}',
            RecordError(400, "Bad"),
        ),
        (b'{"response":null,"error":"Broken"}', RecordError(500, "Broken")),
        (b'{"error":{"object":"error","message":"Slow","code":429}}', RecordError(429, "Slow")),
        (
            b'{"error":{"code":"model_error"}}',
            RecordError(500, "the provider gives no reason but 'model_error'"),
        ),
        (b'{"error":{"code":"batch_expired"}}', Unfinished("batch_expired")),
    ],
    ids=repr,
)
def test_row_that_reports_an_error_becomes(data: bytes, expected: object) -> None:
    assert CHAT.answer(data, asked) == expected


def test_answer_tells_who_answered_and_when() -> None:
    outcome = understood(row(COMPLETION))
    assert (outcome.id, outcome.model, outcome.created) == (
        "chatcmpl-1",
        "gpt-4o-mini-2024-07-18",
        1787176200,
    )
    assert (outcome.refusal, outcome.stop_sequence, outcome.reasoning_tokens) == ("", None, None)


@pytest.mark.parametrize(
    "error", [{}, "", [], 0, False, "odd", 7, ["odd"], {"code": 0}, {"code": None, "message": ""}], ids=repr
)
def test_error_that_is_none_beside_a_good_response_changes_nothing(error: object) -> None:
    data = row(COMPLETION, 200, error)
    assert content(understood(data)) == [{"text": "Hi"}]
    assert receipt(data) == Receipt("r-1", finished=True)


def test_answer_of_a_server_that_says_little_is_understood() -> None:
    outcome = understood(row({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}))
    assert content(outcome) == [{"text": "Hi"}]
    assert (outcome.id, outcome.model, outcome.created) == ("", "", 0)
    assert outcome.response.usage.total_tokens == 0


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, (100, None, None)),
        ({"prompt_tokens_details": None}, (100, None, None)),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, (100, 0, None)),
        ({"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}}, (10, 60, 30)),
    ],
    ids=str,
)
def test_cached_tokens_are_counted_beside_the_input(
    details: Json, expected: tuple[int, int | None, int | None]
) -> None:
    counted = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120} | details
    usage = understood(row(COMPLETION | {"usage": counted})).response.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_write_input_tokens) == expected
    assert (usage.output_tokens, usage.total_tokens) == (20, 120)


def test_reasoning_is_part_of_the_output_and_told_apart() -> None:
    counted = {
        "prompt_tokens": 1,
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 15},
    }
    outcome = understood(row(COMPLETION | {"usage": counted}))
    assert (outcome.response.usage.output_tokens, outcome.reasoning_tokens) == (20, 15)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_of_compatible_servers_comes_before_the_text(name: str) -> None:
    outcome = understood(answering({name: "Hm.", "content": "Hi"}))
    assert content(outcome) == [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Hi"}]


def test_reasoning_tags_in_the_text_are_left_alone() -> None:
    text = "<reasoning>Hm.</reasoning>Hi"
    assert content(understood(answering({"content": text}))) == [{"text": text}]


def test_first_of_several_choices_is_the_answer() -> None:
    second = {"index": 1, "message": {"role": "assistant", "content": "Ho"}, "finish_reason": "length"}
    outcome = understood(row(COMPLETION | {"choices": [COMPLETION["choices"][0], second]}))
    assert content(outcome) == [{"text": "Hi"}]
    assert outcome.response.stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("finish_reason", "stop_reason"),
    [
        ("tool_calls", "tool_use"),
        ("stop", "tool_use"),
        ("length", "max_tokens"),
        ("content_filter", "content_filtered"),
    ],
)
def test_tool_call_decides_where_the_finish_reason_leaves_it_open(
    finish_reason: str, stop_reason: str
) -> None:
    assert understood(calling("{}", finish_reason)).response.stop_reason == stop_reason


def test_finish_reason_of_tool_calls_without_a_call_is_an_end() -> None:
    outcome = understood(answering({"content": "Hi", "tool_calls": []}, "tool_calls"))
    assert outcome.response.stop_reason == "end_turn"


def test_refusal_is_shown_and_marked() -> None:
    outcome = understood(answering({"content": "Well.", "refusal": "No."}))
    assert content(outcome) == [{"text": "Well."}, {"text": "No."}]
    assert (outcome.refusal, outcome.response.stop_reason) == ("No.", "content_filtered")


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("", "{}"),
        (" \n", "{}"),
        ("{}", "{}"),
        ('{\n "a" : 1.50,\n "b": "x\\ny"\n}', '{"a":1.50,"b":"x\\ny"}'),
        ('{"n": 123456789012345678901234567890}', '{"n":123456789012345678901234567890}'),
        ({"a": [1]}, '{"a":[1]}'),
        (None, "{}"),
        ('{"a":"\\ud800"}', '{"a":"\\ufffd"}'),
    ],
)
def test_arguments_become_an_object_on_one_line(arguments: object, written: str) -> None:
    (block,) = understood(calling(arguments)).response.output.message.content
    assert block.tool_use is not None
    assert bytes(block.tool_use.input).decode() == written


@pytest.mark.parametrize(
    "arguments",
    ['{"a":', "[1]", "null", "5", "now", '{"a":1} {}', '{"a":' * 100_000],
    ids=lambda arguments: arguments[:20],
)
def test_arguments_that_are_no_object_are_shown_as_they_were_said(arguments: str) -> None:
    outcome = understood(calling(arguments))
    assert content(outcome) == [{"text": f"now({arguments})"}]
    assert outcome.response.stop_reason == "malformed_tool_use"


@pytest.mark.parametrize(
    ("call_id", "use_id"),
    [
        ("call_abc-1", "call_abc-1"),
        (None, "call_0"),
        ("", "call_0"),
        ("functions.add:0", fitting("functions.add:0", 64)),
        ("x" * 70, fitting("x" * 70, 64)),
    ],
)
def test_call_gets_an_id_that_every_dialect_takes(call_id: str | None, use_id: str) -> None:
    (block,) = understood(calling("{}", id=call_id)).response.output.message.content
    assert block.tool_use is not None
    assert block.tool_use.tool_use_id == use_id


@pytest.mark.parametrize(
    "record", [{}, {"toolConfig": {"tools": [{"toolSpec": {"name": "other", "inputSchema": {"json": {}}}}]}}]
)
def test_name_that_only_looks_mapped_stays_as_the_model_said_it(record: Json) -> None:
    name = "now-0123456789ab"
    request = msgspec.json.decode(
        json.dumps({"messages": [{"role": "user", "content": []}]} | record), type=Request
    )
    outcome = CHAT.answer(calling("{}", function={"name": name, "arguments": "{}"}), lambda: request)
    assert isinstance(outcome, Answer)
    assert content(outcome) == [{"toolUse": {"toolUseId": "call_1", "name": name, "input": {}}}]
