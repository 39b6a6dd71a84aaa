"""Fireworks' models: it runs many of other vendors, and documents of few what they accept.

Fireworks: api-reference post-chatcompletions.
"""

from translators.providers.rules.model_rules import ModelRules, RuleTable

MODELS = RuleTable(
    (),
    ModelRules(
        names=".*",
        source="Fireworks: api-reference post-chatcompletions (2026-11-30)",
        efforts=("none", "low", "medium", "high"),
    ),
    operator="Fireworks",
)
