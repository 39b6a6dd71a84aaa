"""Rows of a Mistral batch as answers: what the recordings do not show already."""

import json
from typing import Any

import pytest

from tests.translators.providers.converse_records import HI, Json, hub
from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.batch_file import Receipt
from translators.providers.mistral.response import answer
from translators.providers.mistral.rows import receipt


def row(body: object, status: int = 200, **members: object) -> bytes:
    response = {"status_code": status, "body": body}
    return json.dumps(
        {"id": "batch-1", "custom_id": "r-1", "response": response, "error": None} | members
    ).encode()


def completion(content: object, finish_reason: str = "stop", **message: object) -> Json:
    said = {"role": "assistant", "content": content, **message}
    return {"choices": [{"index": 0, "finish_reason": finish_reason, "message": said}]}


def read(body: object, asked: Json = HI) -> Any:
    outcome = answer(row(body), lambda: hub(asked))
    assert isinstance(outcome, Answer)
    return json.loads(json.dumps(_shown(outcome)))


def _shown(outcome: Answer) -> list[object]:
    shown: list[object] = []
    for block in outcome.response.output.message.content:
        if block.reasoning_content is not None and block.reasoning_content.reasoning_text is not None:
            thought = block.reasoning_content.reasoning_text
            shown.append({"thought": thought.text, "signature": thought.signature})
        else:
            shown.append(block.text if block.text is not None else block.tool_use and block.tool_use.name)
    return shown


def test_completion_without_anything_but_choices_is_an_answer() -> None:
    outcome = answer(row(completion(None)), lambda: hub(HI))
    assert isinstance(outcome, Answer)
    assert (outcome.id, outcome.model, outcome.created) == ("", "", 0)
    assert outcome.response.usage.total_tokens == 0
    assert outcome.response.output.message.content == []


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ([{"type": "text", "text": ""}], []),
        ([{"type": "thinking", "thinking": []}], []),
        (
            [{"type": "thinking", "thinking": [], "signature": "s"}],
            [{"thought": "", "signature": "mistral:s"}],
        ),
        (
            [
                {
                    "type": "thinking",
                    "thinking": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                }
            ],
            [{"thought": "ab", "signature": None}],
        ),
        (
            [{"type": "thinking", "thinking": "words"}, {"type": "text", "text": 7}, {"odd": 1}],
            [{"thought": "words", "signature": None}],
        ),
        (
            [{"type": "thinking", "thinking": ["words"], "signature": 7}],
            [{"thought": "words", "signature": None}],
        ),
        (["one ", {"text": "two"}], ["one ", "two"]),
        ({"type": "text", "text": "alone"}, ["alone"]),
    ],
    ids=str,
)
def test_chunks_of_any_kind_are_read(content: object, shown: object) -> None:
    assert read(completion(content)) == shown


def test_what_converse_has_no_place_for_is_shown_beside_the_message() -> None:
    chunks = [{"type": "thinking", "thinking": [7, "words"]}, {"odd": 1}]
    outcome = answer(row(completion(chunks)), lambda: hub(HI))
    assert isinstance(outcome, Answer)
    assert outcome.response.additional_model_response_fields == {"content": [7, {"odd": 1}]}


@pytest.mark.parametrize(
    ("begun", "said", "shown"),
    [
        ("{", '{"a": 1}', ['"a": 1}']),
        ("{", '"a": 1}', ['"a": 1}']),
        ("All of it.", "All of it.", []),
        ("{", [{"type": "text", "text": '{"a": 1}'}], ['"a": 1}']),
        ("{", None, []),
    ],
    ids=str,
)
def test_beginning_that_was_given_is_not_part_of_the_answer(begun: str, said: object, shown: object) -> None:
    asked = {"messages": [*HI["messages"], {"role": "assistant", "content": [{"text": begun}]}]}
    assert read(completion(said), asked) == shown


def test_answer_is_left_alone_where_nothing_was_begun() -> None:
    asked = {"messages": [{"role": "assistant", "content": [{"text": "He"}]}, *HI["messages"]]}
    assert read(completion("Hello"), asked) == ["Hello"]


def test_long_name_of_a_tool_comes_home() -> None:
    call = {"function": {"name": "now", "arguments": "{}"}, "id": "tXj57CGus"}
    assert read(completion("", "tool_calls", tool_calls=[call])) == ["now"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (row({"detail": "No"}, 401), RecordError(401, "No")),
        (row({"detail": []}, 422), RecordError(422, '{"detail":[]}')),
        (
            row({"message": {"detail": [{"msg": "a"}, {"loc": ["b", 0], "msg": "c"}, 7]}}, 422),
            RecordError(422, "a; b.0: c"),
        ),
        (row("Bad gateway", 502), RecordError(502, "Bad gateway")),
        (row(None, 500, error={"message": "Broken"}), RecordError(500, "Broken")),
        (row(None, 500), RecordError(500, "null")),
        (
            row({"choices": []}),
            RecordError(502, 'the provider reports success without an answer: {"choices":[]}'),
        ),
        (row(None, response=None, error="Broken"), RecordError(500, "Broken")),
    ],
    ids=str,
)
def test_row_without_an_answer_says_why(line: bytes, error: RecordError) -> None:
    assert answer(line, unasked) == error


def test_row_of_another_form_is_an_error_of_the_record() -> None:
    outcome = answer(row(None, response={}), unasked)
    assert isinstance(outcome, RecordError)
    assert (outcome.code, "without an answer" in outcome.message) == (502, True)


def test_nesting_without_end_is_an_error_of_the_record() -> None:
    nested = '{"custom_id":"r-1","response":{"status_code":400,"body":' + "[" * 100_000 + "]" * 100_000 + "}}"
    outcome = answer(nested.encode(), unasked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502


def test_row_says_whose_it_is() -> None:
    assert receipt(row(None, 500)) == Receipt("r-1", finished=True, status=500)
    assert receipt(b'{"custom_id":"r-1","response":"of another form"}') == Receipt("r-1", finished=True)
    with pytest.raises(ValueError, match="custom_id"):
        receipt(b"{}")


def unasked() -> Request:
    raise AssertionError("the record is not needed to read this row")
