"""Chat completions under InvokeModel: gpt-oss, Qwen, DeepSeek V3, Mistral, Jamba, Palmyra, Gemma, …

One dialect with small differences between vendors. `wire`: the JSON shapes; `model_input`, with `messages`
and `media`: body → Converse request; `model_output`: Converse response → completion.
"""

from collections.abc import Mapping

from translators.bedrock.families.chat.model_input import request, request_with_tags
from translators.bedrock.families.chat.model_output import (
    gpt_oss_output,
    gpt_oss_passthrough,
    jamba_output,
    mistral_output,
    mistral_passthrough,
    output,
    palmyra_output,
)
from translators.bedrock.families.chat.wire import Body, CommonBody
from translators.bedrock.model_ids import ModelId

__all__ = [
    "Body",
    "CommonBody",
    "gpt_oss_output",
    "gpt_oss_passthrough",
    "has_model",
    "has_shape",
    "is_gpt_oss",
    "is_jamba",
    "is_mistral",
    "is_palmyra",
    "jamba_output",
    "mistral_output",
    "mistral_passthrough",
    "output",
    "palmyra_output",
    "request",
    "request_with_tags",
]

_VENDORS = frozenset(
    {"deepseek", "google", "minimax", "moonshot", "moonshotai", "nvidia", "openai", "qwen", "xai", "zai"}
)


def has_model(model: ModelId) -> bool:
    """Whether this model takes chats without a vendor's own differences."""
    return model.vendor in _VENDORS and not is_gpt_oss(model)


def is_gpt_oss(model: ModelId) -> bool:
    """Whether this is one of OpenAI's open-weight models."""
    return model.vendor == "openai" and model.model.startswith("gpt-oss")


def is_mistral(model: ModelId) -> bool:
    """Whether this is one of Mistral's models."""
    return model.vendor == "mistral"


def is_jamba(model: ModelId) -> bool:
    """Whether this is one of AI21's chat models; the older ones take prompts."""
    return model.vendor == "ai21" and model.model.startswith("jamba")


def is_palmyra(model: ModelId) -> bool:
    """Whether this is one of Writer's models."""
    return model.vendor == "writer"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a chat, where it fits no other dialect."""
    return "messages" in members
