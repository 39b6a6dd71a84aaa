"""JSON Schema as Anthropic takes it: fitted as its SDK fits it (anthropic 2.14: lib/_parse/_transform.py).

Objects are closed, and keywords that are not supported move into the description. What the SDK fails on is
fitted too: a list of types becomes `anyOf`, `definitions` become `$defs`.
"""

from collections.abc import Mapping
from typing import Any, cast

from translators.errors import Refused
from translators.providers.json_schemas import described

type Json = dict[str, Any]

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")
_SUPPOSED = (("properties", "object"), ("items", "array"))
_ABOUT_NOTHING = frozenset({"$schema", "$id", "$comment"})


def fitted(schema: Mapping[str, Any], path: str, moved: set[str]) -> Json:
    """The schema as Anthropic takes it; the keywords that are no longer in force are added to `moved`.

    Raises `Refused` for a schema that says neither a type nor alternatives.
    """
    try:
        return _fitted(_with_defs(schema), path, moved)
    except RecursionError as error:
        raise Refused(path, "is nested too deeply") from error


def is_any_object(schema: Mapping[str, Any]) -> bool:
    """Whether the schema asks for an object and constrains none of its members."""
    about = schema.keys() - _ABOUT_NOTHING - {"title", "description", "additionalProperties", "properties"}
    return (
        about == {"type"}
        and schema["type"] == "object"
        and not schema.get("properties")
        and schema.get("additionalProperties") is not False
    )


def _with_defs(value: object) -> Any:
    """The schema with `$defs` for the older `definitions`."""
    if isinstance(value, list):
        return [_with_defs(one) for one in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    renamed: Json = {}
    for word, said in cast("Mapping[str, Any]", value).items():
        if word == "$ref" and isinstance(said, str):
            renamed[word] = said.replace("#/definitions/", "#/$defs/")
        elif word == "definitions" and isinstance(said, Mapping):
            renamed["$defs"] = _with_defs(cast("object", said))
        else:
            renamed[word] = _with_defs(said)
    return renamed


def _fitted(value: object, path: str, moved: set[str]) -> Json:
    if not isinstance(value, Mapping):
        raise Refused(path, f"{value!r} is no schema that Anthropic takes")
    rest: Json = {w: said for w, said in cast("Json", value).items() if w not in _ABOUT_NOTHING}
    written: Json = {}
    if "$defs" in rest:
        defs = cast("Json", rest.pop("$defs"))
        written["$defs"] = {name: _fitted(one, f"{path}.$defs.{name}", moved) for name, one in defs.items()}
    if "$ref" in rest:
        moved.update(rest.keys() - {"$ref", "description", "title"})
        return {**written, "$ref": rest["$ref"]}
    kind: object = rest.pop("type", None)
    if isinstance(kind, list):
        return _of_several_types(rest, cast("list[str]", kind), written, path, moved)
    said_literally = _literals(rest, written)
    if not said_literally:
        kind = _add_kind(rest, kind, written, path, moved)
    for word in ("description", "title"):
        if word in rest:
            written[word] = rest.pop(word)
    if not said_literally:
        _add_members(rest, kind, written, path, moved)
    if rest:
        moved.update(rest)
        written["description"] = described(written.get("description"), rest)
    return written


def _of_several_types(rest: Json, kinds: list[str], written: Json, path: str, moved: set[str]) -> Json:
    """One alternative for each type, which has the words that are about it."""
    beside: Json = {word: rest.pop(word) for word in ("title", "description") if word in rest}
    if "enum" in rest or "const" in rest:
        return _fitted({**written, **beside, **rest}, path, moved)
    choices = [_fitted({"type": kind, **(rest if kind != "null" else {})}, path, moved) for kind in kinds]
    return {**written, **beside, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}


def _literals(rest: Json, written: Json) -> bool:
    values: object = rest.get("enum")
    if isinstance(values, list) and values and all(map(_is_primitive, cast("list[object]", values))):
        written["enum"] = rest.pop("enum")
    if "const" in rest and _is_primitive(rest["const"]):
        written["const"] = rest.pop("const")
    return "enum" in written or "const" in written


def _is_primitive(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _add_kind(rest: Json, kind: object, written: Json, path: str, moved: set[str]) -> object:
    """The type, or the alternatives."""
    given = [word for word in _ALTERNATIVES if isinstance(rest.get(word), list)]
    if given:
        word = given[0]
        choices = [_fitted(one, f"{path}.{word}[{at}]", moved) for at, one in enumerate(rest.pop(word))]
        written["anyOf" if word == "oneOf" else word] = choices
        for other in given[1:]:
            moved.add(other)
            del rest[other]
        return kind
    if kind is None:
        kind = next((supposed for word, supposed in _SUPPOSED if word in rest), None)
    if kind is None:
        raise Refused(path, "says no type; Anthropic wants one, or anyOf, allOf, enum, const")
    written["type"] = kind
    return kind


def _add_members(rest: Json, kind: object, written: Json, path: str, moved: set[str]) -> None:
    if kind == "object":
        members = cast("Json", rest.pop("properties", {}))
        written["properties"] = {
            name: _fitted(one, f"{path}.properties.{name}", moved) for name, one in members.items()
        }
        if rest.pop("additionalProperties", False) is not False:
            moved.add("additionalProperties")
        written["additionalProperties"] = False
        if "required" in rest:
            written["required"] = rest.pop("required")
    elif kind == "string" and rest.get("format") in _FORMATS:
        written["format"] = rest.pop("format")
    elif kind == "array":
        if "items" in rest:
            written["items"] = _fitted(rest.pop("items"), f"{path}.items", moved)
        if rest.get("minItems") in (0, 1):
            written["minItems"] = rest.pop("minItems")
