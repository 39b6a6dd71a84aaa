"""Facts that depend on the model or the account: limits of thinking, headers with the key."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

type Level = Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"]


@dataclass(frozen=True, kw_only=True)
class Budgeted:
    """A model with thinking counted in tokens (`thinkingBudget`; 0 is off, -1 leaves it to the model)."""

    least: int
    most: int
    can_be_off: bool = True


@dataclass(frozen=True, kw_only=True)
class Levelled:
    """A model with levels of thinking that cannot be switched off (`thinkingLevel`).

    Such a model also refuses function calls of the current turn that lack their thought signature.
    """

    levels: tuple[Level, ...] = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


type Thinking = Budgeted | Levelled | None
"""A model's setting for the amount of thinking; None for a model that does not think."""

# Gemini: docs/thinking (ranges and levels by model), docs/thought-signatures. The first match counts; a name
# that is not here is taken for a model newer than these.
_FAMILIES: tuple[tuple[re.Pattern[str], Thinking], ...] = (
    (re.compile(r"gemini-(1|2\.0)|gemma|learnlm"), None),
    (re.compile(r"gemini-2\.5-pro"), Budgeted(least=128, most=32_768, can_be_off=False)),
    (re.compile(r"gemini-2\.5-flash-lite"), Budgeted(least=512, most=24_576)),
    (re.compile(r"gemini-2\.5"), Budgeted(least=1, most=24_576)),
    (re.compile(r"gemini-[\d.]+-pro|gemini-pro"), Levelled(levels=("LOW", "MEDIUM", "HIGH"))),
)


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def thinking(model: str) -> Thinking:
    """The model's setting for the amount of thinking."""
    base = model.removeprefix("models/")
    return next((found for family, found in _FAMILIES if family.match(base)), Levelled())


def headers(key: str) -> dict[str, str]:
    """The headers that carry an API key (Gemini: docs/api-key). Never in a URL, which ends up in logs."""
    return {"x-goog-api-key": key}


def derived_model(vendor: str, model: str) -> str | None:
    """Gemini's name of a Bedrock model of the same vendor: there is none.

    Bedrock has no Gemini models; of the open-weight Gemma ones it is not known that Gemini's batches take
    them.
    """
    return None
