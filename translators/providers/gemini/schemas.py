"""JSON Schema in the words of Gemini's `Schema`: OpenAPI's, fewer, and no others are tolerated.

Gemini: docs/structured-output, generate-content `Schema`; google-genai `types.Schema` and `process_schema`.
What the service refuses beyond them ("should be non-empty for OBJECT type", "items: missing field") is known
from its answers to others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from translators.errors import Refused

type Json = dict[str, Any]

_ANNOTATIONS = ("title", "description", "default", "example")
_OF_TYPE: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "string": ("minLength", "maxLength", "pattern"),
        "number": ("minimum", "maximum"),
        "integer": ("minimum", "maximum"),
        "boolean": (),
        "array": ("minItems", "maxItems"),
        "object": ("required", "minProperties", "maxProperties"),
        "null": (),
    }
)
"""Type → keywords that are taken over as they are; in schemas of other types they have no effect."""
_FORMATS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "string": frozenset({"date-time"}),
        "number": frozenset({"float", "double"}),
        "integer": frozenset({"int32", "int64"}),
    }
)
_PLACES = frozenset({"$schema", "$id", "$defs", "definitions"})
_SAID_APART = frozenset(
    {
        *("type", "nullable", "enum", "const", "format", "properties", "propertyOrdering", "items"),
        *("anyOf", "oneOf", "additionalProperties"),
    }
)
_KNOWN = frozenset(
    {*_ANNOTATIONS, *_PLACES, *_SAID_APART, *(word for words in _OF_TYPE.values() for word in words)}
)
_BESIDE_ALTERNATIVES = frozenset({*_ANNOTATIONS, *_PLACES, "anyOf", "oneOf", "type", "nullable"})


@dataclass
class Conversion:
    """The way of one schema; `lost` are the keywords that Gemini has no word for and that say something."""

    root: Json
    lost: set[str] = field(default_factory=set[str])

    def converted(self, path: str) -> Json:
        """The schema in Gemini's words. Raises `Refused` for what can neither be expressed nor left out."""
        try:
            return self._schema(self.root, path, frozenset())
        except RecursionError as error:
            raise Refused(path, "is nested too deeply") from error

    def _schema(self, value: object, path: str, within: frozenset[str]) -> Json:
        schema, within = self._resolved(_object(value, path), path, within)
        self.lost |= schema.keys() - _KNOWN
        nullable = schema.get("nullable") is True
        beside = {word: schema[word] for word in _ANNOTATIONS if word in schema}
        if "anyOf" in schema or "oneOf" in schema:
            self.lost |= schema.keys() - _BESIDE_ALTERNATIVES
            choices = _list(schema.get("anyOf", schema.get("oneOf")), path)
            nullable = nullable or _NULL in choices
            written = [
                self._schema(choice, f"{path}.anyOf[{index}]", within)
                for index, choice in enumerate(choices)
                if choice != _NULL
            ]
        else:
            types = _types(schema, path)
            nullable = nullable or "null" in types
            written = [self._typed(schema, kind, path, within) for kind in types if kind != "null"]
        return _united(written, beside, nullable=nullable)

    def _resolved(self, schema: Json, path: str, within: frozenset[str]) -> tuple[Json, frozenset[str]]:
        """The schema with what it refers to in the reference's place; Gemini's own references are refused
        by the service beside most other words."""
        while "$ref" in schema or "allOf" in schema:
            parts = [_object(part, f"{path}.allOf") for part in _list(schema.get("allOf", []), path)]
            if "$ref" in schema:
                reference = str(schema["$ref"])
                if reference in within:
                    raise Refused(path, f"{reference!r} contains itself, which Gemini's schemas cannot say")
                within |= {reference}
                parts.append(self._target(reference, path))
            own = {word: said for word, said in schema.items() if word not in {"$ref", "allOf"}}
            schema = _merged([*parts, own], path)
        return schema, within

    def _target(self, reference: str, path: str) -> Json:
        value: object = self.root if reference.startswith("#") else None
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            value = _members_of(value).get(name)
        if not isinstance(value, dict):
            raise Refused(path, f"{reference!r} is not in this schema")
        return cast("Json", value)

    def _typed(self, schema: Json, kind: str, path: str, within: frozenset[str]) -> Json:
        written: Json = {"type": kind.upper()}
        written |= {word: schema[word] for word in _OF_TYPE[kind] if word in schema}
        if "format" in schema:
            if schema["format"] in _FORMATS.get(kind, ()):
                written["format"] = schema["format"]
            else:
                self.lost.add("format")
        if kind == "object":
            written |= self._members(schema, path, within)
        elif kind == "array":
            if "items" not in schema:
                raise Refused(path, "has no items; Gemini wants to know what an array holds")
            written["items"] = self._schema(schema["items"], f"{path}.items", within)
        if "enum" in schema or "const" in schema:
            written |= self._values(_enumerated(schema, path), kind)
        return written

    def _members(self, schema: Json, path: str, within: frozenset[str]) -> Json:
        """The members and their order, which Gemini keeps only on request. It never returns other members."""
        members = _object(schema.get("properties", {}), f"{path}.properties")
        if schema.get("additionalProperties", False) is not False:
            self.lost.add("additionalProperties")
            if not members:
                raise Refused(path, "has members of any name, which Gemini's schemas cannot say")
        if not members:
            return {}
        written: Json = {
            name: self._schema(member, f"{path}.properties.{name}", within)
            for name, member in members.items()
        }
        order: Json = {"propertyOrdering": list(members)} if len(members) > 1 else {}
        return {"properties": written, **order}

    def _values(self, values: list[object], kind: str) -> Json:
        """The values of this type among those that are allowed. Gemini lists numbers as strings, too."""
        own = [value for value in values if _kind_of(value) == kind or (kind, _kind_of(value)) == _WIDENED]
        if kind not in {"string", "number", "integer"}:
            if kind != "boolean" or len(own) < 2:
                self.lost.add("enum")
            return {}
        listed = [value if isinstance(value, str) else str(value) for value in own]
        if "" in listed:
            self.lost.add("enum")  # the service refuses it
        return {"enum": [value for value in listed if value]} if any(listed) else {}


_NULL = {"type": "null"}
_WIDENED = ("number", "integer")


def _object(value: object, path: str) -> Json:
    if not isinstance(value, dict):
        raise Refused(path, f"{value!r} is not an object")
    return cast("Json", value)


def _members_of(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise Refused(path, f"{value!r} is not a list")
    return cast("list[object]", value)


def _enumerated(schema: Json, path: str) -> list[object]:
    return [schema["const"]] if "const" in schema else _list(schema["enum"], f"{path}.enum")


def _types(schema: Json, path: str) -> list[str]:
    """The types that are given, else those that the other keywords imply."""
    said: object = schema.get("type")
    if said is None:
        said = _supposed(schema, path)
    types = [str(word).lower() for word in (cast("list[object]", said) if isinstance(said, list) else [said])]
    for word in types:
        if word not in _OF_TYPE:
            raise Refused(f"{path}.type", f"{word!r} is not one of {', '.join(_OF_TYPE)}")
    if not types:
        raise Refused(path, "says no type; Gemini wants one")
    return types


def _supposed(schema: Json, path: str) -> list[str]:
    if "enum" in schema or "const" in schema:
        return list(dict.fromkeys(_kind_of(value) for value in _enumerated(schema, path)))
    if "items" in schema:
        return ["array"]
    return ["object"] if "properties" in schema else []


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "array" if isinstance(value, list) else "object"


def _united(written: list[Json], beside: Json, *, nullable: bool) -> Json:
    if not written:
        return {"type": "NULL", **beside}
    schema = {**written[0], **beside} if len(written) == 1 else {"anyOf": written, **beside}
    return {**schema, "nullable": True} if nullable else schema


def _merged(parts: list[Json], path: str) -> Json:
    """One schema with the keywords of all of these; the annotations are the last one's."""
    merged: Json = {}
    for part in parts:
        for word, said in part.items():
            before = merged.get(word, said)
            if word == "properties":
                merged[word] = {**_object(before, path), **_object(said, path)}
            elif word == "required":
                merged[word] = list(dict.fromkeys([*_list(before, path), *_list(said, path)]))
            elif before == said or word in _ANNOTATIONS or word in _PLACES:
                merged[word] = said
            else:
                raise Refused(path, f"{word!r} is said twice, which Gemini's schemas cannot say")
    return merged
