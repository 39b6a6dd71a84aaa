"""Together's models: it runs many of other vendors, and documents of few what they accept.

Together: reference chat-completions.
"""

from translators.providers.rules.model_rules import ModelRules, RuleTable

MODELS = RuleTable(
    (),
    ModelRules(
        names=".*",
        source="Together: reference chat-completions (2026-11-30)",
        efforts=("none", "low", "medium", "high"),
    ),
    operator="Together",
)
