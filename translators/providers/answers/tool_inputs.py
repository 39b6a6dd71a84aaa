"""Arguments of a tool call, as the hub has them: a JSON object on one line."""

from typing import Any

import msgspec
from msgspec import Raw

from translators.providers.answers.received import Reader, compact

_OBJECT = Reader(dict[str, Raw])
_TEXT = Reader(str)


def tool_input(arguments: Any) -> Raw:
    """The input, from an object, its JSON as text, or nothing, which some models give for an empty one.

    `Raw`: JSON of either. Raises `ValueError` or `RecursionError` for what is no object.
    """
    if isinstance(arguments, Raw):
        arguments = _in_json(arguments)
    if isinstance(arguments, dict):
        return Raw(msgspec.json.encode(arguments))
    if arguments is None or arguments == "":
        return Raw(b"{}")
    if isinstance(arguments, str):
        arguments = arguments.encode() if arguments.strip() else b"{}"
    if not isinstance(arguments, bytes):
        raise ValueError("the arguments are no object")
    text = compact(arguments)
    _OBJECT.decode(text)
    return Raw(text)


def _in_json(arguments: Raw) -> str | bytes | None:
    data = bytes(arguments)
    if data == b"null":
        return None
    return _TEXT.decode(data) if data[:1] == b'"' else data


def as_text(name: str, arguments: Any) -> str:
    """A call that cannot be made, as the model wrote it."""
    written = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return f"{name}({written})"
