"""Content of an answer that is given in parts, where a text was expected or the other way round."""

from collections.abc import Iterable
from typing import Any, cast


def texts_of(content: object) -> tuple[list[str], list[str], list[Any]]:
    """The texts in a content of whatever form, the words of refusal, and what is neither.

    A part with a text is a text, whatever its type is called.
    """
    texts: list[str] = []
    refusals: list[str] = []
    others: list[Any] = []
    for part in parts_of(content):
        match part:
            case str() | {"text": str()}:
                texts.append(part if isinstance(part, str) else part["text"])
            case {"refusal": str(refusal)}:
                refusals.append(refusal)
            case _:
                others.append(part)
    return [text for text in texts if text], [words for words in refusals if words], others


def parts_of(content: object) -> Iterable[Any]:
    """The parts; a single one where there is no list."""
    if content is None:
        return ()
    return cast("Iterable[Any]", content) if isinstance(content, list) else (content,)
