"""Embeddings at Mistral: what is asked for, and the vectors in a row."""

import json
from typing import Any

import pytest

from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.mistral.embeddings import EMBEDDINGS

TEXT, CODE = "mistral-embed", "codestral-embed-2505"


def texts(*said: str, **how: Any) -> EmbeddingRequest:
    return EmbeddingRequest(tuple((TextPart(text),) for text in said), **how)


def body(request: EmbeddingRequest, model: str = TEXT) -> dict[str, Any]:
    sent = json.loads(EMBEDDINGS.line("r-1", request, model).data)
    assert (sent.keys(), sent["custom_id"]) == ({"custom_id", "body"}, "r-1")
    found: dict[str, Any] = sent["body"]
    return found


def notes(request: EmbeddingRequest, model: str = TEXT) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in EMBEDDINGS.line("r-1", request, model).notes]


def row(*vectors: tuple[int, list[float]], **members: Any) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in vectors]
    said = {
        "id": "e-1",
        "object": "list",
        "model": TEXT,
        "data": data,
        "usage": {"prompt_tokens": 4},
        **members,
    }
    return json.dumps({"custom_id": "r-1", "response": {"status_code": 200, "body": said}}).encode()


def test_text_is_said_as_it_is_and_nothing_else() -> None:
    assert body(texts("hello")) == {"input": "hello"}
    assert body(texts("a", "b")) == {"input": ["a", "b"]}
    assert EMBEDDINGS.line("r-1", texts("a"), TEXT).group == "/v1/embeddings"


def test_texts_of_one_input_are_joined_and_that_is_noted() -> None:
    request = EmbeddingRequest(((TextPart("a"), TextPart("b")), (TextPart("c"),)))
    assert body(request)["input"] == ["a\nb", "c"]
    assert notes(request) == [("inputs", "mapped")]


@pytest.mark.parametrize(
    ("model", "asked", "usual", "sent"),
    [
        (TEXT, None, None, None),
        (TEXT, 1024, 256, None),
        (TEXT, None, 1024, None),
        (CODE, None, None, None),
        (CODE, None, 1024, 1024),
        (CODE, 1536, None, None),
        (CODE, 3072, None, 3072),
        ("an-embedder-to-come", 256, 1024, 256),
        ("an-embedder-to-come", None, 1024, None),
    ],
)
def test_length_of_vectors_is_told_where_the_model_would_give_another(
    model: str, asked: int | None, usual: int | None, sent: int | None
) -> None:
    request = texts("a", dimensions=asked, usual_dimensions=usual)
    assert body(request, model).get("output_dimension") == sent
    assert notes(request, model) == []


def test_usual_length_that_the_model_does_not_have_is_noted() -> None:
    assert body(texts("a", usual_dimensions=256)) == {"input": "a"}
    assert notes(texts("a", usual_dimensions=256)) == [("dimensions", "mapped")]


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        (TEXT, 512, "dimensions: 512 asked for, mistral-embed gives 1024"),
        (CODE, 4096, "dimensions: 4096 asked for, codestral-embed-2505 gives at most 3072"),
    ],
)
def test_length_that_was_asked_for_is_kept_to_or_refused(model: str, asked: int, said: str) -> None:
    with pytest.raises(Refused, match=said):
        EMBEDDINGS.line("r-1", texts("a", dimensions=asked), model)


def test_what_mistral_does_in_one_way_only_is_noted() -> None:
    request = texts("a", purpose="search_query", normalize=False, truncate="start")
    assert body(request) == {"input": "a"}
    assert notes(request) == [("purpose", "dropped"), ("normalize", "dropped"), ("truncate", "dropped")]
    assert notes(texts("a", normalize=True, truncate="none")) == []


def test_image_is_refused() -> None:
    request = EmbeddingRequest(((TextPart("a"),), (ImagePart("png", "AAAA"),)))
    with pytest.raises(Refused, match=r"inputs\[1\]: is an image"):
        EMBEDDINGS.line("r-1", request, TEXT)


def test_vectors_come_in_the_order_of_the_inputs() -> None:
    outcome = EMBEDDINGS.answer(row((1, [2.0]), (0, [1.0])), lambda: texts("a", "b"))
    assert outcome == EmbeddingAnswer(((1.0,), (2.0,)), id="e-1", model=TEXT, input_tokens=4)


def test_tokens_may_be_unknown() -> None:
    outcome = EMBEDDINGS.answer(row((0, [1.0]), usage=None), lambda: texts("a"))
    assert isinstance(outcome, EmbeddingAnswer)
    assert outcome.input_tokens is None


@pytest.mark.parametrize(
    ("line_", "code"),
    [
        (row((0, [1.0])), 502),
        (row((0, [1.0]), (0, [1.0])), 502),
        (row(data="odd"), 502),
        (b'{"response":{"status_code":429,"body":{"message":"Slow down"}}}', 429),
    ],
)
def test_row_without_all_vectors_is_an_error_of_the_record(line_: bytes, code: int) -> None:
    outcome = EMBEDDINGS.answer(line_, lambda: texts("a", "b"))
    assert isinstance(outcome, RecordError)
    assert outcome.code == code
