"""What dialects of embeddings have in common: base64 images, and bits made of floats."""

import re
from collections.abc import Sequence

from translators.bedrock.embeddings import ImagePart
from translators.errors import Refused

_DATA_URI = re.compile(r"data:image/(?P<format>png|jpe?g|gif|webp);base64,(?P<data>.+)", re.DOTALL)
_BEGINNINGS = (("iVBORw0KGgo", "png"), ("/9j/", "jpeg"), ("R0lGOD", "gif"), ("UklGR", "webp"))
"""How the base64 text of each format begins."""


def image_of_uri(uri: str, path: str) -> ImagePart:
    """The image in a data URI. Raises `Refused`."""
    found = _DATA_URI.fullmatch(uri)
    if found is None:
        raise Refused(path, "is not 'data:image/…;base64,…' of a png, jpeg, gif or webp image")
    return ImagePart(found["format"].replace("jpg", "jpeg"), found["data"])


def image_of_bytes(data: str, path: str) -> ImagePart:
    """The image in base64 text that does not say its format. Raises `Refused`."""
    for beginning, form in _BEGINNINGS:
        if data.startswith(beginning):
            return ImagePart(form, data)
    raise Refused(path, "is not the base64 text of a png, jpeg, gif or webp image")


def bits(vector: Sequence[float]) -> list[int]:
    """1 for each number above zero, 0 for the others."""
    return [int(number > 0) for number in vector]


def packed_bits(vector: Sequence[float]) -> list[int]:
    """Eight bits a byte, the first one highest; the last byte filled with zeros."""
    found = bits(vector)
    found += [0] * (-len(found) % 8)
    return [int("".join(map(str, found[at : at + 8])), 2) for at in range(0, len(found), 8)]
