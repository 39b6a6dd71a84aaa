"""Embeddings by Gemini: what the recordings do not show already."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from translators.bedrock.embeddings import EmbeddingRequest, ImagePart, TextPart
from translators.errors import Refused
from translators.providers.gemini.embeddings import EMBED, line

CAT = EmbeddingRequest(inputs=((TextPart("A cat"),),))


def sent(request: EmbeddingRequest, model: str = "gemini-embedding-001") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(line("r-1", request, model).data)["request"]
    return body


def noted(request: EmbeddingRequest) -> dict[str, str]:
    return {note.field: note.effect for note in line("r-1", request, "gemini-embedding-2").notes}


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    assert sent(CAT) == {"content": {"parts": [{"text": "A cat"}]}}
    assert line("r-1", CAT, "gemini-embedding-001").group == EMBED


def test_dimensions_that_are_said_count_more_than_the_usual() -> None:
    assert sent(replace(CAT, dimensions=256, usual_dimensions=1024))["outputDimensionality"] == 256
    assert sent(replace(CAT, usual_dimensions=1024))["outputDimensionality"] == 1024


@pytest.mark.parametrize(
    ("request_", "notes"),
    [
        (CAT, {}),
        (replace(CAT, normalize=True), {}),
        (replace(CAT, normalize=False), {"normalize": "dropped"}),
        (replace(CAT, normalize=False, dimensions=256), {}),
        (replace(CAT, truncate="end"), {}),
        (replace(CAT, truncate="none"), {"truncate": "dropped"}),
        (replace(CAT, truncate="start"), {"truncate": "dropped"}),
        (replace(CAT, average=True), {}),
        (replace(CAT, inputs=((TextPart("a"), TextPart("b")),), average=True), {"average": "mapped"}),
    ],
    ids=str,
)
def test_what_is_not_done_as_it_was_asked_is_noted(request_: EmbeddingRequest, notes: dict[str, str]) -> None:
    assert noted(request_) == notes


@pytest.mark.parametrize(
    ("inputs", "model", "field"),
    [
        (((ImagePart("gif", "R0lG"),),), "gemini-embedding-2", "inputs[0][0].format"),
        (((ImagePart("png", "iVBO"),),), "models/gemini-embedding-001", "inputs[0][0]"),
    ],
)
def test_what_cannot_be_embedded_is_refused(
    inputs: tuple[tuple[TextPart | ImagePart, ...], ...], model: str, field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        line("r-1", EmbeddingRequest(inputs=inputs), model)
    assert refusal.value.field == field
