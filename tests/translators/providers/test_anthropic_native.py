"""Claude's own bodies at Anthropic: what the recordings do not show already."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from translators.errors import RecordError, Refused
from translators.providers.anthropic.native.answer import answer
from translators.providers.anthropic.native.body import line
from translators.wire import ModelOutput

HAIKU = "claude-haiku-4-5"
BODY: dict[str, Any] = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": "Hi"}],
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def params(body: dict[str, Any], model: str = HAIKU) -> Any:
    return json.loads(line("r-1", Raw(json.dumps(body).encode()), model).data)["params"]


def refusal(body: object, model: str = HAIKU) -> str:
    with pytest.raises(Refused) as refused:
        line("r-1", Raw(json.dumps(body).encode()), model)
    return str(refused.value)


@given(unheard_of=st.dictionaries(st.text(max_size=9).map("x_{}".format), JSON, max_size=4), messages=JSON)
def test_fields_that_nobody_knows_pass_unchanged(unheard_of: dict[str, Any], messages: Any) -> None:
    body = BODY | unheard_of | {"messages": messages}
    kept = {name: value for name, value in body.items() if name != "anthropic_version"}
    assert params(body) == {"model": HAIKU, **kept}


@pytest.mark.parametrize(
    ("members", "model", "sent"),
    [
        ({"anthropic_version": "2026-10-21", "model": "other"}, HAIKU, {}),
        ({"anthropic_beta": ["b", "a"]}, HAIKU, {}),
        ({"stream": False}, HAIKU, {"stream": False}),
        ({"cache_hint": {}, "context_hint": 1}, HAIKU, {}),
        ({"temperature": 0}, "claude-opus-4-6", {"temperature": 0}),
        ({"temperature": 0, "top_k": 0}, "claude-opus-4-7", {}),
        ({"output_format": {"a": 1}}, HAIKU, {"output_config": {"format": {"a": 1}}}),
        (
            {"output_format": {"a": 1}, "output_config": {"format": {"b": 1}}},
            HAIKU,
            {"output_format": {"a": 1}, "output_config": {"format": {"b": 1}}},
        ),
        (
            {"output_format": {"a": 1}, "output_config": "odd"},
            HAIKU,
            {"output_format": {"a": 1}, "output_config": "odd"},
        ),
        ({"thinking": {"type": "adaptive"}}, HAIKU, {}),
        ({"messages": "odd"}, "claude-opus-4-6", {"messages": "odd"}),
        ({"messages": []}, "claude-opus-4-6", {"messages": []}),
    ],
    ids=str,
)
def test_member_becomes(members: dict[str, Any], model: str, sent: dict[str, Any]) -> None:
    assert params(BODY | members, model) == {
        "model": model,
        "max_tokens": 256,
        "messages": BODY["messages"],
        **sent,
    }


def test_body_without_messages_is_for_anthropic_to_refuse() -> None:
    assert params({"max_tokens": 5}, "claude-opus-4-6") == {"model": "claude-opus-4-6", "max_tokens": 5}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "modelInput: cannot be read"),
        (BODY | {"previous_thread_event_id": "e"}, "previous_thread_event_id: a batch cannot go on"),
        (BODY | {"max_tokens": 0}, "max_tokens: a batch cannot be asked for no token"),
        (BODY | {"anthropic_beta": "a"}, "anthropic_beta: 'a' is not a list of names"),
        (BODY | {"anthropic_beta": ["a\n"]}, "anthropic_beta: 'a\\n' is not the name of a beta feature"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_batch_cannot_take_is_refused(body: object, said: str) -> None:
    assert said in refusal(body)


def test_body_that_is_nested_too_deeply_fails_alone() -> None:
    deep = b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(Refused):
        line("r-1", Raw(deep), "claude-opus-4-6")


def row(message: object) -> bytes:
    return json.dumps({"custom_id": "r-1", "result": {"type": "succeeded", "message": message}}).encode()


def test_message_comes_back_as_it_was_written() -> None:
    message = {"id": "msg_01", "usage": {"input_tokens": 3, "output_tokens": 4, "x": 1}, "x": [1.50]}
    assert answer(row(message)) == ModelOutput(json.dumps(message).encode(), 3, 4)


@pytest.mark.parametrize("message", [[], {}, {"usage": None}, {"usage": {"input_tokens": "3"}}])
def test_message_without_usage_is_the_provider_s_fault(message: object) -> None:
    outcome = answer(row(message))
    assert isinstance(outcome, RecordError)
    assert (outcome.code, outcome.message.partition(":")[0]) == (
        502,
        "the provider's result row cannot be read",
    )


@pytest.mark.parametrize(
    ("kind", "word", "written"),
    [
        ("text", "bored", "end_turn"),
        ("text", None, "end_turn"),
        ("text", "length", "max_tokens"),
        ("tool_use", "bored", "tool_use"),
        ("tool_use", "length", "max_tokens"),
        ("text", "pause_turn", "pause_turn"),
    ],
)
def test_word_of_a_server_s_own_is_read_as_anthropic_s_and_all_else_stays(
    kind: str, word: object, written: str
) -> None:
    call = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    content = [{"type": "text", "text": "Hi", "odd": 1}, *([call] if kind == "tool_use" else [])]
    message = {"odd": [1.50], "content": content, "usage": {"input_tokens": 3, "output_tokens": 4}}
    found = answer(row({**message, "stop_reason": word}))
    assert isinstance(found, ModelOutput)
    assert json.loads(found.json) == {**message, "stop_reason": written}
    assert [note.field for note in found.notes] == ([] if word == written else ["stop_reason"])
