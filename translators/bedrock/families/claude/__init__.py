"""Anthropic Claude under InvokeModel: the Messages API as Bedrock has it.

AWS: model-parameters-anthropic-claude-messages. `wire`: the JSON shapes; `model_input`: body → Converse
request; `model_output`: Converse response → message; `citations`: both ways.
"""

from collections.abc import Mapping

from translators.bedrock.families.claude.model_input import request
from translators.bedrock.families.claude.model_output import output
from translators.bedrock.families.claude.wire import Body
from translators.bedrock.model_ids import ModelId

__all__ = ["Body", "has_model", "has_shape", "output", "request"]


def has_model(model: ModelId) -> bool:
    """Whether this is one of Anthropic's models."""
    return model.vendor == "anthropic"


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is Claude's; no other dialect has `anthropic_version`."""
    return "anthropic_version" in members
