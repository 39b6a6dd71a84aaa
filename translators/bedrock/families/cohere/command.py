"""Cohere Command and Command Light: a prompt and its generations (AWS: model-parameters-cohere-command)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.prompts import completion, free_text
from translators.bedrock.families.prompts import request as prompt_request
from translators.bedrock.families.stop_words import stop_word
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused


class Body(Struct, forbid_unknown_fields=True):
    prompt: str
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=5)] | None = None
    p: converse.Fraction | None = None
    k: Annotated[float, Meta(ge=0)] | None = None
    stop_sequences: list[converse.NonEmpty] | None = None
    num_generations: Annotated[int, Meta(ge=1)] | None = None
    return_likelihoods: Literal["GENERATION", "ALL", "NONE"] | None = None
    logit_bias: dict[str, float] | None = None
    truncate: Literal["NONE", "START", "END"] | None = None
    stream: Literal[False] | None = None


type _FinishReason = Literal["COMPLETE", "MAX_TOKENS", "ERROR", "ERROR_TOXIC"]


class _Generation(Struct):
    id: str
    text: str
    finish_reason: _FinishReason


class _Answer(Struct):
    id: str
    generations: tuple[_Generation]
    prompt: str


class _Repeated(Struct):
    prompt: str


_DECODER = msgspec.json.Decoder(Body)
_REPEATED = msgspec.json.Decoder(_Repeated)
_ONLY_HERE = frozenset({"num_generations", "return_likelihoods", "p", "k"})

_TRUNCATE = converse.Note("truncate", "dropped", "a prompt that is too long is refused by the provider")

_FINISH_REASONS: Mapping[converse.StopReason, _FinishReason] = MappingProxyType(
    {
        "end_turn": "COMPLETE",
        "stop_sequence": "COMPLETE",
        "max_tokens": "MAX_TOKENS",
        "model_context_window_exceeded": "MAX_TOKENS",
        "content_filtered": "ERROR_TOXIC",
        "guardrail_intervened": "ERROR_TOXIC",
        "malformed_model_output": "ERROR",
    }
)


def has_model(model: ModelId) -> bool:
    """Whether this is Command or Command Light."""
    return model.vendor == "cohere" and model.model.startswith(("command-text", "command-light"))


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members has something that only Command's prompts have."""
    return "prompt" in members and not _ONLY_HERE.isdisjoint(members)


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    if body.return_likelihoods not in (None, "NONE"):
        raise Refused("return_likelihoods", "likelihoods of tokens have no counterpart; accepted is 'NONE'")
    if body.logit_bias:
        raise Refused("logit_bias", "counts tokens as Cohere does, which means others anywhere else")
    extras: dict[str, object] = {}
    if body.k:
        extras["top_k"] = int(body.k)
    if body.num_generations is not None:
        extras["n"] = body.num_generations
    return prompt_request(
        free_text(body.prompt),
        converse.InferenceConfig(
            body.max_tokens, body.temperature, _top_p(body.p), body.stop_sequences or None
        ),
        extras,
        (_TRUNCATE,) if body.truncate in ("START", "END") else (),
    )


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Command's response with one generation. Raises `Refused` for what it cannot express."""
    text = completion(answer)
    reason = stop_word(answer, _FINISH_REASONS, "finish_reason")
    generation = _Generation(answer.id, text, reason)
    return msgspec.json.encode(_Answer(answer.id, (generation,), _REPEATED.decode(model_input).prompt))


def _top_p(p: float | None) -> float | None:
    """0 switches nucleus sampling off, as 1 does (AWS); elsewhere it would leave one token to choose from."""
    return 1.0 if p == 0 else p
