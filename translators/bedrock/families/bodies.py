"""Bodies read into typed structs, and what is wrong with them said in the words of the API.

Anthropic's models and AWS name the field and the rule ("foo: Extra inputs are not permitted",
"max_tokens: Field required"); msgspec knows both, in other words.
"""

import re
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import Raw, inspect

from translators.errors import Refused

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_NOT_AMONG = re.compile(r"Invalid (enum )?value .*", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def decoded[T](decoder: msgspec.json.Decoder[T], body: Raw, within: str = "") -> T:
    """The body as the decoder's type. `within` is the path of this JSON in the record's body.

    Raises `Refused` with the path of the field that is wrong.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), decoder.type, body, within) from error
    except msgspec.DecodeError as error:
        raise Refused(within, f"cannot be read: {error}") from error
    except RecursionError as error:
        raise Refused(within, "is nested too deeply") from error


def joined(path: str, step: str) -> str:
    """A path one step longer: `a` and `b` make `a.b`, `a` and `[0]` make `a[0]`."""
    return f"{path}.{step}" if path and step and not step.startswith("[") else f"{path}{step}"


def _refusal(complaint: str, dialect: object, body: Raw, within: str) -> Refused:
    problem, _, place = complaint.partition(" - at `")
    place = place.removeprefix("$").removesuffix("`")
    path = joined(within, place.removeprefix("."))
    if (unknown := _UNKNOWN.fullmatch(problem)) is not None:
        return Refused(joined(path, unknown["name"]), "Extra inputs are not permitted")
    if (missing := _MISSING.fullmatch(problem)) is not None:
        return Refused(joined(path, missing["name"]), "Field required")
    steps = [name or int(index) for name, index in _STEP.findall(place)]
    value = _at(msgspec.json.decode(body), steps)
    if _NOT_AMONG.fullmatch(problem) is not None:
        problem = f"Input should be {' or '.join(map(repr, _accepted(dialect, steps, body)))}"
    return Refused(path, problem if ", got " in problem else f"{problem}, got {value!r:.100}")


def _at(value: Any, steps: list[str | int]) -> object:
    for step in steps:
        value = value[step]
    return value


@cache
def _described(dialect: object) -> inspect.Type:
    return inspect.type_info(dialect)


def _accepted(dialect: object, steps: list[str | int], body: Raw) -> list[object]:
    """The words that the type has for the end of the path; the value tells which member of a union it is."""
    place, value = _described(dialect), msgspec.json.decode(body)
    for step in steps:
        kinds = _fitting(place, value)
        tags = [kind.tag for kind in kinds if isinstance(kind, inspect.StructType) and kind.tag_field == step]
        if tags:
            return sorted(tags, key=str)
        place, value = _inside(kinds, step), value[step]
    return [word for kind in _members(place) if isinstance(kind, inspect.LiteralType) for word in kind.values]


def _members(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.UnionType):  # an alias of a union, in a union, stays a union of its own
        return [member for part in kind.types for member in _members(part)]
    return [kind]


def _fitting(place: inspect.Type, value: object) -> list[inspect.Type]:
    """The members of a union that this list or object may be."""
    if isinstance(value, list):
        return [kind for kind in _members(place) if isinstance(kind, inspect.ListType)]
    structs = [kind for kind in _members(place) if isinstance(kind, inspect.StructType)]
    named = cast("dict[str, object]", value)
    tagged = [kind for kind in structs if kind.tag_field and named.get(kind.tag_field) == kind.tag]
    return [*(tagged or structs)]


def _inside(kinds: list[inspect.Type], step: str | int) -> inspect.Type:
    (kind,) = kinds
    if isinstance(kind, inspect.ListType):
        return kind.item_type
    fields = cast("inspect.StructType", kind).fields
    return next(field.type for field in fields if field.encode_name == step)
