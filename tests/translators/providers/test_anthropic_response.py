"""Anthropic's rows: what the recordings do not show already."""

import json
from typing import Any

import msgspec
import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.anthropic.response import answer
from translators.providers.anthropic.results import STATUSES, receipt
from translators.providers.batch_file import Receipt, Unfinished
from translators.providers.identifiers import fitting

MESSAGE: dict[str, Any] = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 4},
}


def row(**result: object) -> bytes:
    return json.dumps({"custom_id": "r-1", "result": result}).encode()


def succeeded(**members: object) -> bytes:
    return row(type="succeeded", message={**MESSAGE, **members})


def asked() -> Request:
    return hub(HI)


def answered(row: bytes) -> Answer:
    outcome = answer(row, asked)
    assert isinstance(outcome, Answer)
    return outcome


@pytest.mark.parametrize(
    ("result", "finished"),
    [("succeeded", True), ("canceled", False), ("expired", False), ("postponed", True)],
)
def test_receipt_says_whose_a_row_is(result: str, finished: bool) -> None:
    assert receipt(row(type=result)) == Receipt("r-1", finished)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, 529),
        ({"type": "rate_limit_error", "message": "Slow down"}, 429),
        ({"type": "error", "error": {"type": "an_error_to_come"}}, 500),
        ("of another form", None),
    ],
)
def test_receipt_says_how_a_request_failed(error: object, status: int | None) -> None:
    assert receipt(row(type="errored", error=error)) == Receipt("r-1", finished=True, status=status)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'{"custom_id":"r-1"}', b'{"custom_id":1,"result":{"type":"x"}}']
)
def test_row_that_is_no_row_belongs_to_nobody(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        receipt(line)


@pytest.mark.parametrize("line", [b"{", b'{"result":[]}', b'{"result":{"type":"succeeded"}}'])
def test_row_that_cannot_be_read_is_the_provider_s_fault(line: bytes) -> None:
    outcome = answer(line, asked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502


def test_row_that_is_nested_too_deeply_fails_alone() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    outcome = answer(b'{"result":{"type":"errored","error":{"x":' + deep + b"}}}", asked)
    assert isinstance(outcome, RecordError)


@pytest.mark.parametrize(("kind", "code"), [*STATUSES.items(), ("unheard_of_error", 500), (None, 500)])
def test_kind_of_error_has_its_number(kind: str | None, code: int) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "No."}, "request_id": None}
    assert answer(row(type="errored", error=error), asked) == RecordError(code, "No.")


def test_error_that_is_not_nested_is_read_too() -> None:
    error = {"type": "overloaded_error", "message": "Busy."}
    assert answer(row(type="errored", error=error), asked) == RecordError(529, "Busy.")


@pytest.mark.parametrize("word", ["canceled", "expired"])
def test_request_that_never_ran_says_why(word: str) -> None:
    outcome = answer(row(type=word), asked)
    assert isinstance(outcome, Unfinished)
    assert word in outcome.reason


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [
        ("end_turn", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("tool_use", "tool_use"),
        ("refusal", "content_filtered"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
    ],
)
def test_reason_to_stop_becomes(reason: str, stop_reason: str) -> None:
    outcome = answered(succeeded(stop_reason=reason, stop_sequence="x"))
    assert (outcome.response.stop_reason, outcome.refusal, outcome.notes) == (stop_reason, "", [])
    assert outcome.stop_sequence == "x"


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [("pause_turn", "max_tokens"), ("compaction", "end_turn"), (None, "end_turn"), (7, "end_turn")],
)
def test_reason_that_is_not_known_is_read_as_the_nearest(reason: object, stop_reason: str) -> None:
    outcome = answered(succeeded(stop_reason=reason, content=[{"type": "text", "text": "Hi"}]))
    assert outcome.response.stop_reason == stop_reason
    assert [(note.field, repr(reason) in note.detail) for note in outcome.notes] == [("stop_reason", True)]


@pytest.mark.parametrize("reason", ["pause_turn", None])
def test_nothing_said_for_a_reason_that_is_not_known_is_no_answer(reason: object) -> None:
    outcome = answer(succeeded(stop_reason=reason, content=[]), asked)
    assert isinstance(outcome, RecordError)
    assert repr(reason) in outcome.message


def test_tool_s_name_that_was_fitted_comes_back() -> None:
    long = "n" * 100
    request = hub(HI | {"toolConfig": {"tools": [{"toolSpec": {"name": "x", "inputSchema": {"json": {}}}}]}})
    assert request.tool_config is not None
    assert request.tool_config.tools[0].tool_spec is not None
    request.tool_config.tools[0].tool_spec.name = long
    use = {"type": "tool_use", "id": "toolu_01", "name": fitting(long, 64), "input": {"a": 1}}
    outcome = answer(succeeded(content=[use]), lambda: request)
    assert isinstance(outcome, Answer)
    (block,) = outcome.response.output.message.content
    assert block.tool_use is not None
    assert block.tool_use.name == long


def test_thinking_is_counted_as_output_and_told_apart() -> None:
    outcome = answered(
        succeeded(
            usage={"input_tokens": 3, "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}}
        )
    )
    assert (outcome.response.usage.output_tokens, outcome.reasoning_tokens) == (40, 30)
    assert answered(succeeded()).reasoning_tokens is None


def test_usage_adds_up() -> None:
    usage = answered(
        succeeded(
            usage={
                "input_tokens": 1,
                "output_tokens": 2,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 400,
                "cache_creation": {"ephemeral_5m_input_tokens": 400},
            }
        )
    ).response.usage
    assert usage.total_tokens == 433
    assert [(detail.ttl, detail.input_tokens) for detail in usage.cache_details or ()] == [("5m", 400)]


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/stop_reason", {"stop_reason": "end_turn"}),
        ("/usage", {"usage": MESSAGE["usage"]}),
        ("/content/0/text", {"text": "Hello!"}),
        ("/a~1b", {"a/b": {"c~d": 5}}),
        ("/a~1b/c~0d", {"c~d": 5}),
        ("/content/1", None),
        ("/content/x", None),
        ("/id/x", None),
        ("/stop_sequence", None),
        ("", None),
    ],
)
def test_fields_of_the_answer_that_are_pointed_at_come_along(pointer: str, found: object) -> None:
    request = hub(HI | {"additionalModelResponseFieldPaths": ["/nothing"]})
    request.additional_model_response_field_paths = [pointer]
    outcome = answer(succeeded(**{"a/b": {"c~d": 5}}), lambda: request)
    assert isinstance(outcome, Answer)
    assert outcome.response.additional_model_response_fields == found
