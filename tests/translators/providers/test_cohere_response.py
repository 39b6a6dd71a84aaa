"""Rows of Cohere's batches as answers, and as vectors: what the recordings do not show already."""

import json
from typing import Any

import pytest

from tests.translators.providers.converse_records import HI, hub
from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Receipt
from translators.providers.cohere import embeddings
from translators.providers.cohere.response import answer
from translators.providers.cohere.rows import receipt

V4 = "embed-v4.0"


def row(body: object, error: str | None = "") -> bytes:
    return json.dumps({"custom_id": "r-1", "error": error, "body": body}).encode()


def unasked() -> Request:
    raise AssertionError("the record is not needed to read this row")


def texts(*said: str, **how: Any) -> EmbeddingRequest:
    return EmbeddingRequest(tuple((TextPart(text),) for text in said), **how)


def embedding(request: EmbeddingRequest, model: str = V4) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(embeddings.line("r-1", request, model).data)["body"]
    return sent


def notes(request: EmbeddingRequest, model: str = V4) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in embeddings.line("r-1", request, model).notes]


def test_chat_without_anything_but_a_message_is_an_answer() -> None:
    outcome = answer(row({"finish_reason": "COMPLETE", "message": {}}, None), unasked)
    assert isinstance(outcome, Answer)
    assert (outcome.id, outcome.model) == ("", "")
    assert outcome.response.usage.total_tokens == 0


def test_parts_without_a_word_say_nothing() -> None:
    content = [{"type": "text", "text": ""}, {"type": "thinking", "thinking": ""}]
    outcome = answer(row({"finish_reason": "COMPLETE", "message": {"content": content}}), unasked)
    assert isinstance(outcome, Answer)
    assert outcome.response.output.message.content == []


def test_call_that_the_limit_cut_keeps_its_reason() -> None:
    call = {"id": "c", "function": {"name": "now", "arguments": "{"}}
    body = {"finish_reason": "MAX_TOKENS", "message": {"tool_calls": [call]}}
    outcome = answer(row(body), lambda: hub(HI))
    assert isinstance(outcome, Answer)
    assert outcome.response.stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("line", "code"),
    [(row(None, "Invalid request"), 500), (row(None), 502), (row([]), 502), (b'{"error": 5}', 500)],
)
def test_row_without_an_answer_is_an_error_of_the_record(line: bytes, code: int) -> None:
    outcome = answer(line, unasked)
    assert isinstance(outcome, RecordError)
    assert outcome.code == code


def test_row_says_whose_it_is() -> None:
    assert receipt(row(None, "Invalid request")) == Receipt("r-1", finished=True)
    with pytest.raises(ValueError, match="custom_id"):
        receipt(b"{}")


def test_texts_are_embedded_as_what_they_are() -> None:
    assert embedding(texts("a", "b", purpose="search_query", truncate="end")) == {
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "truncate": "END",
    }
    assert embeddings.line("r-1", texts("a"), V4).group == "batch-embed-v2-input"


@pytest.mark.parametrize(
    ("request_", "input_type", "noted"),
    [
        (texts("a"), "search_document", [("purpose", "mapped")]),
        (texts("a", purpose="similarity"), "clustering", [("purpose", "mapped")]),
        (texts("a", purpose="classification", normalize=True), "classification", [("normalize", "dropped")]),
        (
            EmbeddingRequest(((TextPart("a"), TextPart("b")),), purpose="clustering"),
            "clustering",
            [("inputs", "mapped")],
        ),
    ],
)
def test_what_cohere_has_other_words_for_is_noted(
    request_: EmbeddingRequest, input_type: str, noted: list[tuple[str, str]]
) -> None:
    assert embedding(request_)["input_type"] == input_type
    assert notes(request_) == noted


@pytest.mark.parametrize(
    ("model", "asked", "usual", "noted"),
    [
        (V4, 1536, 1024, []),
        (V4, None, 1024, [("dimensions", "mapped")]),
        ("embed-english-v3.0", None, 1024, []),
        ("an-embedder-to-come", None, 1024, []),
    ],
)
def test_length_of_vectors_is_the_model_s(
    model: str, asked: int | None, usual: int | None, noted: list[tuple[str, str]]
) -> None:
    request = texts("a", dimensions=asked, usual_dimensions=usual, purpose="clustering")
    assert notes(request, model) == noted


@pytest.mark.parametrize(
    ("request_", "model", "said"),
    [
        (texts("a", dimensions=512), V4, "dimensions: 512 asked for, embed-v4.0 gives 1536 here"),
        (texts("a", dimensions=512), "new", "dimensions: 512 asked for, new gives its own here"),
        (EmbeddingRequest(((ImagePart("png", "AAAA"),),)), V4, r"inputs\[0\]: is an image"),
    ],
)
def test_what_datasets_do_not_take_is_refused(request_: EmbeddingRequest, model: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        embeddings.line("r-1", request_, model)


@pytest.mark.parametrize(
    ("meta", "tokens"),
    [
        (None, None),
        ({}, None),
        ({"billed_units": {}}, None),
        ({"billed_units": {"input_tokens": 4.0}}, 4),
    ],
    ids=str,
)
def test_vectors_come_with_their_cost(meta: object, tokens: int | None) -> None:
    body = {"id": None, "embeddings": {"float": [[1.0], [2.0]]}, "meta": meta}
    outcome = embeddings.answer(row(body), lambda: texts("a", "b"))
    assert outcome == EmbeddingAnswer(((1.0,), (2.0,)), id="", model="", input_tokens=tokens)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (row({"embeddings": {"float": [[1.0]]}}), 502),
        (row({"embeddings": []}), 502),
        (row(None, "Invalid request"), 500),
    ],
)
def test_row_without_all_vectors_is_an_error_of_the_record(line: bytes, code: int) -> None:
    outcome = embeddings.answer(line, lambda: texts("a", "b"))
    assert isinstance(outcome, RecordError)
    assert outcome.code == code
