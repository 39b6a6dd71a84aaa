"""The small hub: embedding requests and answers, as every embedding family and provider sees them."""

from typing import Literal

from msgspec import Struct

type Purpose = Literal["search_document", "search_query", "classification", "clustering", "similarity"]
type VectorType = Literal["float", "int8", "uint8", "binary", "ubinary"]


class TextPart(Struct, frozen=True, tag="text"):
    text: str


class ImagePart(Struct, frozen=True, tag="image"):
    format: str
    """png | jpeg | gif | webp"""
    data: str
    """base64"""


class EmbeddingRequest(Struct, frozen=True):
    """What to embed, and how."""

    inputs: tuple[tuple[TextPart | ImagePart, ...], ...]
    """One vector for each; an input of several parts is embedded as a whole."""
    dimensions: int | None = None
    purpose: Purpose | None = None
    normalize: bool | None = None
    truncate: Literal["none", "start", "end"] | None = None
    """Which end of a text that is too long is cut off; none: an error."""
    types: tuple[VectorType, ...] = ("float",)
    average: bool = False
    """The parts of an input are embedded apart and averaged (Titan multimodal)."""


class EmbeddingAnswer(Struct, frozen=True):
    """One vector for each input, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    id: str
    model: str
    input_tokens: int | None = None
