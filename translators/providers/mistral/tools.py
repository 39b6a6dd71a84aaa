"""Tools and structured output (Mistral: studio-api/conversations/function-calling, structured-output)."""

from translators.bedrock.converse import Note, TextFormat, ToolConfig
from translators.providers.chat_completions.names import LONGEST_NAME
from translators.providers.chat_completions.tools import (
    ResponseFormat,
    Schema,
    Tool,
    function_of,
    schema_name,
    tool_choice,
)
from translators.providers.converse_requests import SCHEMA, schema_of, tool_specs
from translators.providers.mistral.chunks import CHUNKS

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


def response_format(text_format: TextFormat, notes: list[Note]) -> ResponseFormat:
    """The schema that the answer has to match. Bedrock guarantees it, which here is `strict`.

    Raises `Refused`.
    """
    asked = text_format.structure.json_schema
    schema = schema_of(asked)
    name = schema_name(asked, _SCHEMA_NAME, notes)
    return ResponseFormat(Schema(name, schema, asked.description, strict=True))
