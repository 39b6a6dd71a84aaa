"""How the answer is made: limits, sampling, reasoning (OpenAI: chat/create, body)."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.errors import Refused
from translators.providers.openai.models import EFFORTS, Effort, Traits

type Body = dict[str, object]

_EXTRA = "additionalModelRequestFields"

SAMPLING = ("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs")
"""Beside temperature and top_p, what only models take that do not reason."""
TUNING = (*SAMPLING, "top_k", "min_p", "typical_p", "repetition_penalty")
"""What only tunes sampling, here or there: left out where it is not taken."""
LABELS = ("user", "safety_identifier", "prompt_cache_key")
"""What the model is not told: left out where it is not taken."""
_BETA = Note(f"{_EXTRA}.anthropic_beta", "dropped", "names features of Anthropic's own API")
_HANDLED_APART = frozenset({"n", "thinking", "reasoning_effort", "parallel_tool_calls", "anthropic_beta"})


class _Thinking(Struct, frozen=True):
    """Claude's `thinking`; how reasoning is displayed has no meaning here, since it is not shown at all."""

    type: str
    budget_tokens: int | None = None


_BUDGETS: tuple[tuple[int, Effort], ...] = ((4096, "low"), (16384, "medium"))
"""Up to so many tokens of thinking, this effort; above, high. OpenAI names no numbers: the steps are ours."""


def add_parameters(body: Body, request: Request, traits: Traits, notes: list[Note]) -> None:
    """Write the members beside model, messages and tools; nothing that was not asked for.

    Raises `Refused`.
    """
    extra = request.additional_model_request_fields
    if extra is None and request.output_config is None:
        effort = None
    else:
        effort = _effort(request, extra or {}, traits, notes)
    if effort is not None:
        body["reasoning_effort"] = effort
    sampled = traits.sampling == "always" or (traits.sampling == "without reasoning" and effort == "none")
    if request.inference_config is not None:
        _inference(request.inference_config, traits, body, sampled, notes)
    if extra is not None:
        _check_extra(extra, traits, notes)
        _extras(extra, traits, body, sampled, notes)
        _parallel_tool_calls(extra, request, traits, body, notes)


def _inference(config: InferenceConfig, traits: Traits, body: Body, sampled: bool, notes: list[Note]) -> None:
    if config.max_tokens is not None:
        body[traits.limit] = config.max_tokens
    if config.temperature is not None:
        _sample("temperature", config.temperature, "inferenceConfig.temperature", body, sampled, notes)
    if config.top_p is not None:
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
    if not traits.stop:
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
            raise Refused(f"{_EXTRA}.{name}", f"is not known; known: {known}")
        notes.append(Note(f"{_EXTRA}.{name}", "dropped", "the provider does not take it"))
    if extra.get("anthropic_beta") is not None:
        notes.append(_BETA)
    if extra.get("n") not in (None, 1):
        raise Refused(f"{_EXTRA}.n", f"{extra['n']!r} answers asked for, a record has one")


def _extras(
    extra: Mapping[str, object], traits: Traits, body: Body, sampled: bool, notes: list[Note]
) -> None:
    for name, value in extra.items():
        if name not in traits.additional or value is None:
            continue
        if name in TUNING:
            _sample(name, value, f"{_EXTRA}.{name}", body, sampled, notes)
        else:
            body[name] = value


def _parallel_tool_calls(
    extra: Mapping[str, object],
    request: Request,
    traits: Traits,
    body: Body,
    notes: list[Note],
) -> None:
    asked = extra.get("parallel_tool_calls")
    if asked is None:
        return
    if request.tool_config is not None and traits.parallel_tool_calls:
        body["parallel_tool_calls"] = asked
    else:
        why = "the model does not take it" if request.tool_config is not None else "the record has no tools"
        notes.append(Note(f"{_EXTRA}.parallel_tool_calls", "dropped", why))


def _effort(
    request: Request, extra: Mapping[str, object], traits: Traits, notes: list[Note]
) -> Effort | None:
    """How much the model should reason. Where it is said in several ways, the first of these counts:
    Claude's thinking disabled, OpenAI's word, Bedrock's word, Claude's budget."""
    thinking = _thinking_effort(extra, notes)
    said: list[tuple[str, object]] = []
    if extra.get("reasoning_effort") is not None:
        said.append((f"{_EXTRA}.reasoning_effort", extra["reasoning_effort"]))
    if request.output_config is not None and request.output_config.effort is not None:
        said.append(("outputConfig.effort", request.output_config.effort))
    if thinking is not None:
        said.insert(0 if thinking == "none" else len(said), (f"{_EXTRA}.thinking", thinking))
    if not said:
        return None
    notes += [Note(field, "dropped", f"{said[0][0]} counts") for field, _ in said[1:]]
    field, asked = said[0]
    effort: Effort | None = next((word for word in EFFORTS if word == asked), None)
    if effort is None:
        raise Refused(field, f"{asked!r} is not one of {', '.join(EFFORTS)}")
    return _accepted(effort, field, traits, notes)


def _accepted(effort: Effort, field: str, traits: Traits, notes: list[Note]) -> Effort | None:
    """The model's closest effort; none at all for a model that does not reason."""
    if traits.efforts == ():
        if effort != "none":
            notes.append(Note(field, "dropped", "the model has no efforts of reasoning to choose from"))
        return None
    sent = effort if traits.efforts is None else nearest(effort, traits.efforts)
    if sent is None:
        notes.append(Note(field, "dropped", "the model reasons as much as it sees fit"))
        return None
    if sent != effort or field != f"{_EXTRA}.reasoning_effort":
        notes.append(Note(field, "mapped", f"sent as reasoning_effort {sent!r}"))
    return sent


def _thinking_effort(extra: Mapping[str, object], notes: list[Note]) -> Effort | None:
    if extra.get("thinking") is None:
        return None
    try:
        asked = msgspec.convert(extra["thinking"], _Thinking)
    except msgspec.ValidationError as error:
        raise Refused(f"{_EXTRA}.thinking", str(error)) from error
    if asked.type == "disabled":
        return "none"
    if asked.type == "adaptive":
        notes.append(Note(f"{_EXTRA}.thinking", "mapped", "nothing is sent: reasoning models adapt anyway"))
        return None
    if asked.type != "enabled" or asked.budget_tokens is None:
        raise Refused(f"{_EXTRA}.thinking", f"{asked.type!r} is not 'enabled' with budget_tokens")
    for most, effort in _BUDGETS:
        if asked.budget_tokens <= most:
            return effort
    return "high"


def nearest(effort: Effort, accepted: tuple[Effort, ...]) -> Effort | None:
    """The accepted effort closest to the one asked for, the higher of two; none only for none.

    None where reasoning can be switched off but not be measured.
    """
    rank = EFFORTS.index(effort)
    candidates: list[Effort] = [word for word in accepted if word != "none" or effort == "none"]
    return min(
        candidates, key=lambda word: (abs(EFFORTS.index(word) - rank), -EFFORTS.index(word)), default=None
    )
