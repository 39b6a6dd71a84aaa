"""Chat completions under InvokeModel: gpt-oss, Qwen, DeepSeek V3, Mistral, Jamba, Palmyra, Gemma, …

One dialect with several accents. `wire` has the shapes, `reading` makes a body a Converse request
(`messages` and `media` its turns), `writing` an answer a completion. Any body of this shape is taken,
whatever model it names.
"""

from collections.abc import Mapping

from translators.bedrock.families.chat.model_input import request, request_with_tags
from translators.bedrock.families.chat.wire import Body
from translators.bedrock.families.chat.model_output import (
    answer,
    gpt_oss_answer,
    gpt_oss_own,
    jamba_answer,
    mistral_answer,
    palmyra_answer,
)
from translators.bedrock.model_ids import ModelId

__all__ = [
    "Body",
    "answer",
    "gpt_oss_answer",
    "gpt_oss_own",
    "has_model",
    "has_shape",
    "is_gpt_oss",
    "is_jamba",
    "is_mistral",
    "is_palmyra",
    "jamba_answer",
    "mistral_answer",
    "palmyra_answer",
    "request",
    "request_with_tags",
]

_VENDORS = frozenset(
    {"deepseek", "google", "minimax", "moonshot", "moonshotai", "nvidia", "openai", "qwen", "xai", "zai"}
)


def has_model(model: ModelId) -> bool:
    """Whether this is a model that chats without an accent of its own."""
    return model.vendor in _VENDORS and not is_gpt_oss(model)


def is_gpt_oss(model: ModelId) -> bool:
    """Whether this is one of OpenAI's open-weight models."""
    return model.vendor == "openai" and model.model.startswith("gpt-oss")


def is_mistral(model: ModelId) -> bool:
    """Whether this is one of Mistral's models."""
    return model.vendor == "mistral"


def is_jamba(model: ModelId) -> bool:
    """Whether this is one of AI21's models that chat; the older ones complete prompts."""
    return model.vendor == "ai21" and model.model.startswith("jamba")


def is_palmyra(model: ModelId) -> bool:
    """Whether this is one of Writer's models."""
    return model.vendor == "writer"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is a conversation; asked last, when it is nobody else's."""
    return "messages" in members
