"""Tools, tool choice and structured output (Gemini: docs/function-calling, docs/structured-output).

There are two places for a JSON Schema. `parameters` and `responseSchema` take Gemini's own schemas, strictly;
`parametersJsonSchema` and `responseJsonSchema` take JSON Schema, ignoring much of it. In batches the latter
gave JSON that had nothing to do with the schema (crmne/ruby_llm#894), so an answer's schema is always sent in
Gemini's words, and a tool's wherever they lose nothing.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note, TextFormat, ToolChoice, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.converse_requests import SCHEMA, schema_of, tool_specs
from translators.providers.gemini.schemas import Conversion
from translators.providers.identifiers import fitting


class FunctionDeclaration(Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    description: str | None = None
    parameters: object = None
    parameters_json_schema: object = None


class Tools(Struct, frozen=True, rename="camel"):
    function_declarations: list[FunctionDeclaration]


class FunctionCallingConfig(Struct, frozen=True, rename="camel", omit_defaults=True):
    mode: Literal["AUTO", "ANY", "NONE"]
    allowed_function_names: list[str] | None = None


class ToolConfiguration(Struct, frozen=True, rename="camel"):
    function_calling_config: FunctionCallingConfig


_LONGEST_NAME = 128
"""google-genai, `FunctionDeclaration.name`: it starts with a letter or an underscore."""

_STARTS_WELL = re.compile(r"[A-Za-z_]")

_CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "Gemini decides itself what it caches")
_STRICT = Note("toolConfig.tools.toolSpec.strict", "dropped", "Gemini has no strict tools")
_NAME = Note(
    "toolConfig.tools.toolSpec.name",
    "mapped",
    f"Gemini takes a letter or '_', then letters, digits, '_', '-', {_LONGEST_NAME} in all",
)
_SCHEMA_NAME = Note(f"{SCHEMA}.name", "mapped", "told as the schema's title")

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""google-genai, `FunctionDeclaration.parameters`; the other place has no such rule."""


def function_name(name: str) -> str:
    """A tool's name as Gemini accepts it, fitted where it has to be."""
    if _STARTS_WELL.match(name) is not None:
        return fitting(name, _LONGEST_NAME)
    return fitting(f"_{name}.", _LONGEST_NAME)  # the dot does not fit: a digest keeps it apart from `_name`


def tool_members(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `toolConfig`. Raises `Refused`."""
    specs = tool_specs(config, _CACHE_POINT, notes)
    declared = [_function(spec, path, notes) for spec, path in specs]
    members: dict[str, object] = {"tools": [Tools(declared)]} if declared else {}
    if config.tool_choice is not None:
        members["toolConfig"] = ToolConfiguration(_choice(config.tool_choice))
    return members


def _function(spec: ToolSpec, path: str, notes: list[Note]) -> FunctionDeclaration:
    name = function_name(spec.name)
    if name != spec.name:
        notes.append(_NAME)
    if spec.strict:
        notes.append(_STRICT)
    schema = bytes(spec.input_schema.json)
    if not schema.startswith(b"{"):
        raise Refused(f"{path}.inputSchema.json", "is not an object; Gemini takes nothing else")
    parameters = _parameters(schema)
    if parameters is None:
        return FunctionDeclaration(name, spec.description, parameters_json_schema=spec.input_schema.json)
    return FunctionDeclaration(name, spec.description, parameters=parameters)


@lru_cache(maxsize=64)  # all records of a job tend to have the same tools
def _parameters(schema: bytes) -> Raw | None:
    """A tool's schema in Gemini's words; None when those would lose something."""
    try:
        conversion = Conversion(msgspec.json.decode(schema, type=dict[str, Any]))
        converted = conversion.converted("")
    except (Refused, ValueError, RecursionError):
        return None
    if conversion.lost or converted.get("type") != "OBJECT":
        return None
    if not all(map(_PARAMETER.fullmatch, _property_names(converted))):
        return None
    return Raw(msgspec.json.encode(converted))


def _property_names(schema: Mapping[str, Any]) -> Iterable[str]:
    for name, member in schema.get("properties", {}).items():
        yield name
        yield from _property_names(member)
    for inner in (schema.get("items", {}), *schema.get("anyOf", ())):
        if inner:
            yield from _property_names(inner)


def _choice(choice: ToolChoice) -> FunctionCallingConfig:
    if choice.tool is not None:
        return FunctionCallingConfig("ANY", [function_name(choice.tool.name)])
    if choice.any is not None:
        return FunctionCallingConfig("ANY")
    if choice.none is not None:
        return FunctionCallingConfig("NONE")
    return FunctionCallingConfig("AUTO")


def response_schema(text_format: TextFormat, notes: list[Note]) -> dict[str, object]:
    """The schema that the answer keeps to, as members of `generationConfig`. Raises `Refused`."""
    asked = text_format.structure.json_schema
    conversion = Conversion(schema_of(asked))
    schema = conversion.converted(f"{SCHEMA}.schema")
    for word in sorted(conversion.lost):
        notes.append(Note(f"{SCHEMA}.schema", "mapped", f"without {word!r}, for which Gemini has no word"))
    if asked.name is not None:
        schema["title"] = asked.name
        notes.append(_SCHEMA_NAME)
    if asked.description is not None:
        said = [text for text in (asked.description, schema.get("description")) if text is not None]
        schema["description"] = "\n\n".join(said)
    return {"responseMimeType": "application/json", "responseSchema": schema}
