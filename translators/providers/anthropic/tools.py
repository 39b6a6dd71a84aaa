"""Tools and how they are chosen (Anthropic: agents-and-tools/tool-use/define-tools)."""

from functools import lru_cache
from typing import Any

import msgspec

from translators.bedrock.converse import Note, ToolChoice, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.anthropic import wire
from translators.providers.anthropic.messages import LONGEST_NAME, fitted_name, is_object
from translators.providers.anthropic.schemas import fitted

_NAME = Note(
    "toolConfig.tools.toolSpec.name",
    "mapped",
    f"Anthropic takes {LONGEST_NAME} letters, digits, '_', '-'",
)
_NOT_STRICT = Note(
    "toolConfig.tools.toolSpec.strict", "dropped", "Anthropic's strict tools do not allow this schema"
)
_NO_PLACE = Note("toolConfig.tools.cachePoint", "dropped", "no tool stands before it")


def tools(config: ToolConfig, notes: list[Note]) -> list[wire.Tool]:
    """The tools. Raises `Refused`."""
    written: list[wire.Tool] = []
    for index, tool in enumerate(config.tools):
        if tool.tool_spec is not None:
            written.append(_tool(tool.tool_spec, f"toolConfig.tools[{index}].toolSpec", notes))
        elif tool.cache_point is None:
            raise Refused(f"toolConfig.tools[{index}].systemTool", "only Bedrock runs tools of its own")
        elif written:
            written[-1].cache_control = wire.CacheControl(tool.cache_point.ttl)
        else:
            notes.append(_NO_PLACE)
    return written


def _tool(spec: ToolSpec, path: str, notes: list[Note]) -> wire.Tool:
    if not is_object(spec.input_schema.json):
        raise Refused(f"{path}.inputSchema.json", "is not an object; Anthropic takes nothing else")
    name = fitted_name(spec.name)
    if name != spec.name:
        notes.append(_NAME)
    strict = spec.strict
    if strict and not _fits_strict(bytes(spec.input_schema.json)):
        notes.append(_NOT_STRICT)
        strict = None
    return wire.Tool(name, spec.input_schema.json, spec.description, strict)


@lru_cache(maxsize=64)  # all records of a job tend to have the same tools
def _fits_strict(schema: bytes) -> bool:
    """Whether a strict tool may have the schema: it is of the subset that answers' schemas are of."""
    try:
        given = msgspec.json.decode(schema, type=dict[str, Any])
        return fitted(given, "", set()) == given
    except (Refused, ValueError, RecursionError):
        return False


def tool_choice(choice: ToolChoice | None) -> dict[str, object]:
    """`tool_choice`; `auto`, Anthropic's default, when none is given."""
    if choice is None or choice.auto is not None:
        return {"type": "auto"}
    if choice.tool is not None:
        return {"type": "tool", "name": fitted_name(choice.tool.name)}
    return {"type": "any" if choice.any is not None else "none"}
