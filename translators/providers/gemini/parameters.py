"""Parameters of the answer: limits, sampling, and the like (Gemini: generate-content, `generationConfig`)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from translators.bedrock.converse import InferenceConfig, Note, Request
from translators.errors import Refused
from translators.providers.converse_requests import EXTRA, check_known
from translators.providers.gemini.thinking import thinking_config
from translators.providers.gemini.tools import response_schema
from translators.providers.rules.checks import fitted_limit, fitted_seed, fitted_temperature, note_small_limit
from translators.providers.rules.model_rules import ModelRules

MOST_STOP_SEQUENCES = 5
"""Gemini: generate-content, `stopSequences`."""

_RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "top_k": "topK",
        "seed": "seed",
        "presence_penalty": "presencePenalty",
        "frequency_penalty": "frequencyPenalty",
        "logprobs": "responseLogprobs",
        "top_logprobs": "logprobs",
    }
)
_DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "min_p": "Gemini has no min-p sampling",
        "logit_bias": "Gemini has no bias of tokens",
        "user": "Gemini has no field for who asks",
        "anthropic_beta": "names features of Anthropic's own API",
    }
)
_HANDLED_APART = ("n", "thinking", "reasoning_effort", "parallel_tool_calls")
_KNOWN = frozenset({*_RENAMED, *_DROPPED, *_HANDLED_APART})

_PENALTIES = ("presence_penalty", "frequency_penalty")
_LIMIT = "inferenceConfig.maxTokens"
_NO_SAMPLING = "the model samples as it finds right"
_TEMPERATURE_DROPPED = Note("inferenceConfig.temperature", "dropped", _NO_SAMPLING)
_TOP_P_DROPPED = Note("inferenceConfig.topP", "dropped", _NO_SAMPLING)
_ONE_CALL = Note(f"{EXTRA}.parallel_tool_calls", "dropped", "Gemini cannot be held to one call at a time")


def generation_config(request: Request, rules: ModelRules, notes: list[Note]) -> dict[str, object]:
    """The members that the record asks for; nothing else. Raises `Refused`."""
    config: dict[str, object] = {}
    if request.inference_config is not None:
        _inference(request.inference_config, config, rules, notes)
    if request.additional_model_request_fields is not None:
        _extras(request.additional_model_request_fields, config, rules, notes)
    thought = thinking_config(request, rules, notes)
    if thought is not None:
        config["thinkingConfig"] = thought
    if rules.thinks_by_default and "maxOutputTokens" in config and not (thought and thought.is_off):
        note_small_limit(cast("int", config["maxOutputTokens"]), _LIMIT, notes)
    if request.output_config is not None and request.output_config.json_object:
        # A schema of nothing gives `{}` or a 400 (gadievron/raptor#123, browser-use#3786).
        config["responseMimeType"] = "application/json"
    if request.output_config is not None and request.output_config.text_format is not None:
        config |= response_schema(request.output_config.text_format, notes)
    return config


def _inference(
    asked: InferenceConfig, config: dict[str, object], rules: ModelRules, notes: list[Note]
) -> None:
    if asked.max_tokens is not None:
        config["maxOutputTokens"] = fitted_limit(asked.max_tokens, rules, _LIMIT, notes)
    _sampling(asked, config, rules, notes)
    if asked.stop_sequences:
        if len(asked.stop_sequences) > MOST_STOP_SEQUENCES:
            raise Refused(
                "inferenceConfig.stopSequences",
                f"{len(asked.stop_sequences)} given, Gemini takes {MOST_STOP_SEQUENCES}",
            )
        config["stopSequences"] = asked.stop_sequences


def _sampling(
    asked: InferenceConfig, config: dict[str, object], rules: ModelRules, notes: list[Note]
) -> None:
    if rules.sampling == "never":
        if asked.temperature is not None:
            notes.append(_TEMPERATURE_DROPPED)
        if asked.top_p is not None:
            notes.append(_TOP_P_DROPPED)
        return
    if asked.temperature is not None:
        field = "inferenceConfig.temperature"
        config["temperature"] = fitted_temperature(asked.temperature, rules, field, notes)
    if asked.top_p is not None:
        config["topP"] = asked.top_p


def _extras(
    extra: Mapping[str, object], config: dict[str, object], rules: ModelRules, notes: list[Note]
) -> None:
    check_known(extra, _KNOWN, _DROPPED, notes)
    for name, value in extra.items():
        if name not in _RENAMED or value is None:
            continue
        if name == "seed":
            config["seed"] = fitted_seed(value, rules, f"{EXTRA}.seed", notes)
        elif (name == "top_k" and rules.sampling == "never") or (name in _PENALTIES and not rules.penalties):
            notes.append(Note(f"{EXTRA}.{name}", "dropped", _NO_SAMPLING))
        else:
            config[_RENAMED[name]] = value
    if extra.get("parallel_tool_calls") is False:
        notes.append(_ONE_CALL)
