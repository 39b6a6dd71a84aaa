"""Parameters of the answer: limits, sampling, reasoning (OpenAI: chat/create, body)."""

from collections.abc import Mapping

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.errors import Refused
from translators.providers.chat_completions.traits import Traits
from translators.providers.converse_requests import (
    EXTRA,
    Effort,
    check_one_answer,
    requested_effort,
    thinking_budget,
)
from translators.providers.rules.checks import (
    fitted_limit,
    fitted_seed,
    fitted_temperature,
    note_small_limit,
)
from translators.providers.rules.model_rules import ModelRules

type Body = dict[str, object]

SAMPLING = ("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs")
"""Accepted only by models that do not reason, like temperature and top_p."""
TUNING = (*SAMPLING, "top_k", "min_p", "typical_p", "repetition_penalty")
"""Only tune sampling, at one server or another: dropped where they are not accepted."""
LABELS = ("user", "safety_identifier", "prompt_cache_key")
"""Not passed to the model: dropped where they are not accepted."""
_BETA = Note(f"{EXTRA}.anthropic_beta", "dropped", "names features of Anthropic's own API")
_HANDLED_APART = frozenset({"n", "thinking", "reasoning_effort", "parallel_tool_calls", "anthropic_beta"})


_LIMIT = "inferenceConfig.maxTokens"
_ONE = Note("inferenceConfig.topP", "dropped", "the model takes it or temperature, not both")
_NOT_BESIDE_TOOLS = (
    "beside tools only /v1/responses takes an effort of this model (`endpoint` of the section)"
)

_BUDGETS: tuple[tuple[int, Effort], ...] = ((4096, "low"), (16384, "medium"))
"""Most tokens of thinking → effort; high above the last. OpenAI names no numbers: the steps are ours."""


def add_parameters(body: Body, request: Request, traits: Traits, notes: list[Note]) -> None:
    """Write the members beside model, messages and tools; nothing that was not asked for.

    Raises `Refused`.
    """
    rules = traits.rules
    extra = request.additional_model_request_fields
    field, effort = "", None
    if extra is not None or request.output_config is not None:
        field, effort = _effort(request, extra or {}, rules, notes)
    if request.tool_config is not None and not rules.tools_with_effort:
        effort = beside_tools(effort, field, rules, notes)
    if effort is not None:
        body["reasoning_effort"] = effort
    sampled = rules.samples_at(effort)
    if request.inference_config is not None:
        _inference(request.inference_config, traits, body, sampled, notes)
        if rules.thinks_by_default and effort != "none" and request.inference_config.max_tokens is not None:
            note_small_limit(request.inference_config.max_tokens, _LIMIT, notes)
    if extra is not None:
        _check_extra(extra, traits, notes)
        _extras(extra, traits, body, sampled, notes)
        _parallel_tool_calls(extra, request, rules, body, notes)


def _inference(config: InferenceConfig, traits: Traits, body: Body, sampled: bool, notes: list[Note]) -> None:
    rules = traits.rules
    if config.max_tokens is not None:
        body[traits.limit] = fitted_limit(config.max_tokens, rules, _LIMIT, notes)
    if config.temperature is not None:
        field = "inferenceConfig.temperature"
        temperature = fitted_temperature(config.temperature, rules, field, notes)
        _sample("temperature", temperature, field, body, sampled, notes)
    if config.top_p is not None:
        if rules.sampling == "one" and config.temperature is not None:
            notes.append(_ONE)
        else:
            _sample("top_p", config.top_p, "inferenceConfig.topP", body, sampled, notes)
    if config.stop_sequences:
        body["stop"] = _stop(config.stop_sequences, traits)


def _sample(name: str, value: object, field: str, body: Body, sampled: bool, notes: list[Note]) -> None:
    if sampled:
        body[name] = value
    else:
        notes.append(Note(field, "dropped", "the model reasons and takes no sampling parameters"))


def _stop(sequences: list[str], traits: Traits) -> list[str]:
    """Without its stop sequences an answer would say more than was asked for, so they are never dropped."""
    if not traits.rules.stop:
        raise Refused("inferenceConfig.stopSequences", "the model takes no stop sequences")
    most = traits.most_stop_sequences
    if most is not None and len(sequences) > most:
        raise Refused("inferenceConfig.stopSequences", f"{len(sequences)} given, the provider takes {most}")
    return sequences


def _check_extra(extra: Mapping[str, object], traits: Traits, notes: list[Note]) -> None:
    for name, value in extra.items():
        if name in traits.additional or name in _HANDLED_APART or value is None:
            continue
        if name not in TUNING and name not in LABELS:
            known = ", ".join(sorted({*traits.additional, *TUNING, *LABELS, *_HANDLED_APART}))
            raise Refused(f"{EXTRA}.{name}", f"is not known; known: {known}")
        notes.append(Note(f"{EXTRA}.{name}", "dropped", "the provider does not take it"))
    if extra.get("anthropic_beta") is not None:
        notes.append(_BETA)
    check_one_answer(extra)


def _extras(
    extra: Mapping[str, object], traits: Traits, body: Body, sampled: bool, notes: list[Note]
) -> None:
    for name, value in extra.items():
        if name not in traits.additional or value is None:
            continue
        if name == "seed" and isinstance(value, int):
            body[name] = fitted_seed(value, traits.rules, f"{EXTRA}.seed", notes)
        elif name in TUNING:
            _sample(name, value, f"{EXTRA}.{name}", body, sampled, notes)
        else:
            body[name] = value


def _parallel_tool_calls(
    extra: Mapping[str, object],
    request: Request,
    rules: ModelRules,
    body: Body,
    notes: list[Note],
) -> None:
    asked = extra.get("parallel_tool_calls")
    if asked is None:
        return
    if request.tool_config is not None and rules.parallel_tool_calls:
        body["parallel_tool_calls"] = asked
    else:
        why = "the model does not take it" if request.tool_config is not None else "the record has no tools"
        notes.append(Note(f"{EXTRA}.parallel_tool_calls", "dropped", why))


def _effort(
    request: Request, extra: Mapping[str, object], rules: ModelRules, notes: list[Note]
) -> tuple[str, Effort | None]:
    """The field that asks for an effort, and the model's closest; none at all for a model that does not
    reason."""
    requested = _requested(request, extra, notes)
    if requested is None:
        return "", None
    field, effort = requested
    if rules.efforts == ():
        if effort != "none":
            notes.append(Note(field, "dropped", "the model has no efforts of reasoning to choose from"))
        return field, None
    sent = rules.closest_effort(effort)
    if sent is None:
        notes.append(Note(field, "dropped", "the model reasons as much as it sees fit"))
    elif sent != effort or field != f"{EXTRA}.reasoning_effort":
        notes.append(Note(field, "mapped", f"sent as reasoning_effort {sent!r}"))
    return field, sent


def _requested(request: Request, extra: Mapping[str, object], notes: list[Note]) -> tuple[str, Effort] | None:
    budget = thinking_budget(extra, "reasoning models adapt anyway", notes)
    thinking = _effort_of(budget) if isinstance(budget, int) else budget
    return requested_effort(request, extra, thinking, notes)


def asked_effort(request: Request) -> Effort | None:
    """The effort that the record asks for. Raises `Refused`."""
    requested = _requested(request, request.additional_model_request_fields or {}, [])
    return None if requested is None else requested[1]


def beside_tools(effort: Effort | None, field: str, rules: ModelRules, notes: list[Note]) -> Effort | None:
    """The effort beside tools, at an endpoint that takes no other than none there. Raises `Refused`."""
    if (effort or rules.default_effort) == "none":
        return effort
    if rules.efforts is None or "none" not in rules.efforts:
        raise Refused(field or "toolConfig.tools", f"{_NOT_BESIDE_TOOLS}, and this model has none")
    notes.append(Note(field or "toolConfig.tools", "mapped", f"sent with effort 'none': {_NOT_BESIDE_TOOLS}"))
    return "none"


def _effort_of(budget: int) -> Effort:
    for most, effort in _BUDGETS:
        if budget <= most:
            return effort
    return "high"
