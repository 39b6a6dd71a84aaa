"""Cohere's models: which reason, what they take, and what they are called.

Cohere: docs/deprecations gives no day on which a chat model ends; reference/chat (temperature, seed).
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from translators.providers.rules.model_rules import ModelRules, RuleTable

_NOT_REASONING = ModelRules(
    names=r"command(-(light|nightly|light-nightly|r.*|a-.*))?|c4ai-.*",
    source="Cohere: reference/chat, docs/deprecations (2026-11-30)",
    efforts=(),
    most_temperature=1.0,
    schemas=False,  # of the API's members a dataset takes few: `parameters` says which
    forced_tools=False,
    seeds=(0, 2**64 - 1),
)
_REASONING = replace(
    _NOT_REASONING,
    names=r"command-a-(plus|reasoning).*|north-.*",
    source="crmne/ruby_llm: providers/cohere/capabilities.rb (2026-11-30)",
    efforts=None,
    thinks_by_default=True,
)

MODELS = RuleTable((_REASONING, _NOT_REASONING), replace(_NOT_REASONING, names=".*"), operator="Cohere")


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
