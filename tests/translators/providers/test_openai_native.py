"""Chat completions to OpenAI and back: what passes as it is, and what is known to be refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line, Unfinished
from translators.providers.chat_completions.names import LONGEST_CALL_ID
from translators.providers.identifiers import fitting
from translators.providers.openai.models import CHAT
from translators.translation import Route, Translator
from translators.wire import ModelOutput

HELLO = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "f"}}
LONG = "c" * (LONGEST_CALL_ID + 1)


def line(model: str = "gpt-4o-mini", **members: Any) -> Line:
    return CHAT.native_line("r-1", Raw(json.dumps({"messages": HELLO} | members).encode()), model)


def sent(model: str = "gpt-4o-mini", **members: Any) -> Any:
    """What is sent for these members, but for messages and model."""
    whole = json.loads(line(model, **members).data)
    assert (whole["custom_id"], whole["method"], whole["url"]) == ("r-1", "POST", "/v1/chat/completions")
    body = whole["body"]
    assert body.pop("model") == model
    if "messages" not in members:
        assert body.pop("messages") == HELLO
    return body


def noted(model: str = "gpt-4o-mini", **members: Any) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in line(model, **members).notes]


def row(body: object, status: int = 200, error: object = None) -> bytes:
    response = {"status_code": status, "body": body}
    return json.dumps({"custom_id": "r-1", "response": response, "error": error}).encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=5,
)


@given(st.dictionaries(st.text().map("x_{}".format), json_values))
def test_members_that_nobody_knows_pass(members: dict[str, Any]) -> None:
    assert (
        sent(**{"messages": HELLO, "strange": {"a": [1, None]}} | members)
        == {
            "messages": HELLO,
            "strange": {"a": [1, None]},
        }
        | members
    )
    assert noted(**members) == []


def test_zeros_and_parts_of_messages_pass() -> None:
    messages = [{"role": "user", "content": [{"type": "hologram", "data": "x"}], "odd": None}]
    members: dict[str, Any] = {
        "messages": messages,
        "temperature": 0,
        "top_p": 0,
        "seed": 0,
        "n": 2,
        "logprobs": False,
    }
    assert sent(**members) == members


def test_model_is_the_job_s() -> None:
    assert sent(model="gpt-4o-mini") == {}
    assert noted() == []
    body = Raw(json.dumps({"model": "openai.gpt-oss-20b-1:0", "messages": HELLO}).encode())
    written = CHAT.native_line("r-1", body, "gpt-4o-mini")
    assert json.loads(written.data)["body"]["model"] == "gpt-4o-mini"
    assert [note.field for note in written.notes] == ["model"]
    body = Raw(json.dumps({"model": "gpt-4o-mini", "messages": HELLO}).encode())
    assert CHAT.native_line("r-1", body, "gpt-4o-mini").notes == ()


def test_nothing_streams() -> None:
    assert sent(stream=False) == sent(stream=None) == sent(stream_options=None) == {}
    assert noted(stream=False) == noted(stream_options=None) == []
    assert sent(stream_options={"include_usage": True}) == {}
    assert noted(stream_options={"include_usage": True}) == [("stream_options", "dropped")]
    with pytest.raises(Refused, match="stream: a batch has no streams; accepted is false"):
        sent(stream=True)


@pytest.mark.parametrize(
    ("model", "said", "name"),
    [
        ("gpt-4o-mini", "max_tokens", "max_completion_tokens"),
        ("llama-3.1-8b-instant", "max_completion_tokens", "max_tokens"),
    ],
)
def test_limit_has_the_name_that_the_model_takes(model: str, said: str, name: str) -> None:
    assert sent(model, **{said: 5}) == {name: 5}
    assert noted(model, **{said: 5}) == [(said, "mapped")]
    assert sent(model, **{name: 5}) == {name: 5}
    assert sent(model, **{said: 5, name: 6}) == {said: 5, name: 6}


@pytest.mark.parametrize(
    ("model", "asked", "expected"),
    [
        ("gpt-4o-mini", "high", None),
        ("gpt-5-mini", "max", "high"),
        ("gpt-5-mini", "low", "low"),
        ("llama-3.1-8b-instant", "max", "max"),
        ("gpt-5-mini", "enormous", "enormous"),
        ("gpt-5-mini", None, None),
    ],
)
def test_effort_is_the_model_s_closest(model: str, asked: str | None, expected: str | None) -> None:
    assert sent(model, reasoning_effort=asked).get("reasoning_effort") == expected
    assert bool(noted(model, reasoning_effort=asked)) is (asked != expected)


def test_models_that_reason_take_no_sampling() -> None:
    members = {
        "temperature": 0,
        "top_p": 1,
        "presence_penalty": 0.5,
        "logprobs": None,
        "logit_bias": {"1": 2},
    }
    assert sent("o4-mini", **members) == sent("gpt-5.6-sol", **members) == {}
    assert noted("o4-mini", **members) == [
        ("temperature", "dropped"),
        ("top_p", "dropped"),
        ("presence_penalty", "dropped"),
        ("logit_bias", "dropped"),
    ]
    members.pop("logprobs")
    assert sent("gpt-5.1", reasoning_effort="none", **members) == {"reasoning_effort": "none"} | members


def test_stop_sequences_are_never_dropped() -> None:
    assert sent(stop=["a"]) == {"stop": ["a"]}
    assert sent("gpt-5-mini", stop=None) == {}
    with pytest.raises(Refused, match="stop: the model takes no stop sequences"):
        sent("gpt-5-mini", stop="a")


def test_sampling_of_others_goes_to_others() -> None:
    assert sent(top_k=5, min_p=0.1) == {}
    assert noted(top_k=5, min_p=0.1) == [("top_k", "dropped"), ("min_p", "dropped")]
    assert sent("llama-3.1-8b-instant", top_k=5, min_p=0.1) == {"top_k": 5, "min_p": 0.1}


def test_parallel_calls_are_asked_for_where_there_are_tools() -> None:
    with_tools: dict[str, Any] = {"tools": [TOOL], "parallel_tool_calls": False}
    assert sent(**with_tools) == with_tools
    assert sent(parallel_tool_calls=True) == {}
    assert sent("o4-mini", **with_tools) == {"tools": [TOOL]}
    assert noted("o4-mini", **with_tools) == [("parallel_tool_calls", "dropped")]


def test_long_ids_of_calls_and_results_are_shortened_alike() -> None:
    call = {"id": LONG, "type": "function", "function": {"name": "f", "arguments": "{}"}, "odd": 1}
    short = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call, short]},
        {"role": "tool", "tool_call_id": LONG, "content": "x"},
        {"role": "tool", "tool_call_id": "call_1", "content": "y"},
    ]
    fitted = fitting(LONG, LONGEST_CALL_ID)
    assert sent(messages=messages)["messages"] == [
        messages[0],
        {"role": "assistant", "content": None, "tool_calls": [call | {"id": fitted}, short]},
        {"role": "tool", "tool_call_id": fitted, "content": "x"},
        messages[3],
    ]
    assert noted(messages=messages) == [("messages.tool_calls.id", "mapped")]
    assert noted(messages=[{"role": "assistant", "tool_calls": [short]}, messages[3]]) == []


@pytest.mark.parametrize(
    "messages", [5, [5], [{"tool_calls": [{"id": 5}]}], [{"tool_call_id": None}]], ids=str
)
def test_messages_of_another_form_are_the_provider_s_to_refuse(messages: object) -> None:
    assert sent(messages=messages, tool_calls=1)["messages"] == messages


@pytest.mark.parametrize(
    "body", [b"5", b"{", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"], ids=["5", "{", "deep"]
)
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="modelInput"):
        CHAT.native_line("r-1", Raw(body), "gpt-4o-mini")


def test_answer_is_the_provider_s_own() -> None:
    completion = {
        "id": "chatcmpl-1",
        "strange": [None],
        "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
    }
    answer = CHAT.native_answer(row(completion))
    assert isinstance(answer, ModelOutput)
    assert json.loads(answer.json) == completion
    assert (answer.input_tokens, answer.output_tokens) == (6, 5)


@pytest.mark.parametrize(
    ("word", "written"),
    [("eos_token", "stop"), ("max_tokens", "length"), ("SAFETY", "content_filter"), (None, "stop")],
)
def test_word_of_a_server_s_own_is_read_as_openai_s_and_all_else_stays(word: object, written: str) -> None:
    choices = [{"index": 0, "odd": [1.50], "message": {"content": "Hi"}, "finish_reason": word}]
    second = {**choices[0], "finish_reason": "stop"}
    answer = CHAT.native_answer(row({"strange": [None], "choices": [*choices, second]}))
    assert isinstance(answer, ModelOutput)
    first = {**choices[0], "finish_reason": written}
    assert json.loads(answer.json) == {"strange": [None], "choices": [first, second]}
    assert [note.field for note in answer.notes] == ["finish_reason"]


def test_answer_that_is_written_as_text_is_on_one_line() -> None:
    answer = CHAT.native_answer(row(json.dumps({"choices": [{"index": 0}]}, indent=2)))
    assert answer == ModelOutput(b'{"choices":[{"index":0}]}', 0, 0)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (row({"error": {"message": "Too long."}}, 400), RecordError(400, "Too long.")),
        (
            row({"choices": []}),
            RecordError(502, 'the provider reports success without an answer: {"choices":[]}'),
        ),
        (row(None), RecordError(502, "the provider reports success without an answer: null")),
        (row(None, error={"code": "batch_expired", "message": "Expired."}), Unfinished("Expired.")),
    ],
    ids=str,
)
def test_row_without_an_answer_says_why(result: bytes, outcome: object) -> None:
    assert CHAT.native_answer(result) == outcome


def test_completion_that_cannot_be_read_fails_the_record() -> None:
    outcome = CHAT.native_answer(row({"choices": 5}))
    assert isinstance(outcome, RecordError)
    assert outcome.code == 502
    assert "without an answer" in outcome.message


@pytest.mark.parametrize(
    "model_id", ["qwen.qwen3-32b-v1:0", "deepseek.v3-v1:0", "gpt-4o-mini", "openai.gpt-oss-20b-1:0"]
)
def test_job_of_chats_passes_field_by_field(model_id: str) -> None:
    route = Route(model_id=model_id, invocation_type="InvokeModel", provider="openai", model="gpt-4o-mini")
    translator = Translator(route)
    body = Raw(json.dumps({"messages": HELLO, "never_heard_of": True}).encode())
    written = translator.line("r-1", InputRecord(body))
    assert isinstance(written, Line)
    assert json.loads(written.data)["body"] == {
        "model": "gpt-4o-mini",
        "messages": HELLO,
        "never_heard_of": True,
    }
    completion = {"choices": [{"index": 0}], "odd": 1}
    shown = translator.model_output(body, row(completion))
    assert isinstance(shown, ModelOutput)
    assert json.loads(shown.json) == completion
