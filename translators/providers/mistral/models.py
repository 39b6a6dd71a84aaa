"""Mistral's models: which reason, what they are called, which are retired.

Mistral: models/model-cards (names, retirements), studio-api/conversations/reasoning.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

type Reasoning = Literal["never", "adjustable", "always"]

_ALWAYS = re.compile(r"magistral-")
_ADJUSTABLE = re.compile(r"mistral-(small-(latest|2603|4)|medium-(latest|3|3-5|26\d\d))(-.*)?")
_NEVER = re.compile(
    r"open-|mistral-(tiny|saba|nemo|large|small-2[45]|medium-2[345]|7b)|"
    r"mixtral|ministral|pixtral|codestral|devstral|voxtral|mathstral"
)


@lru_cache(maxsize=64)  # called for every record, and a job has one model
def reasoning(model: str) -> Reasoning:
    """Whether the model thinks before it answers. Unknown names are taken for those of future models, which
    can be made to."""
    base = model.removeprefix("ft:")
    if _ALWAYS.match(base):
        return "always"
    if _ADJUSTABLE.fullmatch(base) is None and _NEVER.match(base):
        return "never"
    return "adjustable"


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

    Names of retired models are given too: `unusable` has when they were retired.
    """
    return _NAMES.get(model) if vendor == "mistral" else None


_RETIRED: Mapping[str, str] = MappingProxyType(
    {
        "devstral-2512": "31 July 2026",
        "devstral-medium-2507": "31 May 2026",
        "devstral-small-2505": "30 November 2025",
        "devstral-small-2507": "31 May 2026",
        "magistral-medium-2506": "30 November 2025",
        "magistral-medium-2507": "30 November 2025",
        "magistral-medium-2509": "31 July 2026",
        "magistral-small-2506": "30 November 2025",
        "magistral-small-2507": "30 November 2025",
        "magistral-small-2509": "31 July 2026",
        "ministral-3b-2410": "31 December 2025",
        "ministral-8b-2410": "31 December 2025",
        "mistral-large-2402": "16 June 2025",
        "mistral-large-2407": "30 March 2025",
        "mistral-large-2411": "31 May 2026",
        "mistral-medium-2312": "16 June 2025",
        "mistral-medium-2505": "31 August 2026",
        "mistral-medium-2508": "31 August 2026",
        "mistral-saba-2502": "30 September 2025",
        "mistral-small-2402": "16 June 2025",
        "mistral-small-2409": "30 November 2025",
        "mistral-small-2501": "30 November 2025",
        "mistral-small-2503": "30 November 2025",
        "mistral-small-2506": "31 July 2026",
        "open-mistral-7b": "30 March 2025",
        "open-mistral-nemo": "31 July 2026",
        "open-mistral-nemo-2407": "31 July 2026",
        "open-mixtral-8x22b": "30 March 2025",
        "open-mixtral-8x7b": "30 March 2025",
        "pixtral-12b-2409": "31 December 2025",
        "pixtral-large-2411": "31 May 2026",
        "voxtral-mini-2507": "31 May 2026",
    }
)
"""Models that Mistral's own API no longer runs, though Bedrock may (Mistral: models/model-cards)."""


def unusable(model: str) -> str | None:
    """The reason for which no batch can use the model, if any: Mistral has retired it. Its batches would fail
    only at their end."""
    date = _RETIRED.get(model)
    return None if date is None else f"Mistral retired it on {date}"
