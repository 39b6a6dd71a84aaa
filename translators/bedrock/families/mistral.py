"""Mistral's text completion under InvokeModel: a prompt in the `[INST]` template → a completion.

AWS: model-parameters-mistral-text-completion. The same models take chats (`chat`).
"""

from collections.abc import Mapping
from typing import Annotated, cast

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families import deepseek, inst_template, prompts
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.model_ids import ModelId


class Body(Struct, forbid_unknown_fields=True):
    prompt: str
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop: list[converse.NonEmpty] | None = None
    temperature: converse.Fraction | None = None
    top_p: converse.Fraction | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None


class _Output(Struct):
    text: str
    stop_reason: prompts.StopReason


class _Answer(Struct):
    outputs: list[_Output]


_DECODER = msgspec.json.Decoder(Body)


def has_model(model: ModelId) -> bool:
    """Whether this is one of Mistral's models."""
    return model.vendor == "mistral"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a prompt, and not one in DeepSeek's template."""
    return "prompt" in members and not deepseek.has_template(cast("Raw", members["prompt"]))


def request(model_input: Raw | Body) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    body = decoded(_DECODER, model_input) if isinstance(model_input, Raw) else model_input
    if inst_template.is_used(body.prompt):
        messages = inst_template.messages(body.prompt)
    else:
        messages = prompts.free_text(inst_template.without_begin(body.prompt))
    stop = prompts.stop_sequences(body.stop, inst_template.MARKS.__contains__)
    config = converse.InferenceConfig(body.max_tokens, body.temperature, body.top_p, stop)
    return prompts.request(messages, config, {} if body.top_k is None else {"top_k": body.top_k})


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion. Raises `Refused` for other content than text."""
    completion = _Output(prompts.completion(answer), prompts.stop_reason(answer))
    return msgspec.json.encode(_Answer([completion]))
