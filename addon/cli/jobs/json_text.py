"""JSON as people read it: indented, texts with real line breaks, nothing that a terminal would obey."""

import json
from collections.abc import Iterator
from typing import Any

from addon.cli.jobs.text import visible

LONGEST_STRING = 2_000
"""Characters of a string that are shown."""
LONGEST = 20_000
"""Characters of a document that are shown."""


class _Number(str):
    """A number as it is written."""


class _Object(list[tuple[str, Any]]):
    """An object with its members as they are written, several of one name included."""


def readable(content: bytes, *, full: bool) -> str:
    """Lines of JSON as people read them; what is no JSON as it is. Cut unless `full`."""
    limit = None if full else LONGEST_STRING
    text = "\n".join(_readable(line, limit) for line in content.rstrip(b"\r\n").split(b"\n"))
    return text if full else _cut(text, LONGEST)


def _readable(line: bytes, limit: int | None) -> str:
    text = line.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        value = json.loads(text, parse_float=_Number, parse_int=_Number, object_pairs_hook=_Object)
        return "".join(_pieces(value, "", limit))
    except (ValueError, RecursionError):
        return visible(text)


def _pieces(value: Any, indent: str, limit: int | None) -> Iterator[str]:
    inner = f"{indent}  "
    match value:
        case _Object() | list() if not value:
            yield "{}" if isinstance(value, _Object) else "[]"
        case _Object():
            yield "{"
            for number, (name, member) in enumerate(value):
                yield f"{',' if number else ''}\n{inner}{_string(name, inner, limit)}: "
                yield from _pieces(member, inner, limit)
            yield f"\n{indent}}}"
        case list():
            yield "["
            for number, member in enumerate(value):
                yield f"{',' if number else ''}\n{inner}"
                yield from _pieces(member, inner, limit)
            yield f"\n{indent}]"
        case _Number():
            yield str(value)
        case str():
            yield _string(value, inner, limit)
        case _:
            yield json.dumps(value)


def _string(text: str, indent: str, limit: int | None) -> str:
    rest = "" if limit is None or len(text) <= limit else f" … {len(text) - limit:,} more characters"
    lines = (json.dumps(part, ensure_ascii=False)[1:-1] for part in text[:limit].split("\n"))
    return f'"{f"\n{indent}".join(map(visible, lines))}"{rest}'


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… {len(text) - limit:,} more characters; --full shows all"
