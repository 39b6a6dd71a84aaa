"""Images as base64 text: their format, and embedding parts made of them."""

import re

from translators.bedrock.base64_text import base64_at
from translators.bedrock.converse import ImageFormat
from translators.bedrock.embeddings import ImagePart
from translators.errors import Refused

_DATA_URI = re.compile(
    r"\s*data:image/(?P<format>png|jpe?g|gif|webp);base64,(?P<data>.+)", re.DOTALL | re.IGNORECASE
)
_BEGINNINGS: tuple[tuple[str, ImageFormat], ...] = (
    ("iVBORw0KGgo", "png"),
    ("/9j/", "jpeg"),
    ("R0lGOD", "gif"),
    ("UklGR", "webp"),
)


def image_format(data: str) -> ImageFormat | None:
    """The format of an image by the beginning of its base64 text; None for an unknown one."""
    return next((form for beginning, form in _BEGINNINGS if data.startswith(beginning)), None)


def image_of_uri(uri: str, path: str) -> ImagePart:
    """The image in a data URI. Raises `Refused`."""
    found = _DATA_URI.fullmatch(uri)
    if found is None:
        raise Refused(path, "is not 'data:image/…;base64,…' of a png, jpeg, gif or webp image")
    return ImagePart(found["format"].lower().replace("jpg", "jpeg"), base64_at(found["data"], path))


def image_of_bytes(data: str, path: str) -> ImagePart:
    """The image in base64 text without a format. Raises `Refused`."""
    plain = base64_at(data, path)
    form = image_format(plain)
    if form is None:
        raise Refused(path, "is not the base64 text of a png, jpeg, gif or webp image")
    return ImagePart(form, plain)
