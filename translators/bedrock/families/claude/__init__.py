"""Anthropic Claude under InvokeModel: the Messages API as Bedrock has it.

AWS: model-parameters-anthropic-claude-messages. `wire` has the shapes, `reading` makes a body a Converse
request, `writing` an answer a message, `citations` knows both spellings of where a quotation stands.
"""

from collections.abc import Mapping

from translators.bedrock.families.claude.model_input import request
from translators.bedrock.families.claude.wire import Body
from translators.bedrock.families.claude.model_output import answer
from translators.bedrock.model_ids import ModelId

__all__ = ["Body", "answer", "has_model", "has_shape", "request"]


def has_model(model: ModelId) -> bool:
    """Whether this is one of Anthropic's models."""
    return model.vendor == "anthropic"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is one of Claude's; no other dialect has a version."""
    return "anthropic_version" in members
