"""Amazon Nova Multimodal Embeddings under InvokeModel: one text or image → one vector.

AWS: nova/latest/userguide/embeddings-schema. Segmented embeddings, of media in S3, belong to another
operation than InvokeModel.
"""

from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock.base64_text import base64_at
from translators.bedrock.converse import NonEmpty
from translators.bedrock.embeddings import (
    EmbeddingAnswer,
    EmbeddingRequest,
    ImagePart,
    Purpose,
    TextPart,
)
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.media import ImageFormat, S3Location
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused

type _Purpose = Literal[
    "GENERIC_INDEX",
    "GENERIC_RETRIEVAL",
    "TEXT_RETRIEVAL",
    "IMAGE_RETRIEVAL",
    "VIDEO_RETRIEVAL",
    "DOCUMENT_RETRIEVAL",
    "AUDIO_RETRIEVAL",
    "CLASSIFICATION",
    "CLUSTERING",
]


class _Source(Struct, rename="camel", forbid_unknown_fields=True):
    bytes: str | None = None
    s3_location: S3Location | None = None


class _Text(Struct, rename="camel", forbid_unknown_fields=True):
    truncation_mode: Literal["START", "END", "NONE"] | None = None
    value: Annotated[str, Meta(min_length=1)] | None = None
    source: _Source | None = None


class _Image(Struct, rename="camel", forbid_unknown_fields=True):
    format: ImageFormat
    source: _Source
    detail_level: Literal["STANDARD_IMAGE", "DOCUMENT_IMAGE"] | None = None


class _Parameters(Struct, rename="camel", forbid_unknown_fields=True):
    embedding_purpose: _Purpose
    embedding_dimension: Literal[256, 384, 1024, 3072] | None = None
    text: _Text | None = None
    image: _Image | None = None
    audio: Raw = Raw(b"")
    video: Raw = Raw(b"")


class _Body(Struct, rename="camel", forbid_unknown_fields=True):
    task_type: Literal["SINGLE_EMBEDDING"]
    single_embedding_params: _Parameters
    schema_version: NonEmpty | None = None


class _Vector(Struct, rename="camel"):
    embedding_type: Literal["TEXT", "IMAGE"]
    embedding: tuple[float, ...]


class _Answer(Struct):
    embeddings: tuple[_Vector]


_DECODER = msgspec.json.Decoder(_Body)
_PARAMETERS = "singleEmbeddingParams"
_LENGTH = 3072

_PURPOSES: Mapping[_Purpose, Purpose] = MappingProxyType(
    {
        "GENERIC_INDEX": "search_document",
        "CLASSIFICATION": "classification",
        "CLUSTERING": "clustering",
    }
)
"""All others are for searching an index."""

_ENDS: Mapping[str, Literal["none", "start", "end"]] = MappingProxyType(
    {"NONE": "none", "START": "start", "END": "end"}
)


def has_model(model: ModelId) -> bool:
    """Whether this is one of Nova's embedding models."""
    return model.vendor == "amazon" and model.model.startswith("nova-") and "embeddings" in model.model


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is Nova's."""
    return _PARAMETERS in members


def request(model_input: Raw) -> EmbeddingRequest:
    """The embedding request of a body. Raises `Refused` naming the field."""
    parameters = decoded(_DECODER, model_input).single_embedding_params
    truncation = None if parameters.text is None else parameters.text.truncation_mode
    return EmbeddingRequest(
        ((_part(parameters),),),
        dimensions=parameters.embedding_dimension,
        usual_dimensions=_LENGTH,
        purpose=_PURPOSES.get(parameters.embedding_purpose, "search_query"),
        truncate=None if truncation is None else _ENDS[truncation],
    )


def output(answer: EmbeddingAnswer, model_id: str, model_input: Raw) -> bytes:
    """Nova's response with one embedding; it has no token count (seen on the live API)."""
    is_text = decoded(_DECODER, model_input).single_embedding_params.text is not None
    return msgspec.json.encode(_Answer((_Vector("TEXT" if is_text else "IMAGE", answer.vectors[0]),)))


def _part(parameters: _Parameters) -> TextPart | ImagePart:
    text, image = parameters.text, parameters.image
    for name, media in (("audio", parameters.audio), ("video", parameters.video)):
        if bytes(media) not in (b"", b"null"):
            raise Refused(f"{_PARAMETERS}.{name}", "only text and images can be embedded")
    if (text is None) == (image is None):
        raise Refused(_PARAMETERS, "one of text and image must be there")
    if image is not None:
        return _image(image, f"{_PARAMETERS}.image")
    if text is None or (text.value is None and text.source is None):
        raise Refused(f"{_PARAMETERS}.text.value", "Field required")
    return TextPart(_text(text.source, f"{_PARAMETERS}.text.source") if text.value is None else text.value)


def _text(source: _Source | None, path: str) -> str:
    if source is None or source.bytes is None:
        raise Refused(f"{path}.bytes", "Field required; a text in S3 cannot be sent")
    try:
        return b64decode(base64_at(source.bytes, f"{path}.bytes")).decode()
    except UnicodeDecodeError:
        raise Refused(f"{path}.bytes", "is not a text in UTF-8") from None


def _image(image: _Image, path: str) -> ImagePart:
    if image.source.bytes is None:
        raise Refused(f"{path}.source.bytes", "Field required; an image in S3 cannot be sent")
    if image.detail_level == "DOCUMENT_IMAGE":
        raise Refused(f"{path}.detailLevel", "'DOCUMENT_IMAGE' has no counterpart; STANDARD_IMAGE has")
    return ImagePart(image.format, base64_at(image.source.bytes, f"{path}.source.bytes"))
