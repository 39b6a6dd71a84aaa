"""Embeddings made from the texts alone: the same text has the same vector."""

import math
import random
from typing import Any

_LENGTHS = {"text-embedding-3-large": 3072}
_USUAL_LENGTH = 1536
_DIGITS = 8


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request for embeddings."""
    texts = texts_of(body)
    length = body.get("dimensions", _LENGTHS.get(body["model"], _USUAL_LENGTH))
    tokens = sum(len(text) // 4 + 1 for text in texts)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector(text, length)}
            for index, text in enumerate(texts)
        ],
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def texts_of(body: dict[str, Any]) -> list[str]:
    """The texts to embed."""
    asked = body["input"]
    return [asked] if isinstance(asked, str) else asked


def vector(text: str, length: int) -> list[float]:
    """The text's vector, with this many numbers and norm 1."""
    source = random.Random(text)
    numbers = [source.gauss() for _ in range(length)]
    norm = math.hypot(*numbers)
    return [round(number / norm, _DIGITS) for number in numbers]
