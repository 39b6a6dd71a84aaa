"""Tools and structured output (OpenAI: chat/create, `tools`, `tool_choice`, `response_format`)."""

from collections.abc import Mapping

from msgspec import Raw, Struct, structs

from translators.bedrock.converse import (
    JsonSchema,
    Note,
    OutputConfig,
    TextFormat,
    ToolChoice,
    ToolConfig,
    ToolSpec,
)
from translators.errors import Refused
from translators.providers.chat_completions.names import LONGEST_NAME, fitted_name
from translators.providers.converse_requests import SCHEMA, schema_of, tool_specs
from translators.providers.json_schemas import Subset, fits_strict_mode


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


class JsonMode(Struct, frozen=True, tag_field="type", tag="json_object"):
    pass


class ResponseFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    json_schema: Schema


CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "the provider decides itself what it caches")
NOT_STRICT = Note(
    "toolConfig.tools.toolSpec.strict", "dropped", "the rules of strict mode do not allow this schema"
)
_NAME = Note(
    "toolConfig.tools.toolSpec.name", "mapped", f"{LONGEST_NAME} letters, digits, '_', '-' are taken"
)
_NOT_STRICT = Note(
    f"{SCHEMA}.schema", "mapped", "not strict: the rules of strict mode do not allow this schema"
)
_SCHEMA_NAME = Note(f"{SCHEMA}.name", "mapped", f"{LONGEST_NAME} letters, digits, '_', '-' are taken")


def tool_parameters(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `tool_choice`. Raises `Refused`."""
    parameters: dict[str, object] = {"tools": [Tool(function) for function in functions(config, notes)]}
    if config.tool_choice is not None:
        parameters["tool_choice"] = tool_choice(config.tool_choice)
    return parameters


def functions(config: ToolConfig, notes: list[Note]) -> list[Function]:
    """The functions that the model may call. Raises `Refused`."""
    found: list[Function] = []
    for spec, path in tool_specs(config, CACHE_POINT, notes):
        found.append(_strict_where_it_fits(function_of(spec, path, "nothing else is taken"), notes))
        if found[-1].name != spec.name:
            notes.append(_NAME)
    return found


def _strict_where_it_fits(function: Function, notes: list[Note]) -> Function:
    """The function, not strict where strict mode refuses its schema, with a 400 for the whole record."""
    if not function.strict or fits_strict_mode(bytes(function.parameters)):
        return function
    notes.append(NOT_STRICT)
    return structs.replace(function, strict=None)


def function_of(spec: ToolSpec, path: str, objects_only: str) -> Function:
    """The function under a name that is accepted. Raises `Refused`."""
    schema = spec.input_schema.json
    if not bytes(schema).startswith(b"{"):
        raise Refused(f"{path}.inputSchema.json", f"is not an object; {objects_only}")
    return Function(fitted_name(spec.name), schema, spec.description, spec.strict)


def tool_choice(choice: ToolChoice, any_tool: str = "required") -> str | NamedTool:
    """The function that the model has to call, if any; `any_tool`: the server's word for some function."""
    if choice.tool is not None:
        return NamedTool(NamedFunction(fitted_name(choice.tool.name)))
    if choice.any is not None:
        return any_tool
    return "none" if choice.none is not None else "auto"


def response_format(
    config: OutputConfig, subset: Subset, notes: list[Note]
) -> ResponseFormat | JsonMode | None:
    """The form of the answer; None where the record asks for none. Raises `Refused`."""
    if config.json_object:
        return JsonMode()
    return None if config.text_format is None else _schema_format(config.text_format, subset, notes)


def _schema_format(text_format: TextFormat, subset: Subset, notes: list[Note]) -> ResponseFormat:
    """The schema that the answer has to match. Raises `Refused`.

    Bedrock guarantees it, which at OpenAI is `strict`: set wherever OpenAI's rules allow the schema, else the
    guarantee is lost and noted.
    """
    asked = text_format.structure.json_schema
    schema = subset.fitted(schema_of(asked), notes)
    name = schema_name(asked, _SCHEMA_NAME, notes)
    if fits_strict_mode(asked.schema.encode()):
        return ResponseFormat(Schema(name, schema, asked.description, strict=True))
    notes.append(_NOT_STRICT)
    return ResponseFormat(Schema(name, schema, asked.description))


def schema_name(asked: JsonSchema, renamed: Note, notes: list[Note]) -> str:
    """The schema's name as it is accepted; `renamed` is noted where that is another."""
    if asked.name is None:
        return "answer"
    name = fitted_name(asked.name)
    if name != asked.name:
        notes.append(renamed)
    return name
