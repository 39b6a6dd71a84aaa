"""Parameters of the answer: limits, sampling, thinking, effort, structure (Anthropic: api/messages/create).

The rules of the models hold for records of every dialect; `native` applies them to bodies that are
Anthropic's already.
"""

from collections.abc import Mapping
from typing import cast

from translators.bedrock.converse import InferenceConfig, Note, OutputConfig, Request, TextFormat
from translators.errors import Refused
from translators.providers.anthropic.fitting import Body, fit_to_model, think_as_asked
from translators.providers.anthropic.models import EFFORTS
from translators.providers.anthropic.schemas import fitted, is_any_object
from translators.providers.converse_requests import EXTRA, JSON_MODE, SCHEMA, check_one_answer, schema_of
from translators.providers.rules.model_rules import ModelRules

MOST_TOKENS_OF_ANY_MODEL = 4096
"""The `max_tokens` that every model accepts, for models with no known limit."""

_ANY_OBJECT = Note(f"{SCHEMA}.schema", "dropped", "Anthropic has no schema for an object of any members")
_MOVED = "{!r} is not in force at Anthropic; it is told in the description where there is a place"

_DROPPED = {
    "seed": "Anthropic takes no seed",
    "presence_penalty": "Anthropic has no penalties",
    "frequency_penalty": "Anthropic has no penalties",
    "min_p": "Anthropic has no min-p sampling",
    "logit_bias": "Anthropic has no biases",
    "logprobs": "Anthropic tells no probabilities",
    "top_logprobs": "Anthropic tells no probabilities",
}
_HANDLED_APART = frozenset(
    {"n", "user", "reasoning_effort", "parallel_tool_calls", "anthropic_beta", *_DROPPED}
)

_FIELDS: Mapping[str, str] = {
    "max_tokens": "inferenceConfig.maxTokens",
    "temperature": "inferenceConfig.temperature",
    "top_p": "inferenceConfig.topP",
    "top_k": f"{EXTRA}.top_k",
    "thinking": f"{EXTRA}.thinking",
    "effort": "outputConfig.effort",
    "tool_choice": "toolConfig.toolChoice",
}
"""A message's parameters and their counterparts in Converse."""


def add_parameters(body: Body, request: Request, rules: ModelRules, betas: str, notes: list[Note]) -> None:
    """Write the members beside model, messages and tools; nothing that was not asked for, but the limit,
    which Anthropic requires. Raises `Refused`."""
    extra = request.additional_model_request_fields
    if request.inference_config is not None:
        _inference(request.inference_config, body)
    if request.output_config is not None:
        _output_config(request.output_config, body, notes)
    if extra is not None:
        _extras(extra, body, notes)
    if "max_tokens" not in body:
        body["max_tokens"] = rules.most_tokens or MOST_TOKENS_OF_ANY_MODEL
        said = "the most the model takes" if rules.most_tokens else "what every model takes"
        notes.append(Note("inferenceConfig.maxTokens", "mapped", f"sent as {body['max_tokens']}, {said}"))
    asked_in = _asks_to_reason(request)
    if asked_in is not None:
        think_as_asked(body, rules, asked_in, notes)
    fit_to_model(body, rules, betas, _FIELDS, notes)


def _asks_to_reason(request: Request) -> str | None:
    """The field that asks for reasoning in the words of other models, or of Bedrock; Claude's own
    `output_config` is left to Claude."""
    if request.output_config is not None and request.output_config.effort is not None:
        return _FIELDS["effort"]
    extra = request.additional_model_request_fields
    return f"{EXTRA}.reasoning_effort" if extra and extra.get("reasoning_effort") is not None else None


def _inference(config: InferenceConfig, body: Body) -> None:
    if config.max_tokens is not None:
        body["max_tokens"] = config.max_tokens
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if config.top_p is not None:
        body["top_p"] = config.top_p
    if config.stop_sequences:
        body["stop_sequences"] = _stop(config.stop_sequences)


def _stop(sequences: list[str]) -> list[str]:
    for sequence in sequences:
        if not sequence.strip():
            raise Refused(
                "inferenceConfig.stopSequences", f"{sequence!r} is only white space; Anthropic wants more"
            )
    return sequences


def _output_config(config: OutputConfig, body: Body, notes: list[Note]) -> None:
    written: Body = {}
    if config.effort is not None:
        written["effort"] = config.effort
    if config.json_object:
        notes.append(JSON_MODE)
    if config.text_format is not None and (form := _format(config.text_format, notes)) is not None:
        written["format"] = form
    if written:
        body["output_config"] = written


def _format(text_format: TextFormat, notes: list[Note]) -> Body | None:
    """The schema; its description becomes a part of it, a name has no place.

    None for an object of any members: Anthropic has no schema for it, and no JSON mode
    (ax-llm/ax#458: 400 for `{"type": "object"}`).
    """
    asked = text_format.structure.json_schema
    given = schema_of(asked)
    if is_any_object(given):
        notes.append(_ANY_OBJECT)
        return None
    moved: set[str] = set()
    schema = fitted(given, f"{SCHEMA}.schema", moved)
    notes += [Note(f"{SCHEMA}.schema", "mapped", _MOVED.format(word)) for word in sorted(moved)]
    if asked.name is not None:
        notes.append(Note(f"{SCHEMA}.name", "dropped", "Anthropic's schemas have no name"))
    if asked.description is not None:
        description = [asked.description, *([schema["description"]] if "description" in schema else [])]
        schema["description"] = "\n\n".join(map(str, description))
        notes.append(Note(f"{SCHEMA}.description", "mapped", "sent as the description in the schema"))
    return {"type": "json_schema", "schema": schema}


def _extras(extra: Mapping[str, object], body: Body, notes: list[Note]) -> None:
    """Add what Converse has no place for. Claude's own parameters are sent as they are, also unknown ones:
    Anthropic refuses what it does not know, with its own message."""
    for name, value in extra.items():
        if value is None:
            continue
        if name in _DROPPED:
            notes.append(Note(f"{EXTRA}.{name}", "dropped", _DROPPED[name]))
        elif name not in _HANDLED_APART:
            _merge(name, value, body)
    check_one_answer(extra)
    if extra.get("user") is not None:
        _merge("metadata", {"user_id": extra["user"]}, body)
    if extra.get("reasoning_effort") is not None:
        _reasoning_effort(extra["reasoning_effort"], body, notes)


def _merge(name: str, value: object, body: Body) -> None:
    """Add a member; tools and the members of objects are merged. Raises `Refused` for one given twice."""
    said = body.get(name)
    if said is None:
        body[name] = value
    elif name == "tools" and isinstance(value, list):
        # Converse has no place for the tools that Anthropic defines (AWS: computer-use).
        body[name] = [*cast("list[object]", said), *cast("list[object]", value)]
    elif isinstance(said, dict) and isinstance(value, dict) and not said.keys() & value.keys():
        body[name] = {**cast("Body", said), **cast("Body", value)}
    else:
        raise Refused(f"{EXTRA}.{name}", "is said elsewhere in the record already")


def _reasoning_effort(asked: object, body: Body, notes: list[Note]) -> None:
    """An effort in the words of other models: `none` and `minimal` are not Claude's."""
    field = f"{EXTRA}.reasoning_effort"
    if asked == "none":
        _merge("thinking", {"type": "disabled"}, body)
        notes.append(Note(field, "mapped", "sent as thinking that is disabled"))
        return
    if asked not in (*EFFORTS, "minimal"):
        raise Refused(field, f"{asked!r} is not one of none, minimal, {', '.join(EFFORTS)}")
    if asked == "minimal":
        notes.append(Note(field, "mapped", "sent as output_config.effort 'low'"))
    _merge("output_config", {"effort": "low" if asked == "minimal" else asked}, body)
