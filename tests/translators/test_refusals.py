"""Refusals and filters of every provider in every dialect: words come home, a filter without any is named.

Words of refusal are the model's own; a filter stops an answer from outside.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.translators.answering import ROWS, TEXT_DIALECTS, notes, outcome, read
from tests.translators.dialects import DIALECTS
from tests.translators.provider_formats import FORMATS, Json, ModelAnswer
from translators.errors import RecordError
from translators.wire import ModelOutput

WORDS = "I cannot help with that."
WITHOUT_A_WORD = ("llama", "mistral", "deepseek")
"""Dialects that have no stop word for a filter."""


def chat(message: Json, **changes: Any) -> Callable[[Json], Json]:
    """A change to the choice of a chat completion."""

    def change(row: Json) -> Json:
        (choice,) = row["response"]["body"]["choices"]
        choice["message"] |= message
        choice |= changes
        return row

    return change


def responses(**changes: Any) -> Callable[[Json], Json]:
    return lambda row: row["response"]["body"].update(changes) or row


def claude(**changes: Any) -> Callable[[Json], Json]:
    return lambda row: row["result"]["message"].update(changes) or row


def gemini(**changes: Any) -> Callable[[Json], Json]:
    return lambda row: row["response"].update(changes) or row


REFUSED: dict[str, tuple[str, Callable[[Json], Json]]] = {
    "member": ("openai", chat(message={"content": None, "refusal": WORDS})),
    "member beside a filter": (
        "azure",
        chat(message={"content": None, "refusal": WORDS}, finish_reason="content_filter"),
    ),
    "part": ("groq", chat(message={"content": [{"type": "refusal", "refusal": WORDS}]})),
    "part of an item": (
        "openai/responses",
        responses(
            output=[{"id": "m", "type": "message", "content": [{"type": "refusal", "refusal": WORDS}]}]
        ),
    ),
    "text of Claude": (
        "anthropic",
        claude(stop_reason="refusal", content=[{"type": "text", "text": WORDS}]),
    ),
}
"""Rows whose words are a refusal, by the way it is given."""

FILTERED: dict[str, tuple[str, Callable[[Json], Json], str]] = {
    **{
        name: (name, chat(message={"content": text}, finish_reason="content_filter"), "content_filter")
        for name, text in (("openai", None), ("azure", ""), ("groq", None), ("together", ""))
    },
    "Mistral in another vendor's words": (
        "mistral",
        chat(message={"content": ""}, finish_reason="content_filter"),
        "content_filter",
    ),
    "another vendor's word": ("groq", chat(message={"content": None}, finish_reason="SAFETY"), "SAFETY"),
    "responses": (
        "openai/responses",
        responses(status="incomplete", incomplete_details={"reason": "content_filter"}, output=[]),
        "content_filter",
    ),
    "classifier": (
        "anthropic",
        claude(stop_reason="refusal", content=[], stop_details={"type": "refusal", "category": "cyber"}),
        "cyber",
    ),
    **{
        word: ("gemini", gemini(candidates=[{"finishReason": word}]), word)
        for word in ("SAFETY", "PROHIBITED_CONTENT", "RECITATION", "SPII")
    },
    "prompt": (
        "gemini",
        gemini(candidates=[], promptFeedback={"blockReason": "PROHIBITED_CONTENT"}),
        "PROHIBITED_CONTENT",
    ),
    "prompt on Vertex": (
        "vertex",
        gemini(candidates=None, promptFeedback={"blockReason": "JAILBREAK"}),
        "JAILBREAK",
    ),
}
"""Rows without a word, and the provider's name for the filter."""


def row_of(source: str, change: Callable[[Json], Json], answer: ModelAnswer | None = None) -> bytes:
    return json.dumps(change(ROWS[source]("r-1", answer or ModelAnswer(text="Hm.")))).encode()


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
@pytest.mark.parametrize("case", REFUSED)
def test_words_of_refusal_are_delivered(case: str, dialect: str) -> None:
    source, change = REFUSED[case]
    row = row_of(source, change)
    found = read(source, dialect, row)
    assert found.text == WORDS
    if dialect in WITHOUT_A_WORD:
        assert found.end == ("length" if source == "anthropic" else "stop")  # cut by a classifier, or whole
        assert "mapped" in notes(source, dialect, row)
    else:
        assert found.end == DIALECTS[dialect].filtered


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
@pytest.mark.parametrize("case", FILTERED)
def test_filter_without_words_is_named(case: str, dialect: str) -> None:
    source, change, word = FILTERED[case]
    found = outcome(source, dialect, row_of(source, change))
    if dialect in WITHOUT_A_WORD:
        assert isinstance(found, RecordError)
        assert (found.code, "the provider's filter stopped" in found.message) == (400, True)
        assert word in found.message
    else:
        assert isinstance(found, ModelOutput)
        shown = DIALECTS[dialect].read_answer(json.loads(found.json))
        assert (shown.text, shown.end) == ("", DIALECTS[dialect].filtered)


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
@pytest.mark.parametrize("source", sorted(name for name, wire in FORMATS.items() if "filter" in wire.ends))
def test_text_that_a_filter_cut_is_delivered_as_not_whole(source: str, dialect: str) -> None:
    row = row_of(source, lambda row: row, ModelAnswer(text="The first", end="filter"))
    found = read(source, dialect, row)
    assert found.text == "The first"
    if dialect in WITHOUT_A_WORD:
        assert found.end == "length"
        assert "content_filtered has no word in this dialect: length" in notes(source, dialect, row)
    else:
        assert found.end == DIALECTS[dialect].filtered


@pytest.mark.parametrize("source", ["openai", "azure", "openai/responses"])
def test_chat_has_words_of_refusal_and_text_in_their_own_places(source: str) -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Well."}]}
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": WORDS}]}
    change = (
        responses(output=[refusal, item])
        if source == "openai/responses"
        else chat(message={"content": "Well.", "refusal": WORDS})
    )
    found = outcome(source, "chat-jamba", row_of(source, change))
    assert isinstance(found, ModelOutput)
    message = json.loads(found.json)["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == ("Well.", WORDS)


ITEMS = [
    {
        "id": "m1",
        "type": "message",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "One."}],
    },
    {"id": "m2", "type": "message", "content": [{"type": "output_text", "text": "Two."}]},
]


@pytest.mark.parametrize("dialect", TEXT_DIALECTS)
def test_two_messages_of_one_response_are_not_glued_together(dialect: str) -> None:
    found = outcome("openai/responses", dialect, row_of("openai/responses", responses(output=ITEMS)))
    assert isinstance(found, ModelOutput)
    answer = json.loads(found.json)
    if dialect == "claude":
        assert [block["text"] for block in answer["content"]] == ["One.", "Two."]
    elif dialect in ("converse", "nova"):
        assert answer["output"]["message"]["content"] == [{"text": "One."}, {"text": "Two."}]
    else:
        assert DIALECTS[dialect].read_answer(answer).text == "One.\n\nTwo."
