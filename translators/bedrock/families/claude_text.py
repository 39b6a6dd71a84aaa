"""Claude 2 and Claude Instant under InvokeModel: Anthropic's text completions.

AWS: model-parameters-anthropic-claude-text-completion. The prompt is `\\n\\nHuman: …\\n\\nAssistant:`. The
same models also take messages, so the shape of the body decides.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.prompts import completion
from translators.bedrock.families.stop_words import stop_word
from translators.bedrock.families.transcript_template import stop_sequences, transcript
from translators.bedrock.model_ids import ModelId


class Body(Struct, forbid_unknown_fields=True):
    prompt: converse.NonEmpty
    max_tokens_to_sample: Annotated[int, Meta(ge=1)]
    temperature: converse.Fraction | None = None
    top_p: converse.Fraction | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    stop_sequences: list[converse.NonEmpty] | None = None
    anthropic_version: Literal["bedrock-2023-05-31"] | None = None


type _StopReason = Literal["stop_sequence", "max_tokens", "refusal"]


class _Answer(Struct, tag_field="type", tag="completion"):
    completion: str
    stop_reason: _StopReason
    stop: str | None


_DECODER = msgspec.json.Decoder(Body)

_SPEAKERS: Mapping[str, converse.Role] = MappingProxyType({"Human:": "user", "Assistant:": "assistant"})
_NEXT_TURN = "\n\nHuman:"
"""`stop` of a completion that ended by itself (seen on the live API)."""

_STOP_REASONS: Mapping[converse.StopReason, _StopReason] = MappingProxyType(
    {
        "end_turn": "stop_sequence",
        "stop_sequence": "stop_sequence",
        "max_tokens": "max_tokens",
        "model_context_window_exceeded": "max_tokens",
        "content_filtered": "refusal",
        "guardrail_intervened": "refusal",
    }
)
"""`refusal` is a stop reason of Claude's messages; completions have none for it."""


def has_model(model: ModelId) -> bool:
    """Whether this is one of the models with text completions."""
    return model.vendor == "anthropic" and model.model.startswith(("claude-v", "claude-instant"))


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members asks for a completion."""
    return "max_tokens_to_sample" in members


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    prompt = transcript(body.prompt, _SPEAKERS, "\n\n")
    return converse.Request(
        messages=prompt.messages,
        system=prompt.system,
        inference_config=converse.InferenceConfig(
            body.max_tokens_to_sample,
            body.temperature,
            body.top_p,
            stop_sequences(body.stop_sequences, prompt, "Human:"),
        ),
        additional_model_request_fields=None if body.top_k is None else {"top_k": body.top_k},
    )


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion. Raises `Refused` for what it cannot express."""
    text = completion(answer)
    stop_reason = stop_word(answer, _STOP_REASONS, "stop_reason")
    stop = _NEXT_TURN if answer.response.stop_reason == "end_turn" else answer.stop_sequence
    return msgspec.json.encode(_Answer(text, stop_reason, stop))
