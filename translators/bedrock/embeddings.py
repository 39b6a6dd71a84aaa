"""The small hub: embedding requests and answers, as every embedding family and provider sees them.

Providers give floats; other types of vector are made of them by the family that was asked for them.
"""

from typing import Literal

from msgspec import Struct

type Purpose = Literal["search_document", "search_query", "classification", "clustering", "similarity"]


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
    """How many numbers a vector has, where the body says it."""
    usual_dimensions: int | None = None
    """How many the dialect's own model gives when nothing is said: an index takes vectors of one length,
    so a provider keeps to it where it can."""
    purpose: Purpose | None = None
    normalize: bool | None = None
    truncate: Literal["none", "start", "end"] | None = None
    """Which end of a text that is too long is cut off; none: an error."""
    average: bool = False
    """The parts of an input are embedded apart and averaged (Titan multimodal)."""


class EmbeddingAnswer(Struct, frozen=True):
    """One vector for each input, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    id: str
    """The provider's own id of the answer, or of its row."""
    model: str
    input_tokens: int | None = None
