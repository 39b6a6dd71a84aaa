"""A record's document as lines to read: JSON with its prompts as text, cut before it is formatted."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import orjson

MOST_LINES = 1_500
MOST_BYTES = 2_000_000
"""Of a document that is larger only the first bytes are shown, as they are."""
RAW = 20_000
"""Characters shown of what is no JSON or too large."""
SHORT = 1_200
"""Characters of a text that are shown before somebody asks for more."""
LONG = 60_000
"""Characters of it that are shown then."""
DEEPEST = 24

type Kind = Literal["text", "number", "word", "open"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A member of a JSON document, or an element of one of its lists."""

    depth: int
    key: str | None
    kind: Kind
    text: str
    rest: str = ""
    """The part of a long text that is shown on demand."""
    missing: int = 0
    """Number of characters that are not shown at all."""

    @property
    def is_block(self) -> bool:
        """Whether the text has lines of its own."""
        return self.kind == "text" and ("\n" in self.text or len(self.text) > 80)


@dataclass(frozen=True, kw_only=True)
class Pretty:
    """A document made readable."""

    lines: list[Line]
    raw: str | None = None
    """What is shown in place of lines."""
    why: str | None = None
    """Why it is not whole, or not formatted."""


def pretty(content: bytes) -> Pretty:
    """The document as lines; as it is, with the reason, where it is no JSON or too large."""
    if len(content) > MOST_BYTES:
        text = content[: 4 * RAW].decode(errors="replace")[:RAW]
        return Pretty(lines=[], raw=text, why="Too large to be formatted: only its beginning is shown.")
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        text = content.decode(errors="replace")
        cut = "" if len(text) <= RAW else " Only its beginning is shown."
        return Pretty(lines=[], raw=text[:RAW], why=f"This is no JSON.{cut}")
    lines = list(islice(_lines(value, None, 0), MOST_LINES + 1))
    why = f"Only the first {MOST_LINES} lines are shown." if len(lines) > MOST_LINES else None
    return Pretty(lines=lines[:MOST_LINES], why=why)


def _lines(value: object, key: str | None, depth: int) -> Iterator[Line]:
    match value:
        case dict() | list() if value:
            yield from _members(value, key, depth)
        case str():
            yield _text(value, key, depth)
        case bool() | None:
            word = "null" if value is None else "true" if value else "false"
            yield Line(depth=depth, key=key, kind="word", text=word)
        case int() | float():
            yield Line(depth=depth, key=key, kind="number", text=repr(value))
        case _:
            yield Line(depth=depth, key=key, kind="word", text="{}" if isinstance(value, dict) else "[]")


def _members(value: dict[str, object] | list[object], key: str | None, depth: int) -> Iterator[Line]:
    """The lines of an object or a list that is not empty."""
    if depth >= DEEPEST:
        yield _text(orjson.dumps(value).decode(), key, depth)
        return
    if key is not None:
        yield Line(depth=depth, key=key, kind="open", text=f"{len(value)}" if isinstance(value, list) else "")
    inner = depth if key is None else depth + 1
    named = (
        value.items() if isinstance(value, dict) else ((f"[{i}]", member) for i, member in enumerate(value))
    )
    for name, member in named:
        yield from _lines(member, name, inner)


def _text(text: str, key: str | None, depth: int) -> Line:
    return Line(
        depth=min(depth, DEEPEST),
        key=key,
        kind="text",
        text=text[:SHORT],
        rest=text[SHORT:LONG],
        missing=max(0, len(text) - LONG),
    )
