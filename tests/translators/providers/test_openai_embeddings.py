"""Embeddings at OpenAI: what is asked for, and the vectors in a row."""

import json
from pathlib import Path
from typing import Any

import pytest

from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Receipt, Unfinished
from translators.providers.chat_completions.embeddings import ENDPOINT
from translators.providers.chat_completions.rows import receipt
from translators.providers.openai.embeddings import EMBEDDINGS

REAL = Path(__file__).parents[3].parent / "shared" / "real-traffic" / "openai"
SMALL, LARGE, OLD = "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"


def texts(*said: str, **how: Any) -> EmbeddingRequest:
    return EmbeddingRequest(tuple((TextPart(text),) for text in said), **how)


def body(request: EmbeddingRequest, model: str = SMALL) -> dict[str, Any]:
    sent = json.loads(EMBEDDINGS.line("r-1", request, model).data)
    assert {name: sent.pop(name) for name in ("custom_id", "method", "url")} == {
        "custom_id": "r-1",
        "method": "POST",
        "url": ENDPOINT,
    }
    found: dict[str, Any] = sent.pop("body")
    assert sent == {}
    return found


def notes(request: EmbeddingRequest, model: str = SMALL) -> list[tuple[str, str]]:
    return [(note.field, note.effect) for note in EMBEDDINGS.line("r-1", request, model).notes]


def row(*vectors: tuple[int, Any], status: int = 200, **members: Any) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in vectors]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    said = {"object": "list", "model": SMALL, "data": data, "usage": usage, **members}
    response = {"status_code": status, "request_id": "1", "body": said}
    return json.dumps({"id": "batch_req_1", "custom_id": "r-1", "response": response, "error": None}).encode()


def test_one_text_is_said_as_it_is_and_nothing_else() -> None:
    assert body(texts("hello")) == {"model": SMALL, "input": "hello"}
    assert notes(texts("hello")) == []


def test_several_texts_weigh_as_many_requests_and_go_to_their_own_endpoint() -> None:
    made = EMBEDDINGS.line("r-1", texts("a", "b", "a"), SMALL)
    assert (made.group, made.weight) == ("/v1/embeddings", 3)
    assert body(texts("a", "b", "a"))["input"] == ["a", "b", "a"]


def test_texts_of_one_input_are_joined_and_that_is_noted() -> None:
    request = EmbeddingRequest(((TextPart("a"), TextPart("b")), (TextPart("c"),)))
    assert body(request)["input"] == ["a\nb", "c"]
    assert notes(request) == [("inputs", "mapped")]


@pytest.mark.parametrize(
    ("model", "asked", "usual", "sent"),
    [
        (SMALL, None, None, None),
        (SMALL, 256, 1024, 256),
        (SMALL, None, 1024, 1024),
        (SMALL, 1536, 1024, None),
        (LARGE, 3072, None, None),
        (LARGE, None, 1536, 1536),
        (OLD, 1536, None, None),
        (OLD, None, 1536, None),
        ("nomic-embed-text", 256, 1024, 256),
        ("nomic-embed-text", None, 1024, None),
    ],
)
def test_length_of_vectors_is_told_where_the_model_would_give_another(
    model: str, asked: int | None, usual: int | None, sent: int | None
) -> None:
    request = texts("a", dimensions=asked, usual_dimensions=usual)
    assert body(request, model).get("dimensions") == sent
    assert notes(request, model) == []


@pytest.mark.parametrize(("model", "usual"), [(SMALL, 3072), (OLD, 1024)])
def test_usual_length_that_the_model_does_not_have_is_noted(model: str, usual: int) -> None:
    request = texts("a", usual_dimensions=usual)
    assert "dimensions" not in body(request, model)
    assert notes(request, model) == [("dimensions", "mapped")]


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        (SMALL, 3072, "dimensions: 3072 asked for, text-embedding-3-small gives at most 1536"),
        (OLD, 1024, "dimensions: 1024 asked for, text-embedding-ada-002 gives 1536"),
    ],
)
def test_length_that_was_asked_for_is_kept_to_or_refused(model: str, asked: int, said: str) -> None:
    with pytest.raises(Refused, match=said):
        EMBEDDINGS.line("r-1", texts("a", dimensions=asked), model)


@pytest.mark.parametrize(
    ("how", "noted"),
    [
        ({"purpose": "search_query"}, [("purpose", "dropped")]),
        ({"normalize": False}, [("normalize", "dropped")]),
        ({"normalize": True}, []),
        ({"truncate": "end"}, [("truncate", "dropped")]),
        ({"truncate": "start"}, [("truncate", "dropped")]),
        ({"truncate": "none"}, []),
    ],
)
def test_what_openai_cannot_be_told_is_noted(how: dict[str, Any], noted: list[tuple[str, str]]) -> None:
    assert body(texts("a", **how)) == {"model": SMALL, "input": "a"}
    assert notes(texts("a", **how)) == noted


def test_an_image_is_refused() -> None:
    with pytest.raises(Refused, match=r"inputs\[1\]: is an image; OpenAI embeds only text"):
        EMBEDDINGS.line("r-1", EmbeddingRequest(((TextPart("a"),), (ImagePart("png", "AAAA"),))), SMALL)


def test_vectors_come_in_the_order_of_the_inputs() -> None:
    found = EMBEDDINGS.answer(row((1, [0.5, 0.25]), (0, [1, -1.5])), lambda: texts("a", "b"))
    assert found == EmbeddingAnswer(((1.0, -1.5), (0.5, 0.25)), "batch_req_1", SMALL, 4)


def test_tokens_may_be_uncounted() -> None:
    found = EMBEDDINGS.answer(row((0, [1.0]), usage=None), lambda: texts("a"))
    assert isinstance(found, EmbeddingAnswer)
    assert found.input_tokens is None


@pytest.mark.parametrize("vectors", [[], [(0, [1.0])], [(0, [1.0]), (0, [1.0])], [(0, [1.0]), (2, [1.0])]])
def test_missing_doubled_or_foreign_vector_fails_the_record(vectors: list[tuple[int, Any]]) -> None:
    found = EMBEDDINGS.answer(row(*vectors), lambda: texts("a", "b"))
    assert isinstance(found, RecordError)
    assert found.code == 502
    assert "2 were asked for" in found.message


def test_vector_that_is_no_list_of_numbers_fails_the_record() -> None:
    found = EMBEDDINGS.answer(row((0, "agdavRrG")), lambda: texts("a"))
    assert isinstance(found, RecordError)
    assert "1 were asked for" in found.message


def test_error_and_expiry_are_as_for_texts() -> None:
    error = {"error": {"message": "Too long.", "type": "invalid_request_error"}}
    refused = json.loads(row())
    refused["response"] = {"status_code": 400, "body": error}
    assert EMBEDDINGS.answer(json.dumps(refused).encode(), texts) == RecordError(400, "Too long.")
    late = {"custom_id": "r-1", "response": None, "error": {"code": "batch_expired", "message": "Late."}}
    assert EMBEDDINGS.answer(json.dumps(late).encode(), texts) == Unfinished("Late.")


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_lines_and_ours_are_the_same() -> None:
    upload = json.loads((REAL / "batch" / "embeddings-1-file-upload.json").read_bytes())["request"]["body"]
    lines = [json.loads(one) for one in upload.splitlines() if one.startswith("{")]
    asked = [
        texts("Ruby is a programmer best friend"),
        texts("Batches come back within a day", dimensions=256),
    ]
    assert [body(request) for request in asked] == [sent["body"] for sent in lines]
    assert {sent["url"] for sent in lines} == {ENDPOINT}


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_rows_are_read() -> None:
    content = json.loads((REAL / "batch" / "embeddings-4-output-file-content.json").read_bytes())
    for number, real in enumerate(content["response"]["body"].splitlines()):
        assert receipt(real.encode()) == Receipt(str(number), finished=True)
        said = json.loads(real)["response"]["body"]
        found = EMBEDDINGS.answer(real.encode(), lambda: texts("a"))
        assert isinstance(found, EmbeddingAnswer)
        assert found.vectors == (tuple(said["data"][0]["embedding"]),)
        assert (found.model, found.input_tokens) == (said["model"], said["usage"]["prompt_tokens"])


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_answer_without_a_word_about_the_encoding_is_floats() -> None:
    real = json.loads((REAL / "embeddings" / "float-dimensions.json").read_bytes())
    sent = real["request"]["body"]
    assert body(texts(sent["input"], dimensions=sent["dimensions"])) == sent
    said = json.dumps({"id": "1", "response": {"status_code": 200, "body": real["response"]["body"]}})
    found = EMBEDDINGS.answer(said.encode(), lambda: texts("a"))
    assert isinstance(found, EmbeddingAnswer)
    assert len(found.vectors[0]) == sent["dimensions"]


@pytest.mark.skipif(not REAL.exists(), reason="the real exchanges are not here")
def test_real_answer_in_base64_is_nothing_we_ask_for() -> None:
    real = json.loads((REAL / "embeddings" / "base64-dimensions.json").read_bytes())
    said = json.dumps({"id": "1", "response": {"status_code": 200, "body": real["response"]["body"]}})
    assert isinstance(EMBEDDINGS.answer(said.encode(), lambda: texts("a")), RecordError)
