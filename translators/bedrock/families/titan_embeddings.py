"""Amazon Titan's embeddings under InvokeModel: a text or an image → one vector.

AWS: model-parameters-titan-embed-text (G1 and V2), model-parameters-titan-embed-mm (multimodal G1).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import NonEmpty
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest, ImagePart, TextPart
from translators.bedrock.families.base64_images import image_of_bytes
from translators.bedrock.families.binary_vectors import bits
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused

type _VectorType = Literal["float", "binary"]


class _G1Body(Struct, rename="camel", forbid_unknown_fields=True):
    input_text: NonEmpty


class _Body(Struct, rename="camel", forbid_unknown_fields=True):
    input_text: NonEmpty
    dimensions: Literal[256, 512, 1024] | None = None
    normalize: bool | None = None
    embedding_types: Annotated[list[_VectorType], Meta(min_length=1)] | None = None


class _Config(Struct, rename="camel", forbid_unknown_fields=True):
    output_embedding_length: Literal[256, 384, 1024] | None = None


class _ImageBody(Struct, rename="camel", forbid_unknown_fields=True):
    input_text: NonEmpty | None = None
    input_image: str | None = None
    embedding_config: _Config | None = None


class _Requested(Struct, rename="camel"):
    embedding_types: list[_VectorType] | None = None


class _G1Answer(Struct, rename="camel"):
    embedding: tuple[float, ...]
    input_text_token_count: int


class _Answer(Struct, rename="camel"):
    embedding: tuple[float, ...]
    """Floats, whatever `embeddingTypes` requests (AWS)."""
    embeddings_by_type: dict[_VectorType, tuple[float, ...] | list[int]]
    input_text_token_count: int


class _ImageAnswer(Struct, rename="camel"):
    embedding: tuple[float, ...]
    input_text_token_count: int
    message: None = None
    """An error message at AWS; a record that fails gets an error row instead."""


_G1_DECODER = msgspec.json.Decoder(_G1Body)
_DECODER = msgspec.json.Decoder(_Body)
_IMAGE_DECODER = msgspec.json.Decoder(_ImageBody)
_REQUESTED = msgspec.json.Decoder(_Requested)

_G1_LENGTH = 1536
_LENGTH = 1024
_ONLY_MULTIMODAL = frozenset({"inputImage", "embeddingConfig"})


def is_g1(model: ModelId) -> bool:
    """Whether this is Titan Text Embeddings G1."""
    names = ("titan-embed-text-v1", "titan-embed-g1-text")
    return model.vendor == "amazon" and model.model.startswith(names)


def is_v2(model: ModelId) -> bool:
    """Whether this is Titan Text Embeddings V2."""
    return model.vendor == "amazon" and model.model.startswith("titan-embed-text-v2")


def is_multimodal(model: ModelId) -> bool:
    """Whether this is Titan Multimodal Embeddings G1."""
    return model.vendor == "amazon" and model.model.startswith("titan-embed-image")


def has_v2_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members may be V2's, of which G1's are a part."""
    return "inputText" in members and _ONLY_MULTIMODAL.isdisjoint(members)


def has_multimodal_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members has something that only the multimodal model's have."""
    return not _ONLY_MULTIMODAL.isdisjoint(members)


def g1_request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a G1 body. Raises `Refused` naming the field."""
    body = decoded(_G1_DECODER, model_input)
    return EmbeddingRequest(((TextPart(body.input_text),),), usual_dimensions=_G1_LENGTH)


def v2_request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a V2 body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input)
    return EmbeddingRequest(
        ((TextPart(body.input_text),),),
        dimensions=body.dimensions,
        usual_dimensions=_LENGTH,
        normalize=body.normalize,
    )


def multimodal_request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a multimodal body. Raises `Refused` naming the field."""
    body = decoded(_IMAGE_DECODER, model_input)
    parts: list[TextPart | ImagePart] = []
    if body.input_text is not None:
        parts.append(TextPart(body.input_text))
    if body.input_image is not None:
        parts.append(image_of_bytes(body.input_image, "inputImage"))
    if not parts:
        raise Refused("inputText", "one of inputText and inputImage must be there")
    return EmbeddingRequest(
        (tuple(parts),),
        dimensions=None if body.embedding_config is None else body.embedding_config.output_embedding_length,
        usual_dimensions=_LENGTH,
        average=True,
    )


def g1_output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """G1's response."""
    return msgspec.json.encode(_G1Answer(answer.vectors[0], answer.input_tokens or 0))


def v2_output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """V2's response. How Titan quantises to bits is not published; the sign is the usual rule."""
    kinds = _REQUESTED.decode(model_input).embedding_types or ["float"]
    vector = answer.vectors[0]
    by_type: dict[_VectorType, tuple[float, ...] | list[int]] = {
        kind: vector if kind == "float" else bits(vector) for kind in kinds
    }
    return msgspec.json.encode(_Answer(vector, by_type, answer.input_tokens or 0))


def multimodal_output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """The multimodal model's response."""
    return msgspec.json.encode(_ImageAnswer(answer.vectors[0], answer.input_tokens or 0))
