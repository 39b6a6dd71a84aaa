"""Anthropic Claude under InvokeModel: the Messages API as Bedrock has it.

AWS: model-parameters-anthropic-claude-messages. `wire`: the JSON shapes; `model_input`: body → Converse
request; `model_output`: Converse response → message; `citations`: both ways.
"""

import re
from collections.abc import Mapping
from typing import cast

from msgspec import Raw

from translators.bedrock.families.claude.model_input import request
from translators.bedrock.families.claude.model_output import output
from translators.bedrock.families.claude.wire import Body, CommonBody
from translators.bedrock.model_ids import ModelId

__all__ = ["Body", "CommonBody", "has_model", "has_shape", "output", "request"]


def has_model(model: ModelId) -> bool:
    """Whether this is one of Anthropic's models."""
    return model.vendor == "anthropic"


_ONLY_HERE = frozenset(
    {"anthropic_version", "anthropic_beta", "output_format", "stop_sequences", "thinking", "mcp_servers"}
)
_BLOCK = re.compile(
    rb'"type":\s*"(image|document|search_result|tool_use|tool_result|thinking|redacted_thinking)"'
)


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is Claude's.

    `anthropic_version` says so, which bodies of Anthropic's own API do not have: they differ from a chat in
    other members, in the schemas of tools and in blocks of messages.
    """
    if "anthropic_version" in members:
        return True
    if not {"messages", "max_tokens"} <= members.keys():
        return False
    if "system" in members or not _ONLY_HERE.isdisjoint(members):
        return True
    if b'"input_schema"' in bytes(cast("Raw", members.get("tools", b""))):
        return True
    return _BLOCK.search(bytes(cast("Raw", members["messages"]))) is not None
