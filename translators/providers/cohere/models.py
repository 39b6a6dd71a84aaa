"""Cohere's models: which reason, and what they are called."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_REASONING = re.compile(r"command-a-(plus|reasoning)|north-")


def reasons(model: str) -> bool:
    """Whether the model can think before it answers (crmne/ruby_llm: providers/cohere/capabilities.rb)."""
    return _REASONING.match(model) is not None


_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "embed-english-v3": "embed-english-v3.0",
        "embed-multilingual-v3": "embed-multilingual-v3.0",
        "embed-v4:0": "embed-v4.0",
    }
)
"""Of the chat models that Bedrock has, Cohere itself runs only later versions."""


def derived_model(vendor: str, model: str) -> str | None:
    """Cohere's name of a Bedrock model of theirs, where it is the same model beyond doubt."""
    return _NAMES.get(model) if vendor == "cohere" else None
