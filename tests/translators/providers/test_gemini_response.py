"""Result rows of Gemini: what the recordings do not show already."""

import json
from typing import Any

import msgspec
import pytest

from translators.bedrock.converse import Answer, ContentBlock, Request
from translators.errors import RecordError
from translators.providers.batch_file import Receipt, Unfinished
from translators.providers.gemini.response import answer, receipt
from translators.providers.grpc_status import Status

SIGNED = {"functionCall": {"name": "now", "args": {}, "id": "c1"}, "thoughtSignature": "c2ln"}


def asked() -> Request:
    raise AssertionError("the record is not needed to read this answer")


def row(*parts: dict[str, Any], **candidate: Any) -> bytes:
    content = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}
    return json.dumps({"key": "0", "response": {"candidates": [content | candidate]}}).encode()


def answered(data: bytes) -> Answer:
    outcome = answer(data, asked)
    assert isinstance(outcome, Answer)
    return outcome


def shown(block: ContentBlock) -> str:
    """A block in a word or two."""
    if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None:
        text = block.reasoning_content.reasoning_text
        return f"({text.text}|{text.signature})"
    if block.tool_use is not None:
        return f"{block.tool_use.name}#{block.tool_use.tool_use_id}"
    return block.text or "?"


def content(data: bytes) -> list[str]:
    return [shown(block) for block in answered(data).response.output.message.content]


@pytest.mark.parametrize(
    ("parts", "blocks"),
    [
        ([{"text": "a", "thoughtSignature": "c2ln"}], ["a"]),
        ([{"text": "hm", "thought": True}, {"text": "a"}], ["(hm|None)", "a"]),
        ([{"text": "h", "thought": True}, {"text": "m", "thought": True}, {"text": "a"}], ["(hm|None)", "a"]),
        (
            [{"text": "hm", "thought": True}, {"text": "a", "thoughtSignature": "c2ln"}],
            ["(hm|gemini:c2ln)", "a"],
        ),
        ([SIGNED], ["(|gemini:c2ln)", "now#c1"]),
        ([{"text": "hm", "thought": True}, SIGNED], ["(hm|gemini:c2ln)", "now#c1"]),
        (
            [{"text": "hm", "thought": True}, {"text": "a"}, SIGNED],
            ["(hm|None)", "a", "(|gemini:c2ln)", "now#c1"],
        ),
        ([{"text": "hm", "thought": True}], ["(hm|None)"]),
        ([{"thought": True}, {"text": ""}], []),
        ([{"text": "a"}, {"text": "b"}], ["a", "b"]),
    ],
    ids=str,
)
def test_parts_become_blocks_in_their_order(parts: list[dict[str, Any]], blocks: list[str]) -> None:
    assert content(row(*parts)) == blocks


def test_calls_without_ids_get_the_same_ones_every_time_and_none_twice() -> None:
    call = {"functionCall": {"name": "now"}}
    assert content(row(call, call)) == ["now#call_0_0", "now#call_0_1"]


def test_id_that_converse_would_not_take_is_fitted() -> None:
    call = {"functionCall": {"name": "now", "id": "call/7" + "x" * 80}}
    (block,) = answered(row(call)).response.output.message.content
    assert block.tool_use is not None
    assert len(block.tool_use.tool_use_id) <= 64
    assert "/" not in block.tool_use.tool_use_id


def test_arguments_stand_on_one_line() -> None:
    data = b"""{"key": "0", "response": {"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"functionCall": {"name": "now", "args": {"a": [1,
         2]}}}]}}]}}"""
    (block,) = answered(data).response.output.message.content
    assert block.tool_use is not None
    assert bytes(block.tool_use.input) == b'{"a":[1,2]}'


@pytest.mark.parametrize(
    ("finish_reason", "stop_reason"),
    [
        ("STOP", "end_turn"),
        ("MAX_TOKENS", "max_tokens"),
        ("CONTINUATION", "max_tokens"),
        ("SPII", "content_filtered"),
        ("LANGUAGE", "content_filtered"),
        ("MODEL_ARMOR", "content_filtered"),
        ("NO_IMAGE", "content_filtered"),
        ("TOO_MANY_TOOL_CALLS", "malformed_tool_use"),
        ("MALFORMED_RESPONSE", "malformed_model_output"),
        (1, "end_turn"),
        (3, "content_filtered"),
        (5, "malformed_model_output"),
    ],
)
def test_finish_reason_in_converse_s_words(finish_reason: str | int, stop_reason: str) -> None:
    assert answered(row({"text": "a"}, finishReason=finish_reason)).response.stop_reason == stop_reason


@pytest.mark.parametrize("finish_reason", [None, "", "BORED", "ESCALATION", 6, 99, -1, 2.5, {}])
def test_finish_reason_without_a_word_is_noted(finish_reason: object) -> None:
    outcome = answered(row({"text": "a"}, finishReason=finish_reason))
    assert outcome.response.stop_reason == "end_turn"
    assert [(note.field, repr(finish_reason) in note.detail) for note in outcome.notes] == [
        ("finishReason", True)
    ]
    nothing = answer(row(finishReason=finish_reason), asked)
    assert isinstance(nothing, RecordError)
    assert repr(finish_reason) in nothing.message


def test_call_that_was_cut_off_is_no_tool_use() -> None:
    assert answered(row(SIGNED, finishReason="MAX_TOKENS")).response.stop_reason == "max_tokens"


@pytest.mark.parametrize("data", [b"", b"{", b'{"key": "0", "response": []}', b"[" * 100_000])
def test_row_that_cannot_be_read_fails_its_record(data: bytes) -> None:
    outcome = answer(data, asked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502


@pytest.mark.parametrize("data", [b"", b"{}", b'{"key": null}', b'{"key": 5}'])
def test_row_that_names_nobody_has_no_receipt(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        receipt(data)


@pytest.mark.parametrize(
    ("error", "word", "http"),
    [
        ({"code": 1}, "CANCELLED", 499),
        ({"code": 3}, "INVALID_ARGUMENT", 400),
        ({"code": 4}, "DEADLINE_EXCEEDED", 504),
        ({"code": 7}, "PERMISSION_DENIED", 403),
        ({"code": 8}, "RESOURCE_EXHAUSTED", 429),
        ({"code": 9}, "FAILED_PRECONDITION", 400),
        ({"code": 13}, "INTERNAL", 500),
        ({"code": 14}, "UNAVAILABLE", 503),
        ({"code": 16}, "UNAUTHENTICATED", 401),
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, "RESOURCE_EXHAUSTED", 429),
        ({"code": 404}, None, 404),
        ({"code": 400, "status": "NEW_WORD"}, "NEW_WORD", 400),
        ({"code": 0}, "OK", 500),
        ({"code": 200}, None, 500),
        ({"code": -1}, None, 500),
        ({"code": 17}, None, 500),
    ],
    ids=str,
)
def test_google_s_codes_are_http_s(error: dict[str, Any], word: str | None, http: int) -> None:
    assert (Status(**error).word, Status(**error).http) == (word, http)


@pytest.mark.parametrize("error", [{"code": 1, "message": "m"}, {"code": 499, "status": "CANCELLED"}])
def test_cancelled_record_is_unfinished(error: dict[str, Any]) -> None:
    data = json.dumps({"key": "0", "error": error}).encode()
    assert isinstance(answer(data, asked), Unfinished)
    assert receipt(data) == Receipt("0", finished=False, status=499)
