"""Amazon Titan Text under InvokeModel: a text → its continuation.

AWS: model-parameters-titan-text. A conversation, written as `User: …\\nBot:`, becomes messages; other text
becomes one user message.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.prompts import completion, prompt_tokens
from translators.bedrock.families.stop_words import stop_word
from translators.bedrock.families.transcript_template import stop_sequences, transcript
from translators.bedrock.model_ids import ModelId


class _Config(Struct, rename="camel", forbid_unknown_fields=True):
    max_token_count: Annotated[int, Meta(ge=1)] | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: converse.Fraction | None = None
    stop_sequences: list[converse.NonEmpty] | None = None


class Body(Struct, rename="camel", forbid_unknown_fields=True):
    input_text: converse.NonEmpty
    text_generation_config: _Config | None = None


type _Reason = Literal["FINISH", "LENGTH", "STOP_CRITERIA_MET", "CONTENT_FILTERED"]


class _Result(Struct, rename="camel"):
    token_count: int
    output_text: str
    completion_reason: _Reason


class _Answer(Struct, rename="camel"):
    input_text_token_count: int
    results: tuple[_Result]


_DECODER = msgspec.json.Decoder(Body)
_SPEAKERS: Mapping[str, converse.Role] = MappingProxyType({"User:": "user", "Bot:": "assistant"})

_REASONS: Mapping[converse.StopReason, _Reason] = MappingProxyType(
    {
        "end_turn": "FINISH",  # seen on the live API; AWS's table has FINISHED
        "stop_sequence": "STOP_CRITERIA_MET",
        "max_tokens": "LENGTH",
        "model_context_window_exceeded": "LENGTH",
        "content_filtered": "CONTENT_FILTERED",
        "guardrail_intervened": "CONTENT_FILTERED",
    }
)


def has_model(model: ModelId) -> bool:
    """Whether this is one of the Titan models that answer in text."""
    return model.vendor == "amazon" and model.model.startswith(("titan-text-", "titan-tg1-"))


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is Titan Text's; `inputText` alone asks for a vector."""
    return "textGenerationConfig" in members


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    prompt = transcript(body.input_text, _SPEAKERS, "\n")
    config = body.text_generation_config
    return converse.Request(
        messages=prompt.messages,
        system=prompt.system,
        inference_config=None
        if config is None
        else converse.InferenceConfig(
            config.max_token_count,
            config.temperature,
            config.top_p,
            stop_sequences(config.stop_sequences, prompt, "User:"),
        ),
    )


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Titan's response with one result. Raises `Refused` for what it cannot express."""
    usage = answer.response.usage
    text = completion(answer)
    reason = stop_word(answer, _REASONS, "completionReason")
    result = _Result(usage.output_tokens, text, reason)
    return msgspec.json.encode(_Answer(prompt_tokens(usage), (result,)))
