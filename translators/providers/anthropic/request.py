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
from translators.providers.anthropic.messages import messages, system
from translators.providers.anthropic.models import Traits, traits
from translators.providers.anthropic.parameters import Body, add_parameters
from translators.providers.anthropic.tools import tool_choice, tools
from translators.providers.rows import Line, once_each


class Asked(Struct, frozen=True):
    """A line of a batch's input: one member of the `requests` of a create call."""

    custom_id: str
    params: Mapping[str, object]


_ENCODER = msgspec.json.Encoder()

_PARALLEL = "additionalModelRequestFields.parallel_tool_calls"
_METADATA = Note("requestMetadata", "dropped", "labels of Bedrock's invocation log")
_PERFORMANCE = Note("performanceConfig", "dropped", "a batch has no latency to choose")
_SERVICE_TIER = Note("serviceTier", "dropped", "a batch has its own")


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that asks Anthropic for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    body: Body = {"model": model}
    group = add_message(body, request, traits(model), notes)
    return written(custom_id, body, notes, group)


def add_message(body: Body, request: Request, taken: Traits, notes: list[Note]) -> str:
    """Add what the record asks of such a model; the betas that it asks for, in one word. Raises `Refused`."""
    extra = request.additional_model_request_fields
    group = _betas(extra, notes) if extra else ""
    _beside_the_model(request, notes)
    if request.system and (said := system(request.system, notes)):
        body["system"] = said
    body["messages"] = messages(request.messages, taken.prefill, notes)
    if request.tool_config is not None or extra:
        _add_tools(body, request.tool_config, extra or {}, notes)
    add_parameters(body, request, taken, betas.allows_more_tokens(group), notes)
    return group


def written(custom_id: str, body: Mapping[str, object], notes: Sequence[Note], group: str) -> Line:
    """The line of these parameters."""
    data = _ENCODER.encode(Asked(custom_id, body))
    return Line(data, once_each(notes), group)


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


def _beside_the_model(request: Request, notes: list[Note]) -> None:
    """The members that are not told to a model."""
    if request.guardrail_config is not None:
        raise Refused("guardrailConfig", "there is no guardrail at this provider")
    if request.prompt_variables:
        raise Refused("promptVariables", "fill a prompt that is stored in Bedrock; it is not known here")
    if request.request_metadata is not None:
        notes.append(_METADATA)
    if request.performance_config is not None:
        notes.append(_PERFORMANCE)
    if request.service_tier is not None:
        notes.append(_SERVICE_TIER)
