"""Parameters of the answer: limits, sampling, reasoning (Mistral: api/endpoint/chat; mistralai 3.7:
models/chatcompletionrequest.py)."""

from collections.abc import Mapping

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.providers.converse_requests import EXTRA, check_known
from translators.providers.mistral.reasoning import effort
from translators.providers.rules.checks import fitted_limit, fitted_seed, fitted_temperature, note_small_limit
from translators.providers.rules.model_rules import ModelRules

type Body = dict[str, object]

_AS_THEY_ARE = (
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "min_tokens",
    "logprobs",
    "top_logprobs",
    "random_seed",
    "safe_prompt",
    "prompt_cache_key",
)
DROPPED = {
    "min_p": "Mistral has no min-p sampling",
    "logit_bias": "Mistral has no bias on tokens",
    "user": "Mistral does not ask who the end user is",
    "anthropic_beta": "names features of Anthropic's own API",
}
_HANDLED_APART = ("n", "seed", "thinking", "reasoning_effort", "prompt_mode", "parallel_tool_calls")
_KNOWN = frozenset({*_AS_THEY_ARE, *DROPPED, *_HANDLED_APART})

_LIMIT = "inferenceConfig.maxTokens"
_GREEDY = Note("inferenceConfig.topP", "dropped", "at temperature 0 there is nothing to sample from")
_SEEDED_TWICE = Note(f"{EXTRA}.seed", "dropped", f"{EXTRA}.random_seed counts")
_WITHOUT_TOOLS = Note(f"{EXTRA}.parallel_tool_calls", "dropped", "the record has no tools")


def add_parameters(body: Body, request: Request, rules: ModelRules, notes: list[Note]) -> None:
    """Write the members beside messages and tools; nothing that was not asked for. Raises `Refused`."""
    extra = request.additional_model_request_fields or {}
    asked = effort(request, extra, rules, notes)
    if asked is not None:
        body["reasoning_effort"] = asked
    if request.inference_config is not None:
        _inference(request.inference_config, body, rules, notes)
        if rules.thinks_by_default and request.inference_config.max_tokens is not None:
            note_small_limit(request.inference_config.max_tokens, _LIMIT, notes)
    if extra:
        check_known(extra, _KNOWN, DROPPED, notes)
        _extras(extra, request, body, rules, notes)


def _inference(config: InferenceConfig, body: Body, rules: ModelRules, notes: list[Note]) -> None:
    if config.max_tokens is not None:
        body["max_tokens"] = fitted_limit(config.max_tokens, rules, _LIMIT, notes)
    if config.temperature is not None:
        field = "inferenceConfig.temperature"
        body["temperature"] = fitted_temperature(config.temperature, rules, field, notes)
    if config.top_p is not None:
        if config.temperature == 0 and config.top_p != 1:
            # 400 "top_p must be 1 when using greedy sampling." (devoxx/DevoxxGenieIDEAPlugin#338)
            notes.append(_GREEDY)
        else:
            body["top_p"] = config.top_p
    if config.stop_sequences:
        body["stop"] = config.stop_sequences


def _extras(
    extra: Mapping[str, object], request: Request, body: Body, rules: ModelRules, notes: list[Note]
) -> None:
    for name in _AS_THEY_ARE:
        if extra.get(name) is not None:
            body[name] = extra[name]
    if "prompt_mode" in extra:
        body["prompt_mode"] = extra["prompt_mode"]  # null means no system prompt of Mistral's own
    if extra.get("seed") is not None:
        if "random_seed" in body:
            notes.append(_SEEDED_TWICE)
        else:
            body["random_seed"] = fitted_seed(extra["seed"], rules, f"{EXTRA}.seed", notes)
    if extra.get("parallel_tool_calls") is not None:
        if request.tool_config is not None:
            body["parallel_tool_calls"] = extra["parallel_tool_calls"]
        else:
            notes.append(_WITHOUT_TOOLS)
