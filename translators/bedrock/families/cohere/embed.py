"""Cohere Embed v3 and v4 under InvokeModel: texts, images or both → a vector for each.

AWS: model-parameters-embed-v3, model-parameters-embed-v4. Token counts are in a header, which a batch record
does not have. Sizes of images, which v3 repeats, are unknown and left out.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import NonEmpty
from translators.bedrock.embeddings import (
    EmbeddingAnswer,
    EmbeddingRequest,
    ImagePart,
    Purpose,
    TextPart,
    VectorType,
)
from translators.bedrock.families.base64_images import image_of_uri
from translators.bedrock.families.binary_vectors import packed_bits
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused

type _Truncate = Literal["NONE", "START", "END", "LEFT", "RIGHT"]


class _Text(Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    text: str


class _Url(Struct, forbid_unknown_fields=True):
    url: str


class _Image(Struct, tag_field="type", tag="image_url", forbid_unknown_fields=True):
    image_url: _Url


class _Input(Struct, forbid_unknown_fields=True):
    content: Annotated[list[_Text | _Image], Meta(min_length=1)]


type _Texts = Annotated[list[NonEmpty], Meta(max_length=96)]
type _Purpose = Literal["search_document", "search_query", "classification", "clustering"]


class _V3Body(Struct, forbid_unknown_fields=True):
    input_type: Literal["search_document", "search_query", "classification", "clustering", "image"]
    texts: _Texts | None = None
    images: Annotated[list[str], Meta(max_length=1)] | None = None
    truncate: _Truncate | None = None
    embedding_types: list[VectorType] | None = None


class _V4Body(Struct, forbid_unknown_fields=True):
    input_type: _Purpose
    texts: _Texts | None = None
    images: Annotated[list[str], Meta(max_length=96)] | None = None
    inputs: Annotated[list[_Input], Meta(max_length=96)] | None = None
    truncate: _Truncate | None = None
    embedding_types: list[VectorType] | None = None
    output_dimension: Literal[256, 512, 1024, 1536] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=128_000)] | None = None


class _Requested(Struct):
    """The members of the body that the response repeats or depends on."""

    texts: list[str] | None = None
    inputs: list[_Input] | None = None
    embedding_types: list[VectorType] | None = None


type _Floats = tuple[tuple[float, ...], ...]
type _ByType = dict[VectorType, _Floats | Sequence[Sequence[int]]]


class _Answer(Struct, omit_defaults=True):
    embeddings: _Floats | _ByType
    id: str
    response_type: Literal["embeddings_floats", "embeddings_by_type"]
    texts: list[str] | None = None
    inputs: list[_Input] | None = None


_V3_DECODER = msgspec.json.Decoder(_V3Body)
_V4_DECODER = msgspec.json.Decoder(_V4Body)
_REQUESTED = msgspec.json.Decoder(_Requested)

_V3_LENGTH = 1024
_V4_LENGTH = 1536
_MOST_TOKENS = 128_000
_ONLY_V4 = frozenset({"inputs", "output_dimension", "max_tokens"})

_ENDS: Mapping[_Truncate, Literal["none", "start", "end"]] = MappingProxyType(
    {"NONE": "none", "START": "start", "LEFT": "start", "END": "end", "RIGHT": "end"}
)
_PURPOSES: Mapping[str, Purpose | None] = MappingProxyType(
    {
        "search_document": "search_document",
        "search_query": "search_query",
        "classification": "classification",
        "clustering": "clustering",
        "image": None,
    }
)


def is_v3(model: ModelId) -> bool:
    """Whether this is Embed v3."""
    return model.vendor == "cohere" and model.model.startswith(("embed-english", "embed-multilingual"))


def is_v4(model: ModelId) -> bool:
    """Whether this is Embed v4."""
    return model.vendor == "cohere" and model.model.startswith("embed-v4")


def has_v3_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members may be v3's."""
    return "input_type" in members and _ONLY_V4.isdisjoint(members)


def has_v4_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members has something that only v4's have."""
    return "input_type" in members and not _ONLY_V4.isdisjoint(members)


def v3_request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a v3 body. Raises `Refused` naming the field."""
    body = decoded(_V3_DECODER, model_input)
    return _request(body, body.texts, body.images, None, None, _V3_LENGTH)


def v4_request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a v4 body. Raises `Refused` naming the field."""
    body = decoded(_V4_DECODER, model_input)
    if body.max_tokens is not None and body.max_tokens < _MOST_TOKENS:
        raise Refused("max_tokens", f"cuts texts by Cohere's own tokens; accepted is {_MOST_TOKENS}")
    return _request(body, body.texts, body.images, body.inputs, body.output_dimension, _V4_LENGTH)


def v3_output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """v3's response: plain floats unless the body names types; texts in lower case, as on the live API."""
    body = _REQUESTED.decode(model_input)
    texts = None if body.texts is None else [text.lower() for text in body.texts]
    if body.embedding_types:
        return _by_type(answer, body.embedding_types, texts, None)
    return msgspec.json.encode(_Answer(answer.vectors, answer.id, "embeddings_floats", texts))


def v4_output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """v4's response: by type even where the body names none, as on the live API; inputs without images."""
    body = _REQUESTED.decode(model_input)
    inputs = None
    if body.inputs is not None:
        inputs = [_Input([part for part in one.content if isinstance(part, _Text)]) for one in body.inputs]
    return _by_type(answer, body.embedding_types or ["float"], body.texts, inputs)


def _by_type(
    answer: EmbeddingAnswer,
    types: list[VectorType],
    texts: list[str] | None,
    inputs: list[_Input] | None,
) -> bytes:
    embeddings: _ByType = {}
    for kind in types:
        if kind == "float":
            embeddings[kind] = answer.vectors
        elif kind in answer.by_type:
            embeddings[kind] = answer.by_type[kind]
        else:
            lowest = -128 if kind == "binary" else 0
            embeddings[kind] = [[byte + lowest for byte in packed_bits(one)] for one in answer.vectors]
    return msgspec.json.encode(_Answer(embeddings, answer.id, "embeddings_by_type", texts, inputs))


def _request(
    body: _V3Body | _V4Body,
    texts: list[str] | None,
    images: list[str] | None,
    inputs: list[_Input] | None,
    dimensions: int | None,
    usual_dimensions: int,
) -> EmbeddingRequest:
    return EmbeddingRequest(
        _inputs(texts, images, inputs),
        dimensions=dimensions,
        usual_dimensions=usual_dimensions,
        purpose=_PURPOSES[body.input_type],
        truncate=None if body.truncate is None else _ENDS[body.truncate],
        types=tuple(body.embedding_types or ()),
    )


def _inputs(
    texts: list[str] | None, images: list[str] | None, inputs: list[_Input] | None
) -> tuple[tuple[TextPart | ImagePart, ...], ...]:
    given = [name for name, value in (("texts", texts), ("images", images), ("inputs", inputs)) if value]
    if len(given) != 1:
        raise Refused(
            "texts", f"one of texts, images and inputs must be there, got {' and '.join(given) or 'none'}"
        )
    if texts:
        return tuple((TextPart(text),) for text in texts)
    if images:
        return tuple((image_of_uri(image, f"images[{index}]"),) for index, image in enumerate(images))
    return tuple(_parts(one, f"inputs[{index}].content") for index, one in enumerate(inputs or ()))


def _parts(one: _Input, path: str) -> tuple[TextPart | ImagePart, ...]:
    return tuple(
        TextPart(part.text)
        if isinstance(part, _Text)
        else image_of_uri(part.image_url.url, f"{path}[{index}].image_url.url")
        for index, part in enumerate(one.content)
    )
