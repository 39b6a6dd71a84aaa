"""Readable text of JSON, for people: a member a line, and long texts as blocks.

Only the beginning of a body is looked at, whatever its size. What is shown was written by others: characters
that change the direction of a text are escaped here, control characters by mitmproxy.
"""

from collections.abc import Iterable, Iterator, Sequence

import orjson

LOOKED_AT = 64 * 1024
"""Bytes of a body."""
_DEEPEST = 40
_LONGEST_LINE = 100
"""Characters of a text beyond which it becomes a block."""
_MOST_MEMBERS = 200
"""Of one list or object."""

_INVISIBLE = {
    code: f"\\u{code:04x}"
    for code in (0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
}


def beginning(data: bytes) -> str:
    """The beginning of a body as it is."""
    text = safe(data[:LOOKED_AT].decode(errors="replace"))
    rest = len(data) - LOOKED_AT
    return f"{text}\n… {rest:,} more bytes" if rest > 0 else text


def parsed(data: bytes) -> object | None:
    """The JSON document; None for anything else, and for one that is too long to look at."""
    if len(data) > LOOKED_AT:
        return None
    try:
        document: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return document


def lines_of(data: bytes) -> Sequence[bytes]:
    """The whole lines at the beginning of a body."""
    head = data[:LOOKED_AT]
    if len(data) > LOOKED_AT:
        head = head[: head.rfind(b"\n") + 1]
    return [line for line in head.split(b"\n") if line.strip()]


def readable(document: object) -> str:
    """The document, much like YAML."""
    return "\n".join(_value(document, "", 0))


def safe(text: str) -> str:
    """The text with visible names for invisible characters."""
    return text.translate(_INVISIBLE)


def _value(value: object, indent: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and value and depth < _DEEPEST:
        yield from _members(
            ((f"{safe(str(name))}:", member) for name, member in value.items()), indent, depth
        )
    elif isinstance(value, list) and value and depth < _DEEPEST:
        yield from _members((("-", member) for member in value), indent, depth)
    else:
        head, *block = _scalar(value)
        yield f"{indent}{head}"
        yield from (f"{indent}  {line}" for line in block)


def _members(members: Iterable[tuple[str, object]], indent: str, depth: int) -> Iterator[str]:
    for index, (label, value) in enumerate(members):
        if index >= _MOST_MEMBERS:
            yield f"{indent}… more"
            return
        if isinstance(value, dict | list) and value and depth + 1 < _DEEPEST:
            nested = _value(value, f"{indent}  ", depth + 1)
            if label == "-":
                yield f"{indent}- {next(nested).lstrip()}"
            else:
                yield f"{indent}{label}"
            yield from nested
        else:
            head, *block = _scalar(value)
            yield f"{indent}{label} {head}"
            yield from (f"{indent}  {line}" for line in block)


def _scalar(value: object) -> list[str]:
    """One line, or `|` and the lines of a block."""
    if not isinstance(value, str):
        return [safe(orjson.dumps(value).decode()) if not isinstance(value, dict | list) else _short(value)]
    text = safe(value)
    if "\n" in text or len(text) > _LONGEST_LINE:
        return ["|", *text.split("\n")]
    return [text if text and text == text.strip() else orjson.dumps(text).decode()]


def _short(value: dict[object, object] | list[object]) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return f"… {len(value)} members"
