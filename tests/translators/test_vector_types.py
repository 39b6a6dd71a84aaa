"""Types of vectors that a Cohere body asks for, at every provider that embeds."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.judges import JUDGES
from translators.bedrock.records import InputRecord
from translators.errors import RecordError
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator
from translators.wire import ModelOutput

MODELS = {"cohere": "embed-v4.0", "gemini": "gemini-embedding-001", "mistral": "mistral-embed"}
EMBEDDING = [name for name, row in PROVIDERS.items() if row.embeddings is not None]
VECTORS = {
    "float": [[0.5, -0.5], [1.0, 0.0]],
    "int8": [[64, -64], [127, 0]],
    "uint8": [[192, 64], [255, 128]],
    "binary": [[-1], [1]],
    "ubinary": [[128], [129]],
}


def translator(provider: str, model_id: str) -> Translator:
    model = MODELS.get(provider, "text-embedding-3-large")
    return Translator(Route(model_id=model_id, invocation_type="InvokeModel", provider=provider, model=model))


def body(**members: Any) -> Raw:
    return Raw(json.dumps({"input_type": "search_document", "texts": ["a", "b"]} | members).encode())


each_cohere_dialect = pytest.mark.parametrize("model_id", ["cohere.embed-english-v3", "cohere.embed-v4:0"])


@each_cohere_dialect
@pytest.mark.parametrize(
    "types", [["int8"], ["uint8", "float"], ["binary", "ubinary"], list(VECTORS)], ids=str
)
def test_cohere_is_asked_for_the_types_of_the_body(model_id: str, types: list[str]) -> None:
    asked = body(embedding_types=types)
    there = translator("cohere", model_id)
    line = there.line("r-1", InputRecord(asked))
    assert isinstance(line, Line)
    sent = json.loads(line.data)
    JUDGES["cohere"](sent, "embed-v4.0")
    assert sent["body"]["embedding_types"] == types
    given = {kind: VECTORS[kind] for kind in types}
    row = {"custom_id": "r-1", "error": "", "body": {"id": "e-1", "embeddings": given}}
    output = there.model_output(asked, json.dumps(row).encode())
    assert isinstance(output, ModelOutput)
    assert json.loads(output.json)["embeddings"] == given


@each_cohere_dialect
def test_lists_that_hold_nothing_ask_for_floats(model_id: str) -> None:
    line = translator("cohere", model_id).line(
        "r-1", InputRecord(body(embedding_types=[], images=[], truncate=None))
    )
    assert isinstance(line, Line)
    assert json.loads(line.data)["body"] == {
        "texts": ["a", "b"],
        "input_type": "search_document",
        "embedding_types": ["float"],
    }


@each_cohere_dialect
@pytest.mark.parametrize("kind", ["int8", "uint8"])
@pytest.mark.parametrize("provider", [name for name in EMBEDDING if name != "cohere"])
def test_others_cannot_scale_as_cohere_does(provider: str, kind: str, model_id: str) -> None:
    error = translator(provider, model_id).line("r-1", InputRecord(body(embedding_types=["float", kind])))
    assert isinstance(error, RecordError)
    assert error.message.startswith(f"embedding_types[1]: {kind!r}")


@pytest.mark.parametrize("given", [{"int8": [[1]]}, {"int8": [[1], [2]], "float": [[1.0]]}, {}], ids=str)
def test_row_without_all_vectors_is_an_error_of_the_record(given: dict[str, Any]) -> None:
    row = {"custom_id": "r-1", "error": "", "body": {"id": "e-1", "embeddings": given}}
    output = translator("cohere", "cohere.embed-v4:0").model_output(
        body(embedding_types=["int8", "float"]), json.dumps(row).encode()
    )
    assert isinstance(output, RecordError)
    assert output.code == 502
