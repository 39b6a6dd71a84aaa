"""Bodies in a provider's own format that hold texts and the common parameters only, as most do.

Their types are checked while they are decoded, so that hardly a rule is left to look at: half the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from translators.providers.batch_file import Line
from translators.providers.native.parameters import MOST_REMEMBERED
from translators.providers.rules.checks import SMALL_LIMIT
from translators.providers.rules.model_rules import INT32, ModelRules, Overrides

type Text = Annotated[str, Meta(min_length=1)]
type Limit = Annotated[int, Meta(ge=1)]
type Positive = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True)
class Plain[Body: Struct]:
    """Translation of such bodies."""

    body: type[Body]
    line: Callable[[str, Body, str, Overrides], Line | None]
    """Custom id, body, model, changes of its rules → the line; None where a rule concerns the body, which is
    left as it was."""


@lru_cache(maxsize=MOST_REMEMBERED)  # the parameters of a job's records are few
def suits(
    rules: ModelRules, limit: int | None, temperature: float | None, top_p: float | None, last_role: str
) -> bool:
    """Whether no rule of the model concerns these parameters, and a last message of this role."""
    if temperature is not None or top_p is not None:
        if not rules.samples_at(None) or (temperature or 0) > rules.most_temperature:
            return False
        if rules.sampling == "one" and temperature is not None and top_p is not None:
            return False
    if limit is not None:
        least = SMALL_LIMIT if rules.thinks_by_default else 1
        if not least <= limit <= (rules.most_tokens or INT32[1]):
            return False
    return last_role != "assistant" or rules.prefill == "continued"
