"""Tools and structured output (OpenAI: chat/create, `tools`, `tool_choice`, `response_format`)."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import JsonSchema, Note, TextFormat, ToolChoice, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.chat_completions.names import LONGEST_NAME, fitted_name
from translators.providers.converse_requests import SCHEMA, schema_of, tool_specs


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


CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "the provider decides itself what it caches")
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
        found.append(function_of(spec, path, "nothing else is taken"))
        if found[-1].name != spec.name:
            notes.append(_NAME)
    return found


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


def response_format(text_format: TextFormat, notes: list[Note]) -> ResponseFormat:
    """The schema that the answer has to match. Raises `Refused`.

    Bedrock guarantees it, which at OpenAI is `strict`: set wherever OpenAI's rules allow the schema, else the
    guarantee is lost and noted.
    """
    asked = text_format.structure.json_schema
    schema = schema_of(asked)
    name = schema_name(asked, _SCHEMA_NAME, notes)
    if _fits_strict_mode(asked.schema):
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


class _Rules(Struct, frozen=True, rename="camel"):
    """The members of a JSON Schema that strict mode has rules for (OpenAI: guides/structured-outputs)."""

    type: str | list[str] | None = None
    properties: dict[str, "_Rules"] = {}
    required: list[str] = []
    additional_properties: object = None
    items: "_Rules | None" = None
    any_of: list["_Rules"] = []
    defs: dict[str, "_Rules"] = msgspec.field(default_factory=dict[str, "_Rules"], name="$defs")
    all_of: object = None
    not_: object = msgspec.field(default=None, name="not")
    dependent_required: object = None
    dependent_schemas: object = None
    if_: object = msgspec.field(default=None, name="if")

    def fit(self) -> bool:
        never = (self.all_of, self.not_, self.dependent_required, self.dependent_schemas, self.if_)
        if any(rule is not None for rule in never):
            return False
        closed = self.additional_properties is False and set(self.required) == self.properties.keys()
        if (self.properties or "object" in (self.type or ())) and not closed:
            return False
        inner = [*self.properties.values(), *self.any_of, *self.defs.values()]
        return all(rules.fit() for rules in inner) and (self.items is None or self.items.fit())


_RULES = msgspec.json.Decoder(_Rules)


def _fits_strict_mode(schema: str) -> bool:
    try:
        root = _RULES.decode(schema)
    except msgspec.ValidationError:
        return False  # a form of schema that those rules do not speak of, such as `items: true`
    return root.type == "object" and not root.any_of and root.fit()
