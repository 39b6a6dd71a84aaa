"""Parameters of the answer: limits, sampling, reasoning (cohere 7.3: v2/client.py, chat).

Of the API's members a dataset takes `temperature`, `p`, `k`, `seed`, `max_tokens`, the penalties and
`logprobs`; thinking has two members of its own (crmne/ruby_llm: protocols/cohere/batch_requests.rb).
"""

from collections.abc import Mapping

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.errors import Refused
from translators.providers.converse_requests import EXTRA, check_known, known_effort, thinking_budget
from translators.providers.rules.checks import fitted_limit, fitted_seed, fitted_temperature, note_small_limit
from translators.providers.rules.model_rules import ModelRules

type Body = dict[str, object]

_RENAMED: Mapping[str, str] = {
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
_LIMIT = "inferenceConfig.maxTokens"
_HANDLED_APART = ("n", "thinking", "reasoning_effort")
_KNOWN = frozenset({*_RENAMED, *_DROPPED, *_HANDLED_APART})


def add_parameters(body: Body, request: Request, rules: ModelRules, notes: list[Note]) -> None:
    """Write the members beside messages and tools; nothing that was not asked for. Raises `Refused`."""
    extra = request.additional_model_request_fields or {}
    if request.inference_config is not None:
        _inference(request.inference_config, body, rules, notes)
    check_known(extra, _KNOWN, _DROPPED, notes)
    for name, value in extra.items():
        if name == "seed" and value is not None:
            body["seed"] = fitted_seed(value, rules, f"{EXTRA}.seed", notes)
        elif name in _RENAMED and value is not None:
            body[_RENAMED[name]] = value
    _reasoning(body, request, extra, notes, thinks=rules.reasons)
    limit = body.get("max_tokens")
    if rules.thinks_by_default and isinstance(limit, int) and body.get("reasoning") is not False:
        note_small_limit(limit, _LIMIT, notes)


def _inference(config: InferenceConfig, body: Body, rules: ModelRules, notes: list[Note]) -> None:
    if config.max_tokens is not None:
        body["max_tokens"] = fitted_limit(config.max_tokens, rules, _LIMIT, notes)
    if config.temperature is not None:
        field = "inferenceConfig.temperature"
        body["temperature"] = fitted_temperature(config.temperature, rules, field, notes)
    if config.top_p is not None:
        body["p"] = config.top_p
    if config.stop_sequences:
        raise Refused("inferenceConfig.stopSequences", "Cohere's batches take no stop sequences")


def _reasoning(
    body: Body, request: Request, extra: Mapping[str, object], notes: list[Note], *, thinks: bool
) -> None:
    """Whether to think, and for how many tokens. Of several fields the first counts: Claude's thinking,
    OpenAI's `reasoning_effort`, Bedrock's effort."""
    effort = None if request.output_config is None else request.output_config.effort
    given = {
        f"{EXTRA}.thinking": _thinking(extra, notes),
        f"{EXTRA}.reasoning_effort": _effort(extra.get("reasoning_effort"), f"{EXTRA}.reasoning_effort"),
        "outputConfig.effort": _effort(effort, "outputConfig.effort"),
    }
    asked = {field: members for field, members in given.items() if members is not None}
    for number, (field, members) in enumerate(asked.items()):
        if number:
            notes.append(Note(field, "dropped", f"{next(iter(asked))} counts"))
        elif thinks:
            body |= members
            notes.append(Note(field, "mapped", f"sent as {', '.join(members)}"))
        elif members["reasoning"]:
            notes.append(Note(field, "dropped", "the model does not reason"))


def _effort(asked: object, field: str) -> Body | None:
    return None if asked is None else {"reasoning": known_effort(asked, field) != "none"}


def _thinking(extra: Mapping[str, object], notes: list[Note]) -> Body | None:
    budget = thinking_budget(extra, "the model decides by itself", notes)
    if budget is None:
        return None
    return {"reasoning": False} if budget == "none" else {"reasoning": True, "thinking_budget": budget}
