"""Parameters of the answer: limits, sampling, reasoning (Mistral: api/endpoint/chat; mistralai 3.7:
models/chatcompletionrequest.py)."""

from collections.abc import Mapping

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.providers.converse_requests import EXTRA, check_known
from translators.providers.mistral.models import Reasoning
from translators.providers.mistral.reasoning import effort

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

_GREEDY = Note("inferenceConfig.topP", "dropped", "at temperature 0 there is nothing to sample from")
_SEEDED_TWICE = Note(f"{EXTRA}.seed", "dropped", f"{EXTRA}.random_seed counts")
_WITHOUT_TOOLS = Note(f"{EXTRA}.parallel_tool_calls", "dropped", "the record has no tools")


def add_parameters(body: Body, request: Request, reasoning: Reasoning, notes: list[Note]) -> None:
    """Write the members beside messages and tools; nothing that was not asked for. Raises `Refused`."""
    extra = request.additional_model_request_fields or {}
    asked = effort(request, extra, reasoning, notes)
    if asked is not None:
        body["reasoning_effort"] = asked
    if request.inference_config is not None:
        _inference(request.inference_config, body, notes)
    if extra:
        check_known(extra, _KNOWN, DROPPED, notes)
        _extras(extra, request, body, notes)


def _inference(config: InferenceConfig, body: Body, notes: list[Note]) -> None:
    if config.max_tokens is not None:
        body["max_tokens"] = config.max_tokens
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if config.top_p is not None:
        if config.temperature == 0 and config.top_p != 1:
            # 400 "top_p must be 1 when using greedy sampling." (devoxx/DevoxxGenieIDEAPlugin#338)
            notes.append(_GREEDY)
        else:
            body["top_p"] = config.top_p
    if config.stop_sequences:
        body["stop"] = config.stop_sequences


def _extras(extra: Mapping[str, object], request: Request, body: Body, notes: list[Note]) -> None:
    for name in _AS_THEY_ARE:
        if extra.get(name) is not None:
            body[name] = extra[name]
    if "prompt_mode" in extra:
        body["prompt_mode"] = extra["prompt_mode"]  # null means no system prompt of Mistral's own
    if extra.get("seed") is not None:
        if "random_seed" in body:
            notes.append(_SEEDED_TWICE)
        else:
            body["random_seed"] = extra["seed"]
    if extra.get("parallel_tool_calls") is not None:
        if request.tool_config is not None:
            body["parallel_tool_calls"] = extra["parallel_tool_calls"]
        else:
            notes.append(_WITHOUT_TOOLS)
