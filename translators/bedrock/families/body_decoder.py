"""Decodes bodies into typed structs, with errors worded as the Bedrock API words them.

Anthropic's models and AWS name the field and the rule ("foo: Extra inputs are not permitted",
"max_tokens: Field required"); msgspec's own messages are mapped to these.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import Raw, inspect

from translators.errors import Refused

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_NOT_AMONG = re.compile(r"Invalid (enum )?value .*", re.DOTALL)
_FLOAT = re.compile(r"Expected `[^`]*\bint\b[^`]*`, got `float`")
_LONGEST_SHOWN = 100
_NULL = Raw(b"null")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def decoded[T](decoder: msgspec.json.Decoder[T], body: Raw, within: str = "") -> T:
    """The body as the decoder's type.

    `within`: path of this JSON in the record's body. Raises `Refused` with the path of the wrong field.
    """
    try:
        return _decoded(decoder, body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), decoder.type, body, within) from error
    except msgspec.DecodeError as error:
        raise Refused(within, f"cannot be read: {error}") from error
    except RecursionError as error:
        raise Refused(within, "is nested too deeply") from error


def _decoded[T](decoder: msgspec.json.Decoder[T], body: Raw) -> T:
    """The body as the decoder's type; whole numbers may be written as floats (`512.0`), as pandas does."""
    while True:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            rewritten = _with_whole_number(str(error), body)
            if rewritten is None:
                raise
            body = rewritten


def _with_whole_number(message: str, body: Raw) -> Raw | None:
    """The body with the float that the message complains of as an integer; None where it is not whole."""
    if _FLOAT.match(message) is None:
        return None
    place = message.partition(" - at `")[2].removeprefix("$").removesuffix("`")
    return _replaced(body, [name or int(index) for name, index in _STEP.findall(place)])


def _replaced(value: Raw, steps: list[str | int]) -> Raw | None:
    if not steps:
        number = msgspec.json.decode(value)
        if not isinstance(number, float) or not number.is_integer():
            return None
        return Raw(msgspec.json.encode(int(number)))
    step, *rest = steps
    items: Any = msgspec.json.decode(value, type=list[Raw] if isinstance(step, int) else dict[str, Raw])
    item = _replaced(items[step], rest)
    if item is None:
        return None
    items[step] = item
    return Raw(msgspec.json.encode(items))


def join_path(path: str, step: str) -> str:
    """A path extended by one step: `a`, `b` → `a.b`; `a`, `[0]` → `a[0]`."""
    return f"{path}.{step}" if path and step and not step.startswith("[") else f"{path}{step}"


def _refusal(message: str, dialect: object, body: Raw, within: str) -> Refused:
    problem, _, place = message.partition(" - at `")
    place = place.removeprefix("$").removesuffix("`")
    path = join_path(within, place.removeprefix("."))
    if (unknown := _UNKNOWN.fullmatch(problem)) is not None:
        return Refused(join_path(path, unknown["name"]), "Extra inputs are not permitted")
    if (missing := _MISSING.fullmatch(problem)) is not None:
        return Refused(join_path(path, missing["name"]), "Field required")
    steps = [name or int(index) for name, index in _STEP.findall(place)]
    if _NOT_AMONG.fullmatch(problem) is not None:
        problem = f"Input should be {' or '.join(map(repr, _accepted(dialect, steps, body)))}"
    return Refused(path, problem if ", got " in problem else f"{problem}, got {_shown(body, steps)}")


def _shown(body: Raw, steps: list[str | int]) -> str:
    """The value at a path, cut off after `_LONGEST_SHOWN` characters."""
    value = body
    for step in steps:
        value = _item(value, step)
    text = _text(value)
    shown = repr(text) if text is not None else bytes(value).decode()
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def _text(value: Raw) -> str | None:
    """The text of a JSON string; None for other JSON."""
    return msgspec.json.decode(value, type=str) if memoryview(value)[0] == ord('"') else None


def _item(value: Raw, step: str | int) -> Raw:
    if isinstance(step, int):
        return msgspec.json.decode(value, type=list[Raw])[step]
    return msgspec.json.decode(value, type=dict[str, Raw])[step]


@cache
def _described(dialect: object) -> inspect.Type:
    return inspect.type_info(dialect)


def _accepted(dialect: object, steps: list[str | int], body: Raw) -> list[object]:
    """The literals and tags that the type accepts at a path; the body selects the member of a union."""
    place, value = _described(dialect), body
    for step in steps:
        kinds = _lists(place) if isinstance(step, int) else _structs(place, value)
        tags = [kind.tag for kind in kinds if isinstance(kind, inspect.StructType) and kind.tag_field == step]
        if tags:
            return sorted(tags, key=str)
        place, value = _inside(kinds[0], step), _item(value, step)
    literals = [kind for kind in _members(place) if isinstance(kind, inspect.LiteralType)]
    return [value for literal in literals for value in literal.values]


def _lists(place: inspect.Type) -> Sequence[inspect.Type]:
    return [kind for kind in _members(place) if isinstance(kind, inspect.ListType)]


def _structs(place: inspect.Type, value: Raw) -> Sequence[inspect.Type]:
    """The structs that an object may be: the one of its tag, or all where it has no known tag."""
    structs = [kind for kind in _members(place) if isinstance(kind, inspect.StructType)]
    members = msgspec.json.decode(value, type=dict[str, Raw])
    tagged = [
        kind
        for kind in structs
        if kind.tag_field is not None and _text(members.get(kind.tag_field, _NULL)) == kind.tag
    ]
    return tagged or structs


def _inside(kind: inspect.Type, step: str | int) -> inspect.Type:
    if isinstance(kind, inspect.ListType):
        return kind.item_type
    fields = cast("inspect.StructType", kind).fields
    return next(field.type for field in fields if field.encode_name == step)


def _members(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.UnionType):  # an alias of a union, in a union, stays a union of its own
        return [member for part in kind.types for member in _members(part)]
    return [kind]
