"""The hub for embeddings: requests and answers, between the dialects and the providers.

Providers return floats; the family makes other types of vector of them.
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
    """The inputs to embed, and the parameters."""

    inputs: tuple[tuple[TextPart | ImagePart, ...], ...]
    """One vector for each; an input of several parts is embedded as a whole."""
    dimensions: int | None = None
    """Length of the vectors, where the body states it."""
    usual_dimensions: int | None = None
    """Default length of the dialect's own model. An index takes vectors of one length, so a provider keeps to
    it where it can."""
    purpose: Purpose | None = None
    normalize: bool | None = None
    truncate: Literal["none", "start", "end"] | None = None
    """The end that is cut off a text that is too long; `none`: an error."""
    average: bool = False
    """Whether the parts of an input are embedded separately and averaged (Titan multimodal)."""


class EmbeddingAnswer(Struct, frozen=True):
    """One vector for each input, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    id: str
    """The provider's id of the answer, or of its row."""
    model: str
    input_tokens: int | None = None
