"""A record as a line of a dataset: the Converse request as a chat of Cohere's second API.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py
    toolConfig.tools                  tools, with schemas as text                 below
    toolConfig.toolChoice             auto: not sent; none: the tools are left out; others are refused
    outputConfig.textFormat           refused
    the rest                          parameters.py
"""

from msgspec import Struct

from translators.bedrock.converse import Note, Request, ToolConfig, ToolSpec
from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.cohere.messages import PARTS, messages
from translators.providers.cohere.models import MODELS
from translators.providers.cohere.parameters import add_parameters
from translators.providers.converse_requests import JSON_MODE, check_unsent, tool_specs
from translators.providers.request_parameters import fitted_once
from translators.providers.rules.model_rules import ModelRules, Overrides

DATASET = "batch-chat-v2-input"
"""The type of a dataset of such lines (cohere 7.3: types/dataset_type.py)."""


class Function(Struct, frozen=True, omit_defaults=True):
    name: str
    parameters: str
    """JSON Schema, as text: the API takes an object, datasets do not."""
    description: str | None = None


class Tool(Struct, frozen=True, tag_field="type", tag="function"):
    function: Function


_STRICT = Note("toolConfig.tools.toolSpec.strict", "dropped", "Cohere's batches have no strict tools")
_WITHOUT_TOOLS = Note("toolConfig.toolChoice", "mapped", "the tools are left out, so that none is called")


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Cohere for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    rules = MODELS.rules(model, overrides)
    body: dict[str, object] = {"messages": messages(request, rules, notes)}
    members, noted = _parameters(request, rules)
    body |= members
    notes += noted
    check_unsent(request, notes)
    return short_line_of(custom_id, DATASET, body, notes)


@fitted_once
def _parameters(request: Request, rules: ModelRules, notes: list[Note]) -> dict[str, object]:
    """The members beside messages. Raises `Refused`."""
    body: dict[str, object] = {}
    tools = [] if request.tool_config is None else _tools(request.tool_config, notes)
    if tools:
        body["tools"] = tools
    if request.output_config is not None and request.output_config.json_object:
        notes.append(JSON_MODE)
    if request.output_config is not None and request.output_config.text_format is not None:
        raise Refused("outputConfig.textFormat", "Cohere's batches take no schema for the answer")
    add_parameters(body, request, rules, notes)
    return body


def _tools(config: ToolConfig, notes: list[Note]) -> list[Tool]:
    choice = config.tool_choice
    if choice is not None and choice.auto is None and choice.none is None:
        raise Refused("toolConfig.toolChoice", "Cohere's batches cannot be told to call a tool; only auto")
    specs = tool_specs(config, PARTS.cache_point("toolConfig.tools"), notes)
    tools = [Tool(_function(spec, path, notes)) for spec, path in specs]
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
