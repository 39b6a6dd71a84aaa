"""A record as a request of a batch: the Converse request as a message to create.

Where each member of a Converse request goes:

    messages, system                  messages, system                            messages.py, parts.py
    toolConfig                        tools, tool_choice                          tools.py
    outputConfig                      output_config                               parameters.py
    inferenceConfig                   max_tokens, temperature, top_p, stop_sequences
    additionalModelRequestFields      the parameters of those names; what other models take is dropped
      anthropic_beta                  a header of the batch                       betas.py
    additionalModelResponseFieldPaths looked up in the answer                     response.py
    requestMetadata, performanceConfig, serviceTier
                                      dropped with a note: none of them changes what the model is asked
    guardrailConfig, promptVariables  refused: without them the record would mean something else

Anthropic: api/messages/batches/create (the line), api/messages/create (its params).
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note, Request, ToolConfig
from translators.errors import Refused
from translators.providers.anthropic import betas
from translators.providers.anthropic.fitting import Body
from translators.providers.anthropic.messages import messages, system
from translators.providers.anthropic.models import MODELS
from translators.providers.anthropic.parameters import add_parameters
from translators.providers.anthropic.system_turns import misplaced, system_blocks
from translators.providers.anthropic.tools import tool_choice, tools
from translators.providers.batch_file import Line, once_each
from translators.providers.converse_requests import check_unsent
from translators.providers.request_parameters import fitted_once
from translators.providers.rules.checks import check_tools_and_schema
from translators.providers.rules.model_rules import ModelRules, Overrides

MOST_BYTES = 256_000_000
"""Of a create call's body (Anthropic: batch-processing, limits)."""

BEGINNING, END = b'{"requests":[', b"]}"
"""The JSON around the requests in it."""

ENVELOPE = len(BEGINNING) + len(END)
"""In bytes."""


class Asked(Struct, frozen=True, gc=False):
    """A line of a batch's input: one member of the `requests` of a create call."""

    custom_id: str
    params: Mapping[str, object]


_ENCODER = msgspec.json.Encoder()

_PARALLEL = "additionalModelRequestFields.parallel_tool_calls"


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Anthropic for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    body: Body = {"model": model}
    group = add_message(body, request, MODELS.rules(model, overrides), notes)
    return written(custom_id, body, notes, group)


def add_message(body: Body, request: Request, rules: ModelRules, notes: list[Note]) -> str:
    """Add what the record asks of such a model; the betas that it asks for, in one word. Raises `Refused`."""
    extra = request.additional_model_request_fields
    group = _betas(extra, notes) if extra else ""
    check_unsent(request, notes, response_paths=True)
    if request.tool_config is not None or request.output_config is not None:
        check_tools_and_schema(request, rules)
    moved = misplaced([turn.role for turn in request.messages], rules, notes)
    blocks = system_blocks(request, moved) if moved else request.system
    if blocks and (said := system(blocks, notes)):
        body["system"] = said
    body["messages"] = messages(request.messages, moved, rules, notes)
    if extra and not body.keys().isdisjoint(extra):  # what is said twice is refused
        _add_parameters(body, request, rules, notes)
        return group
    members, noted = _parameters(request, rules)
    body |= members
    notes += noted
    return group


@fitted_once
def _parameters(request: Request, rules: ModelRules, notes: list[Note]) -> Body:
    """The members beside model, system prompt and messages. Raises `Refused`."""
    body: Body = {}
    _add_parameters(body, request, rules, notes)
    return body


def _add_parameters(body: Body, request: Request, rules: ModelRules, notes: list[Note]) -> None:
    extra = request.additional_model_request_fields
    if request.tool_config is not None or extra:
        _add_tools(body, request.tool_config, extra or {}, notes)
    add_parameters(body, request, rules, _betas(extra, []) if extra else "", notes)


def written(custom_id: str, body: Mapping[str, object], notes: Sequence[Note], group: str) -> Line:
    """The line of these parameters."""
    data = _ENCODER.encode(Asked(custom_id, body))
    return Line(data, once_each(notes) if notes else (), group)


def _betas(extra: Mapping[str, object], notes: list[Note]) -> str:
    names = extra.get("anthropic_beta")
    if names is None:
        return ""
    return betas.group(names, "additionalModelRequestFields.anthropic_beta", notes)


def _add_tools(body: Body, config: ToolConfig | None, extra: Mapping[str, object], notes: list[Note]) -> None:
    """`tools`, `tool_choice`, and whether several may be called at once, which is a part of the choice."""
    parallel = extra.get("parallel_tool_calls")
    if config is not None:
        body["tools"] = tools(config, notes)
        if config.tool_choice is not None:
            body["tool_choice"] = tool_choice(config.tool_choice)
    if parallel not in (None, True, False):
        raise Refused(_PARALLEL, f"{parallel!r} is neither true nor false")
    if parallel is not False:
        return
    choice = tool_choice(None if config is None else config.tool_choice)
    if config is None or choice["type"] == "none":
        notes.append(Note(_PARALLEL, "dropped", "no tool can be called at all"))
    else:
        body["tool_choice"] = {**choice, "disable_parallel_tool_use": True}
