"""Tools of Command R as JSON Schema: their parameter types have Python's names."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import Raw, Struct

from translators.errors import Refused


class Parameter(Struct, forbid_unknown_fields=True):
    type: str
    description: str | None = None
    required: bool | None = None


class Tool(Struct, forbid_unknown_fields=True):
    name: str
    description: str | None = None
    parameter_definitions: dict[str, Parameter] | None = None


_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "str": "string",
        "string": "string",
        "int": "integer",
        "integer": "integer",
        "float": "number",
        "number": "number",
        "bool": "boolean",
        "boolean": "boolean",
        "list": "array",
        "array": "array",
        "dict": "object",
        "object": "object",
    }
)
_OF = re.compile(r"(?P<outer>\w+)\[(?P<inner>.+)\]")


def schema(tool: Tool, path: str) -> Raw:
    """The JSON Schema of a tool's parameters. Raises `Refused` for a type that has no counterpart."""
    parameters = tool.parameter_definitions or {}
    properties: dict[str, dict[str, object]] = {}
    for name, parameter in parameters.items():
        properties[name] = _type(parameter.type, f"{path}.parameter_definitions.{name}.type")
        if parameter.description is not None:
            properties[name]["description"] = parameter.description
    document: dict[str, object] = {"type": "object", "properties": properties}
    required = [name for name, parameter in parameters.items() if parameter.required]
    if required:
        document["required"] = required
    return Raw(msgspec.json.encode(document))


def _type(named: str, path: str) -> dict[str, object]:
    """The schema of a type: `List[str]` with the type of its items, `Dict[str, int]` as a plain object."""
    nested = _OF.fullmatch(named)
    outer = named if nested is None else nested["outer"]
    kind = _TYPES.get(outer.lower())
    if kind is None or (nested is not None and kind not in {"array", "object"}):
        raise Refused(path, f"{named!r} is not one of {', '.join(_TYPES)}, or a list or dict of them")
    if nested is not None and kind == "array":
        return {"type": kind, "items": _type(nested["inner"], path)}
    return {"type": kind}
