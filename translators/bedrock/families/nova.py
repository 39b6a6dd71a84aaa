"""Amazon Nova under InvokeModel: Converse requests and responses with small differences.

AWS: nova/latest/userguide/complete-request-schema, nova/latest/nova2-userguide/request-response-schema.
`topK` and `reasoningConfig` have members of their own; blobs are base64 text.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta, Raw, Struct, field

from translators.bedrock import converse
from translators.bedrock.families import converse_constraints
from translators.bedrock.families.body_decoder import decoded, join_path
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused

type _Effort = Literal["low", "medium", "high"]


class _InferenceConfig(Struct, forbid_unknown_fields=True):
    """Both spellings that Nova takes; AWS's batch sample uses the one with underscores."""

    max_tokens: Annotated[int, Meta(ge=1)] | None = field(default=None, name="maxTokens")
    max_new_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: converse.Fraction | None = None
    top_p: converse.Fraction | None = field(default=None, name="topP")
    top_p_: converse.Fraction | None = field(default=None, name="top_p")
    top_k: Annotated[int, Meta(ge=0)] | None = field(default=None, name="topK")
    top_k_: Annotated[int, Meta(ge=0)] | None = field(default=None, name="top_k")
    stop_sequences: list[converse.NonEmpty] | None = field(default=None, name="stopSequences")
    stop_sequences_: list[converse.NonEmpty] | None = field(default=None, name="stop_sequences")


class _Enabled(Struct, tag_field="type", tag="enabled", forbid_unknown_fields=True):
    max_reasoning_effort: _Effort = field(name="maxReasoningEffort")


class _Disabled(Struct, tag_field="type", tag="disabled", forbid_unknown_fields=True):
    max_reasoning_effort: _Effort | None = field(default=None, name="maxReasoningEffort")


type ReasoningConfig = _Enabled | _Disabled


class CommonBody(converse.Shape):
    """A body without the members that only Nova's have."""

    messages: Annotated[list[converse.Message], Meta(min_length=1)]
    schema_version: Literal["messages-v1"] | None = None
    system: list[converse.SystemBlock] | None = None
    inference_config: converse.InferenceConfig | None = None
    tool_config: converse.ToolConfig | None = None


class Body(converse.Shape):
    """Any body."""

    messages: Annotated[list[converse.Message], Meta(min_length=1)]
    schema_version: Literal["messages-v1"] | None = None
    system: list[converse.SystemBlock] | None = None
    inference_config: _InferenceConfig | None = None
    tool_config: converse.ToolConfig | None = None
    reasoning_config: ReasoningConfig | None = None


class _Usage(Struct, rename="camel"):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_read_input_token_count: int
    cache_write_input_token_count: int


class _Answer(Struct, rename="camel"):
    output: converse.Output
    stop_reason: converse.StopReason
    usage: _Usage


_DECODER = msgspec.json.Decoder(Body)
_REASONING: msgspec.json.Decoder[ReasoningConfig] = msgspec.json.Decoder(ReasoningConfig)

_ONLY_HERE = frozenset({"schemaVersion", "reasoningConfig"})
_ONLY_HERE_IN_INFERENCE = (b'"max_new_tokens"', b'"topK"', b'"top_k"', b'"top_p"')


def has_model(model: ModelId) -> bool:
    """Whether this is one of Nova's text models."""
    return model.vendor == "amazon" and model.model.startswith("nova-") and "embeddings" not in model.model


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members has something that only Nova's have."""
    if "messages" not in members:
        return False
    inference = bytes(cast("Raw", members.get("inferenceConfig", Raw(b""))))
    return not _ONLY_HERE.isdisjoint(members) or any(name in inference for name in _ONLY_HERE_IN_INFERENCE)


def request(model_input: Raw | CommonBody | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    converse_constraints.check(body.messages, body.system, body.tool_config)
    if type(body) is CommonBody:  # `isinstance` of a struct is slower
        return converse.Request(body.messages, body.system, body.inference_config, body.tool_config)
    assert isinstance(body, Body)
    sampling = body.inference_config
    extras: dict[str, object] = {}
    if sampling is not None and (sampling.top_k is not None or sampling.top_k_ is not None):
        extras["top_k"] = _one_of("topK", sampling.top_k, "top_k", sampling.top_k_)
    if body.reasoning_config is not None:
        extras["reasoning_effort"] = _effort(body.reasoning_config)
    config = None if sampling is None else _inference(sampling)
    return converse.Request(body.messages, body.system, config, body.tool_config, extras or None)


def reasoning_effort(config: Raw, within: str) -> str:
    """The hub's `reasoning_effort` for Nova's `reasoningConfig`. Raises `Refused`."""
    return _effort(decoded(_REASONING, config, within))


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Nova's response: Converse's without metrics, with Nova's names of the cache counters."""
    response = answer.response
    usage = _Usage(
        input_tokens=response.usage.input_tokens,
        output_tokens=response.usage.output_tokens,
        total_tokens=response.usage.total_tokens,
        cache_read_input_token_count=response.usage.cache_read_input_tokens or 0,
        cache_write_input_token_count=response.usage.cache_write_input_tokens or 0,
    )
    return msgspec.json.encode(_Answer(response.output, response.stop_reason, usage))


def _effort(config: ReasoningConfig) -> str:
    return config.max_reasoning_effort if isinstance(config, _Enabled) else "none"


def _inference(config: _InferenceConfig) -> converse.InferenceConfig:
    if config.max_new_tokens is None and config.top_p_ is None and config.stop_sequences_ is None:
        return converse.InferenceConfig(
            config.max_tokens, config.temperature, config.top_p, config.stop_sequences
        )
    return converse.InferenceConfig(
        max_tokens=_one_of("maxTokens", config.max_tokens, "max_new_tokens", config.max_new_tokens),
        temperature=config.temperature,
        top_p=_one_of("topP", config.top_p, "top_p", config.top_p_),
        stop_sequences=_one_of(
            "stopSequences", config.stop_sequences, "stop_sequences", config.stop_sequences_
        ),
    )


def _one_of[T](name: str, value: T | None, other: str, other_value: T | None) -> T | None:
    """The value of a parameter that has two spellings. Raises `Refused` where they differ."""
    if value is None or other_value is None:
        return other_value if value is None else value
    if value != other_value:
        raise Refused(join_path("inferenceConfig", other), f"says {other_value!r}, {name} says {value!r}")
    return value
