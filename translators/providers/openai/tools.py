"""Tools and structured output (OpenAI: chat/create, `tools`, `tool_choice`, `response_format`)."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note, TextFormat, ToolChoice, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.openai.names import LONGEST_NAME, fitting


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


_SCHEMA_OBJECT = msgspec.json.Decoder(dict[str, object])
_CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "the provider decides itself what it caches")
_NAME = Note(
    "toolConfig.tools.toolSpec.name", "mapped", f"{LONGEST_NAME} letters, digits, '_', '-' are taken"
)
_SCHEMA = "outputConfig.textFormat.structure.jsonSchema"
_NOT_STRICT = Note(
    f"{_SCHEMA}.schema", "mapped", "not strict: the rules of strict mode do not allow this schema"
)
_SCHEMA_NAME = Note(f"{_SCHEMA}.name", "mapped", f"{LONGEST_NAME} letters, digits, '_', '-' are taken")


def tool_parameters(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `tool_choice`. Raises `Refused`."""
    written: dict[str, object] = {"tools": [Tool(function) for function in functions(config, notes)]}
    if config.tool_choice is not None:
        written["tool_choice"] = choice_of(config.tool_choice)
    return written


def functions(config: ToolConfig, notes: list[Note]) -> list[Function]:
    """What the model may call. Raises `Refused`."""
    found: list[Function] = []
    for index, tool in enumerate(config.tools):
        if tool.tool_spec is not None:
            found.append(_function(tool.tool_spec, f"toolConfig.tools[{index}].toolSpec", notes))
        elif tool.cache_point is not None:
            notes.append(_CACHE_POINT)
        else:
            raise Refused(f"toolConfig.tools[{index}].systemTool", "only Bedrock runs tools of its own")
    return found


def _function(spec: ToolSpec, path: str, notes: list[Note]) -> Function:
    schema = spec.input_schema.json
    if not bytes(schema).startswith(b"{"):
        raise Refused(f"{path}.inputSchema.json", "is not an object; nothing else is taken")
    name = fitting(spec.name, LONGEST_NAME)
    if name != spec.name:
        notes.append(_NAME)
    return Function(name, schema, spec.description, spec.strict)


def choice_of(choice: ToolChoice) -> str | NamedTool:
    """What the model must call, if anything."""
    if choice.tool is not None:
        return NamedTool(NamedFunction(fitting(choice.tool.name, LONGEST_NAME)))
    if choice.any is not None:
        return "required"
    if choice.none is not None:
        return "none"
    return "auto"


def response_format(text_format: TextFormat, notes: list[Note]) -> ResponseFormat:
    """The schema that the answer keeps to. Raises `Refused`.

    Bedrock promises that it does, which at OpenAI is `strict`; `strict` is asked for wherever OpenAI's
    rules allow the schema, else the promise is lost and noted.
    """
    asked = text_format.structure.json_schema
    try:
        schema = _SCHEMA_OBJECT.decode(asked.schema)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{_SCHEMA}.schema", f"cannot be read as a JSON object: {error}") from error
    name = "answer" if asked.name is None else fitting(asked.name, LONGEST_NAME)
    if asked.name is not None and name != asked.name:
        notes.append(_SCHEMA_NAME)
    if _fits_strict_mode(asked.schema):
        return ResponseFormat(Schema(name, schema, asked.description, strict=True))
    notes.append(_NOT_STRICT)
    return ResponseFormat(Schema(name, schema, asked.description))


class _Rules(Struct, frozen=True, rename="camel"):
    """What decides whether OpenAI's strict mode takes a JSON Schema (OpenAI: guides/structured-outputs)."""

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
