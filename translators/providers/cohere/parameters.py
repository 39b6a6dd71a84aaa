"""How the answer is made: limits, sampling, reasoning (cohere 7.3: v2/client.py, chat).

Of the API's members a dataset takes `temperature`, `p`, `k`, `seed`, `max_tokens`, the penalties and
`logprobs`; thinking is told in two members of its own (crmne/ruby_llm: protocols/cohere/batch_requests.rb).
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.errors import Refused

type Body = dict[str, object]

_EXTRA = "additionalModelRequestFields"
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_UNDER_THE_NAME: Mapping[str, str] = {
    "top_k": "k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
}
_DROPPED = {
    "min_p": "Cohere has no min-p sampling",
    "logit_bias": "Cohere has no bias on tokens",
    "top_logprobs": "Cohere tells the probabilities of the tokens it chose, no others",
    "parallel_tool_calls": "Cohere calls as many tools at once as it wants",
    "user": "Cohere does not ask who the end user is",
    "anthropic_beta": "names features of Anthropic's own API",
}
_HANDLED_APART = ("n", "thinking", "reasoning_effort")
_KNOWN = frozenset({*_UNDER_THE_NAME, *_DROPPED, *_HANDLED_APART})


class _Thinking(Struct, frozen=True):
    """Claude's `thinking`; how it is displayed has no meaning here."""

    type: str
    budget_tokens: int | None = None


def add_parameters(body: Body, request: Request, notes: list[Note], *, thinks: bool) -> None:
    """Write the members beside messages and tools; nothing that was not asked for. Raises `Refused`."""
    extra = request.additional_model_request_fields or {}
    if request.inference_config is not None:
        _inference(request.inference_config, body)
    for name, value in extra.items():
        if name not in _KNOWN:
            raise Refused(f"{_EXTRA}.{name}", f"is not known; known: {', '.join(sorted(_KNOWN))}")
        if name in _DROPPED and value is not None:
            notes.append(Note(f"{_EXTRA}.{name}", "dropped", _DROPPED[name]))
        if name in _UNDER_THE_NAME and value is not None:
            body[_UNDER_THE_NAME[name]] = value
    if extra.get("n") not in (None, 1):
        raise Refused(f"{_EXTRA}.n", f"{extra['n']!r} answers asked for, a record has one")
    _reasoning(body, request, extra, notes, thinks=thinks)


def _inference(config: InferenceConfig, body: Body) -> None:
    if config.max_tokens is not None:
        body["max_tokens"] = config.max_tokens
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if config.top_p is not None:
        body["p"] = config.top_p
    if config.stop_sequences:
        raise Refused("inferenceConfig.stopSequences", "Cohere's batches take no stop sequences")


def _reasoning(
    body: Body, request: Request, extra: Mapping[str, object], notes: list[Note], *, thinks: bool
) -> None:
    """Whether to think, and for how many tokens. Where it is said in several ways, the first of these
    counts: Claude's thinking, OpenAI's word, Bedrock's word."""
    effort = None if request.output_config is None else request.output_config.effort
    said = {
        f"{_EXTRA}.thinking": _thinking(extra, notes),
        f"{_EXTRA}.reasoning_effort": _effort(extra.get("reasoning_effort"), f"{_EXTRA}.reasoning_effort"),
        "outputConfig.effort": _effort(effort, "outputConfig.effort"),
    }
    asked = {field: words for field, words in said.items() if words is not None}
    for number, (field, words) in enumerate(asked.items()):
        if number:
            notes.append(Note(field, "dropped", f"{next(iter(asked))} counts"))
        elif thinks:
            body |= words
            notes.append(Note(field, "mapped", f"sent as {', '.join(words)}"))
        elif words["reasoning"]:
            notes.append(Note(field, "dropped", "the model does not reason"))


def _effort(asked: object, field: str) -> Body | None:
    if asked is None:
        return None
    if asked not in _EFFORTS:
        raise Refused(field, f"{asked!r} is not one of {', '.join(_EFFORTS)}")
    return {"reasoning": asked != "none"}


def _thinking(extra: Mapping[str, object], notes: list[Note]) -> Body | None:
    if extra.get("thinking") is None:
        return None
    try:
        asked = msgspec.convert(extra["thinking"], _Thinking)
    except msgspec.ValidationError as error:
        raise Refused(f"{_EXTRA}.thinking", str(error)) from error
    if asked.type == "disabled":
        return {"reasoning": False}
    if asked.type == "adaptive":
        notes.append(Note(f"{_EXTRA}.thinking", "mapped", "nothing is sent: the model decides by itself"))
        return None
    if asked.type != "enabled" or asked.budget_tokens is None:
        raise Refused(f"{_EXTRA}.thinking", f"{asked.type!r} is not 'enabled' with budget_tokens")
    return {"reasoning": True, "thinking_budget": asked.budget_tokens}
