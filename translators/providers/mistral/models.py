"""Mistral's models: which reason, what they take, when they retire, what they are called.

Mistral: models/model-cards (names, retirements, replacements), studio-api/conversations/reasoning,
api/endpoint/chat (temperature to 1.5, no negative seeds).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from translators.providers.rules.model_rules import INT64, ModelRules, RuleTable

_ADJUSTABLE = ModelRules(
    names=r"mistral-(small-(latest|2603|4)|medium(-(latest|3|3-5|26\d\d))?)(-.*)?",
    source="Mistral: studio-api/conversations/reasoning, api/endpoint/chat (2026-11-30)",
    efforts=("none", "high"),
    default_effort="none",
    most_temperature=1.5,
    prefill="continued",
    seeds=(0, INT64[1]),
)
_NEVER = replace(
    _ADJUSTABLE,
    names=r"open-.*|mistral-(tiny|saba|nemo|large|small|medium|7b).*|mixtral.*|ministral.*|pixtral.*|codestral.*|"
    r"devstral.*|voxtral.*|mathstral.*",
    efforts=(),
    default_effort=None,
)
_ALWAYS = replace(_NEVER, names=r"magistral-.*", thinks_by_default=True)

_RETIRED: Mapping[str, tuple[date, str]] = MappingProxyType(
    {
        "devstral-2512": (date(2026, 7, 31), "mistral-medium-3-5"),
        "devstral-medium-2507": (date(2026, 5, 31), "mistral-medium-3-5"),
        "devstral-small-2505": (date(2025, 11, 30), "mistral-medium-3-5"),
        "devstral-small-2507": (date(2026, 5, 31), "mistral-medium-3-5"),
        "magistral-medium-2506": (date(2025, 11, 30), "mistral-medium-3-5"),
        "magistral-medium-2507": (date(2025, 11, 30), "mistral-medium-3-5"),
        "magistral-medium-2509": (date(2026, 7, 31), "mistral-medium-3-5"),
        "magistral-small-2506": (date(2025, 11, 30), "mistral-small-latest"),
        "magistral-small-2507": (date(2025, 11, 30), "mistral-small-latest"),
        "magistral-small-2509": (date(2026, 7, 31), "mistral-small-latest"),
        "ministral-3b-2410": (date(2025, 12, 31), "ministral-3b-2512"),
        "ministral-8b-2410": (date(2025, 12, 31), "ministral-8b-2512"),
        "mistral-large-2402": (date(2025, 6, 16), "mistral-large-2512"),
        "mistral-large-2407": (date(2025, 3, 30), "mistral-large-2512"),
        "mistral-large-2411": (date(2026, 5, 31), "mistral-large-2512"),
        "mistral-medium-2312": (date(2025, 6, 16), "mistral-medium-3-5"),
        "mistral-medium-2505": (date(2026, 8, 31), "mistral-medium-3-5"),
        "mistral-medium-2508": (date(2026, 8, 31), "mistral-medium-3-5"),
        "mistral-saba-2502": (date(2025, 9, 30), "mistral-small-latest"),
        "mistral-small-2402": (date(2025, 6, 16), "mistral-small-latest"),
        "mistral-small-2409": (date(2025, 11, 30), "mistral-small-latest"),
        "mistral-small-2501": (date(2025, 11, 30), "mistral-small-latest"),
        "mistral-small-2503": (date(2025, 11, 30), "mistral-small-latest"),
        "mistral-small-2506": (date(2026, 7, 31), "mistral-small-latest"),
        "open-mistral-7b": (date(2025, 3, 30), "ministral-8b-2512"),
        "open-mistral-nemo": (date(2026, 7, 31), "ministral-8b-2512"),
        "open-mistral-nemo-2407": (date(2026, 7, 31), "ministral-8b-2512"),
        "open-mixtral-8x22b": (date(2025, 3, 30), "mistral-small-latest"),
        "open-mixtral-8x7b": (date(2025, 3, 30), "mistral-small-latest"),
        "pixtral-12b-2409": (date(2025, 12, 31), "ministral-14b-2512"),
        "pixtral-large-2411": (date(2026, 5, 31), "mistral-medium-3-5"),
        "voxtral-mini-2507": (date(2026, 5, 31), "voxtral-mini-latest"),
    }
)
"""Models that Mistral's own API no longer runs, though Bedrock may: the last day, and a successor."""


def _retired(name: str) -> ModelRules:
    day, successor = _RETIRED[name]
    kind = _ALWAYS if name.startswith("magistral-") else _NEVER
    return replace(
        kind,
        names=name,
        source="Mistral: models/model-cards (2026-11-30)",
        retires=day,
        successor=successor,
    )


def base_name(model: str, /) -> str:
    """The name of the model that a tuned one is made of."""
    return model.split(":")[1] if model.startswith("ft:") else model


MODELS = RuleTable(
    (*map(_retired, _RETIRED), _ADJUSTABLE, _ALWAYS, _NEVER),
    replace(_ADJUSTABLE, names=".*"),
    base_name=base_name,
    operator="Mistral",
)
"""Unknown names are taken for those of future models, which can be made to reason."""


_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "devstral-2-123b": "devstral-2512",
        "magistral-small-2509": "magistral-small-2509",
        "ministral-3-14b-instruct": "ministral-14b-2512",
        "ministral-3-3b-instruct": "ministral-3b-2512",
        "ministral-3-8b-instruct": "ministral-8b-2512",
        "mistral-7b-instruct-v0:2": "open-mistral-7b",
        "mistral-large-2402-v1:0": "mistral-large-2402",
        "mistral-large-2407-v1:0": "mistral-large-2407",
        "mistral-large-3-675b-instruct": "mistral-large-2512",
        "mistral-small-2402-v1:0": "mistral-small-2402",
        "mixtral-8x7b-instruct-v0:1": "open-mixtral-8x7b",
        "voxtral-mini-3b-2507": "voxtral-mini-2507",
        "voxtral-small-24b-2507": "voxtral-small-2507",
    }
)
"""Bedrock's name → Mistral's own of the same weights. Bedrock's Pixtral Large (25.02) has none: Mistral's own
is the 24.11."""


def derived_model(vendor: str, model: str) -> str | None:
    """Mistral's name of a Bedrock model of theirs, where it is the same model beyond doubt.

    Names of retired models are given too: their rules have when they retired.
    """
    return _NAMES.get(model) if vendor == "mistral" else None
