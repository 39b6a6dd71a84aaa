"""Tools and structured output (Mistral: studio-api/conversations/function-calling, structured-output)."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note, TextFormat, ToolChoice, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.mistral.names import LONGEST_NAME
from translators.providers.names import fitting


class Function(Struct, frozen=True, omit_defaults=True):
    name: str
    parameters: Raw
    description: str | None = None
    strict: bool | None = None


class Tool(Struct, frozen=True, tag_field="type", tag="function"):
    function: Function


class NamedFunction(Struct, frozen=True):
    name: str


class NamedTool(Struct, frozen=True, tag_field="type", tag="function"):
    function: NamedFunction


class Schema(Struct, frozen=True, omit_defaults=True):
    name: str
    schema: Mapping[str, object]
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    json_schema: Schema


_CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "Mistral decides itself what it caches")
_SCHEMA = "outputConfig.textFormat.structure.jsonSchema"
_SCHEMA_NAME = Note(
    f"{_SCHEMA}.name", "mapped", f"at most {LONGEST_NAME} letters, digits, '_', '-', as for tools"
)


def tool_parameters(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `tool_choice`. Raises `Refused`."""
    tools: list[Tool] = []
    for index, tool in enumerate(config.tools):
        if tool.tool_spec is not None:
            tools.append(Tool(_function(tool.tool_spec, f"toolConfig.tools[{index}].toolSpec")))
        elif tool.cache_point is not None:
            notes.append(_CACHE_POINT)
        else:
            raise Refused(f"toolConfig.tools[{index}].systemTool", "only Bedrock runs tools of its own")
    written: dict[str, object] = {"tools": tools} if tools else {}
    if config.tool_choice is not None:
        written["tool_choice"] = _choice(config.tool_choice)
    return written


def _function(spec: ToolSpec, path: str) -> Function:
    schema = spec.input_schema.json
    if not bytes(schema).startswith(b"{"):
        raise Refused(f"{path}.inputSchema.json", "is not an object; Mistral takes nothing else")
    return Function(fitting(spec.name, LONGEST_NAME), schema, spec.description, spec.strict)


def _choice(choice: ToolChoice) -> str | NamedTool:
    if choice.tool is not None:
        return NamedTool(NamedFunction(fitting(choice.tool.name, LONGEST_NAME)))
    if choice.any is not None:
        return "any"
    if choice.none is not None:
        return "none"
    return "auto"


def response_format(text_format: TextFormat, notes: list[Note]) -> ResponseFormat:
    """The schema that the answer keeps to. Bedrock promises that it does, which here is `strict`.

    Raises `Refused`.
    """
    asked = text_format.structure.json_schema
    try:
        schema = msgspec.json.decode(asked.schema, type=dict[str, object])
    except (ValueError, RecursionError) as error:
        raise Refused(f"{_SCHEMA}.schema", f"cannot be read as a JSON object: {error}") from error
    name = "answer" if asked.name is None else fitting(asked.name, LONGEST_NAME)
    if asked.name is not None and name != asked.name:
        notes.append(_SCHEMA_NAME)
    return ResponseFormat(Schema(name, schema, asked.description, strict=True))
