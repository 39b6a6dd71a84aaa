"""Parameters of the answer: limits, sampling, thinking, effort, structure (Anthropic: api/messages/create).

The rules of the models hold for records of every dialect; `native` applies them to bodies that are
Anthropic's already.
"""

from collections.abc import Mapping
from typing import cast, get_args

from translators.bedrock.converse import InferenceConfig, Note, OutputConfig, Request, TextFormat
from translators.errors import Refused
from translators.providers.anthropic.models import EFFORTS, Effort, Thinking, Traits
from translators.providers.anthropic.schemas import fitted, is_any_object
from translators.providers.converse_requests import EXTRA, JSON_MODE, SCHEMA, check_one_answer, schema_of

MOST_TOKENS_OF_ANY_MODEL = 4096
"""The `max_tokens` that every model accepts, for models with no known limit."""

type Body = dict[str, object]

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

_KINDS: tuple[Thinking, ...] = get_args(Thinking.__value__)


def add_parameters(body: Body, request: Request, traits: Traits, more: bool, notes: list[Note]) -> None:
    """Write the members beside model, messages and tools; nothing that was not asked for, but the limit,
    which Anthropic requires. `more` lifts the model's own limit. Raises `Refused`."""
    extra = request.additional_model_request_fields
    if request.inference_config is not None:
        _inference(request.inference_config, body)
    if request.output_config is not None:
        _output_config(request.output_config, body, notes)
    if extra is not None:
        _extras(extra, body, notes)
    fit_to_model(body, traits, more, _FIELDS, notes)
    if "max_tokens" not in body:
        body["max_tokens"] = traits.most_tokens or MOST_TOKENS_OF_ANY_MODEL
        said = "the most the model takes" if traits.most_tokens else "what every model takes"
        notes.append(Note("inferenceConfig.maxTokens", "mapped", f"sent as {body['max_tokens']}, {said}"))


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


_FIELDS: Mapping[str, str] = {
    "max_tokens": "inferenceConfig.maxTokens",
    "temperature": "inferenceConfig.temperature",
    "top_p": "inferenceConfig.topP",
    "top_k": f"{EXTRA}.top_k",
    "thinking": f"{EXTRA}.thinking",
    "effort": "outputConfig.effort",
}
"""A message's parameter → its path in a Converse request."""


def fit_to_model(
    body: Body, traits: Traits, more: bool, fields: Mapping[str, str], notes: list[Note]
) -> None:
    """Change what the model is known to refuse, and nothing else.

    `fields` are the names that the record has for the parameters; `more` lifts the limit of tokens.
    """
    limit, asked = traits.most_tokens, body.get("max_tokens")
    if limit is not None and not more and isinstance(asked, int) and asked > limit:
        body["max_tokens"] = limit
        notes.append(Note(fields["max_tokens"], "mapped", f"sent as {limit}, the most the model takes"))
    if not traits.sampling:
        for name in ("temperature", "top_p", "top_k"):
            if body.pop(name, None) is not None:
                notes.append(Note(fields[name], "dropped", "the model takes no sampling parameters"))
    if "output_config" in body:
        _fit_effort(body, traits, fields["effort"], notes)
    if "thinking" in body:
        _fit_thinking(body, traits, fields["thinking"], notes)


def _fit_effort(body: Body, traits: Traits, field: str, notes: list[Note]) -> None:
    """The most effort below that the model takes; none at all for a model that takes none."""
    config = body["output_config"]
    effort: Effort | None = _effort(config)
    if effort is None or effort in traits.efforts:
        return
    rest = {name: value for name, value in cast("Body", config).items() if name != "effort"}
    if traits.efforts:
        lower = [word for word in traits.efforts if EFFORTS.index(word) < EFFORTS.index(effort)]
        sent = lower[-1]  # every model that takes an effort takes the least
        body["output_config"] = rest | {"effort": sent}
        notes.append(Note(field, "mapped", f"sent as {sent!r}, the most below it that the model takes"))
        return
    if rest:
        body["output_config"] = rest
    else:
        del body["output_config"]
    notes.append(Note(field, "dropped", "the model takes no effort"))


def _effort(config: object) -> Effort | None:
    asked = cast("Body", config).get("effort") if isinstance(config, dict) else None
    return next((word for word in EFFORTS if word == asked), None)


def _fit_thinking(body: Body, traits: Traits, field: str, notes: list[Note]) -> None:
    """The kind of thinking that the model has instead (Anthropic: thinking-troubleshooting)."""
    config = body["thinking"]
    asked = cast("Body", config).get("type") if isinstance(config, dict) else None
    kind: Thinking | None = next((word for word in _KINDS if word == asked), None)
    if kind is None:
        return
    if kind in traits.thinking and not (kind == "disabled" and _must_think(body, traits)):
        return
    if kind == "enabled":
        kept = {name: value for name, value in cast("Body", config).items() if name == "display"}
        body["thinking"] = {"type": "adaptive", **kept}
        notes.append(Note(field, "mapped", "sent as adaptive: the model takes no budget"))
    elif kind == "disabled" and "between_tools" in traits.thinking:
        body["thinking"] = {"type": "between_tools"}
        notes.append(Note(field, "mapped", "sent as between_tools, the least that the model takes"))
    else:
        del body["thinking"]
        notes.append(Note(field, "dropped", f"the model takes no thinking that is {kind}"))


def _must_think(body: Body, traits: Traits) -> bool:
    if traits.always_thinks_from is None:
        return False
    effort = _effort(body.get("output_config"))
    return effort is not None and EFFORTS.index(effort) >= EFFORTS.index(traits.always_thinks_from)
