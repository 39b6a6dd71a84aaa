"""Tools and structured output (Mistral: studio-api/conversations/function-calling, structured-output)."""

from translators.bedrock.converse import Note, OutputConfig, ToolConfig
from translators.providers.chat_completions.names import LONGEST_NAME
from translators.providers.chat_completions.tools import (
    JsonMode,
    ResponseFormat,
    Schema,
    Tool,
    function_of,
    schema_name,
    tool_choice,
)
from translators.providers.converse_requests import SCHEMA, schema_of, tool_specs
from translators.providers.json_schemas import Subset
from translators.providers.mistral.chunks import CHUNKS

_SCHEMAS = Subset("Mistral", closed=True)
_SCHEMA_NAME = Note(
    f"{SCHEMA}.name", "mapped", f"at most {LONGEST_NAME} letters, digits, '_', '-', as for tools"
)


def tool_parameters(config: ToolConfig, notes: list[Note]) -> dict[str, object]:
    """`tools` and `tool_choice`. Raises `Refused`."""
    specs = tool_specs(config, CHUNKS.cache_point("toolConfig.tools"), notes)
    tools = [Tool(function_of(spec, path, "Mistral takes nothing else")) for spec, path in specs]
    parameters: dict[str, object] = {"tools": tools} if tools else {}
    if config.tool_choice is not None:
        parameters["tool_choice"] = tool_choice(config.tool_choice, any_tool="any")
    return parameters


def response_format(config: OutputConfig, notes: list[Note]) -> ResponseFormat | JsonMode | None:
    """The form of the answer; None where the record asks for none. Raises `Refused`.

    Bedrock guarantees a schema, which here is `strict`; objects are closed, as Mistral's SDK closes them
    (mistralai 3.7: extra/utils/_pydantic_helper.py).
    """
    if config.json_object:
        return JsonMode()
    if config.text_format is None:
        return None
    asked = config.text_format.structure.json_schema
    schema = _SCHEMAS.fitted(schema_of(asked), notes)
    name = schema_name(asked, _SCHEMA_NAME, notes)
    return ResponseFormat(Schema(name, schema, asked.description, strict=True))
