"""The hub for embeddings: requests and answers, between the dialects and the providers.

Providers return floats, of which the family makes vectors of signs; other types are those of the provider,
where it has them.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

type Purpose = Literal["search_document", "search_query", "classification", "clustering", "similarity"]


type VectorType = Literal["float", "int8", "uint8", "binary", "ubinary"]

SCALED: frozenset[VectorType] = frozenset({"int8", "uint8"})
"""Types that cannot be made of floats: how a provider scales them is not published."""


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
    types: tuple[VectorType, ...] = ()
    """The types of vector that the body names; none for floats."""
    average: bool = False
    """Whether the parts of an input are embedded separately and averaged (Titan multimodal)."""


class EmbeddingAnswer(Struct, frozen=True):
    """One vector for each input, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    id: str
    """The provider's id of the answer, or of its row."""
    model: str
    input_tokens: int | None = None
    by_type: Mapping[VectorType, Sequence[Sequence[int]]] = MappingProxyType({})
    """The vectors of other types than float, where the provider gives them; `vectors` may be empty then."""
