"""A record as a line of a dataset: the Converse request as a chat of Cohere's second API.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py
    toolConfig.tools                  tools, whose schemas are text here          below
    toolConfig.toolChoice             auto: not said; none: the tools are left out; others are refused
    outputConfig.textFormat           refused
    the rest                          parameters.py
"""

from msgspec import Struct

from translators.bedrock.converse import Note, Request, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.cohere.lines import line_of
from translators.providers.cohere.messages import messages
from translators.providers.cohere.models import reasons
from translators.providers.cohere.parameters import add_parameters
from translators.providers.openai.request import check_beside_the_model
from translators.providers.rows import Line


class Function(Struct, frozen=True, omit_defaults=True):
    name: str
    parameters: str
    """JSON Schema, as text: the API takes an object, datasets do not."""
    description: str | None = None


class Tool(Struct, frozen=True, tag_field="type", tag="function"):
    function: Function


_CACHE_POINT = Note("toolConfig.tools.cachePoint", "dropped", "Cohere decides itself what it caches")
_STRICT = Note("toolConfig.tools.toolSpec.strict", "dropped", "Cohere's batches have no strict tools")
_WITHOUT_TOOLS = Note("toolConfig.toolChoice", "mapped", "the tools are left out, so that none is called")


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that asks Cohere for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    thinks = reasons(model)
    body: dict[str, object] = {"messages": messages(request, notes, thinks=thinks)}
    tools = [] if request.tool_config is None else _tools(request.tool_config, notes)
    if tools:
        body["tools"] = tools
    if request.output_config is not None and request.output_config.text_format is not None:
        raise Refused("outputConfig.textFormat", "Cohere's batches take no schema for the answer")
    add_parameters(body, request, notes, thinks=thinks)
    check_beside_the_model(request, notes)
    return line_of(custom_id, "batch-chat-v2-input", body, notes)


def _tools(config: ToolConfig, notes: list[Note]) -> list[Tool]:
    choice = config.tool_choice
    if choice is not None and choice.auto is None and choice.none is None:
        raise Refused("toolConfig.toolChoice", "Cohere's batches cannot be told to call a tool; only auto")
    tools: list[Tool] = []
    for index, tool in enumerate(config.tools):
        if tool.tool_spec is not None:
            tools.append(Tool(_function(tool.tool_spec, f"toolConfig.tools[{index}].toolSpec", notes)))
        elif tool.cache_point is not None:
            notes.append(_CACHE_POINT)
        else:
            raise Refused(f"toolConfig.tools[{index}].systemTool", "only Bedrock runs tools of its own")
    if choice is not None and choice.none is not None:
        notes.append(_WITHOUT_TOOLS)
        return []
    return tools


def _function(spec: ToolSpec, path: str, notes: list[Note]) -> Function:
    schema = bytes(spec.input_schema.json)
    if not schema.startswith(b"{"):
        raise Refused(f"{path}.inputSchema.json", "is not an object; Cohere takes nothing else")
    if spec.strict:
        notes.append(_STRICT)
    return Function(spec.name, schema.decode(), spec.description)
