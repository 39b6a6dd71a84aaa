"""The rules of models: one row type for all providers, and the table in which a model's row is found.

A provider's folder holds its rows. A row is true for every name that its pattern matches, and says where and
when that was read. A section of the configuration can change a row (`RuleChanges`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal, Protocol, TypedDict

from translators.providers.converse_requests import EFFORTS, Effort

type Endpoint = Literal["usual", "responses"]
type Sampling = Literal["always", "one", "without reasoning", "never"]
type Prefill = Literal["continued", "starts over", "refused"]
type ThinkingKind = Literal["enabled", "adaptive", "disabled", "between_tools"]
type Level = Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"]
type Range = tuple[int, int]
"""The least and the most."""

INT32: Range = (-(2**31), 2**31 - 1)
INT64: Range = (-(2**63), 2**63 - 1)

LONG_AGO = date.min
"""Stands for a day of retirement of which only is known that it is past."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelRules:
    """The parts of a request that the models of one name or family take, and the end of their life.

    The defaults are those of a model that takes whatever is asked. Each row is like itself only, so that what
    is remembered by it is found at once.
    """

    names: str
    """Regular expression for a whole name."""
    source: str
    """The document of the rules, and the date on which it was read."""
    endpoint: Endpoint = "usual"
    """The provider's endpoint that the model needs."""
    efforts: tuple[Effort, ...] | None = None
    """The accepted efforts of reasoning; none for a model without a choice, None where they are unknown."""
    default_effort: Effort | None = None
    """The effort where none is asked for; None where it is unknown, or the model has none."""
    tools_with_effort: bool = True
    """Whether the usual endpoint takes tools of a model that reasons."""
    sampling: Sampling = "always"
    """Condition under which temperature and top_p are accepted; `one`: either of them."""
    penalties: bool = True
    """Whether presence and frequency penalties are accepted."""
    most_temperature: float = 2.0
    schemas: bool = True
    """Whether the answer can be held to a JSON schema."""
    forced_tools: bool = True
    """Whether a tool call can be demanded."""
    system_turns: bool = True
    """Whether system messages may stand between turns."""
    prefill: Prefill = "starts over"
    """The model's treatment of a last message of the assistant's."""
    thinks_by_default: bool = False
    """Whether the model thinks unless the request switches that off. Thoughts count toward the limit."""
    thinking: frozenset[ThinkingKind] = frozenset()
    """The accepted kinds of Claude's `thinking`."""
    always_thinks_from: Effort | None = None
    """The least effort at which thinking cannot be disabled, where there is one."""
    budget: Range | None = None
    """Thinking is counted in so many tokens."""
    levels: tuple[Level, ...] = ()
    """Thinking has levels."""
    most_tokens: int | None = None
    """The largest limit of tokens."""
    stop: bool = True
    """Whether stop sequences are accepted."""
    parallel_tool_calls: bool = True
    """Whether the parameter of this name is accepted."""
    seeds: Range = INT64
    retires: date | None = None
    """The last day on which the model answers."""
    successor: str = ""
    """The model that the vendor recommends instead."""

    @property
    def reasons(self) -> bool:
        """Whether the model may reason at all."""
        return self.efforts != () or self.thinks_by_default

    def closest_effort(self, asked: Effort) -> Effort | None:
        """The accepted effort closest to the one asked for, the higher of two; none only for none.

        None where reasoning can be switched off but not be measured.
        """
        if self.efforts is None:
            return asked
        rank = EFFORTS.index(asked)
        candidates: list[Effort] = [word for word in self.efforts if word != "none" or asked == "none"]
        return min(
            candidates, key=lambda word: (abs(EFFORTS.index(word) - rank), -EFFORTS.index(word)), default=None
        )

    def samples_at(self, effort: Effort | None) -> bool:
        """Whether sampling parameters are accepted beside this effort; None for the default one."""
        if self.sampling == "without reasoning":
            return (effort or self.default_effort) == "none"
        return self.sampling != "never"


class RuleChanges(TypedDict, total=False):
    """Members of a row that a section of the configuration can state otherwise."""

    endpoint: Endpoint
    efforts: tuple[Effort, ...]
    default_effort: Effort
    tools_with_effort: bool
    sampling: Sampling
    penalties: bool
    most_temperature: float
    schemas: bool
    forced_tools: bool
    system_turns: bool
    prefill: Prefill
    thinks_by_default: bool
    thinking: frozenset[ThinkingKind]
    always_thinks_from: Effort
    budget: Range
    levels: tuple[Level, ...]
    most_tokens: int
    stop: bool
    parallel_tool_calls: bool
    seeds: Range
    retires: date
    successor: str


@dataclass(frozen=True)
class RuleOverride:
    """Changes of the rows of all models that match a glob. Hashable, as rows are looked up by it."""

    glob: str
    changes: tuple[tuple[str, Any], ...]


type Overrides = tuple[RuleOverride, ...]


def override(glob: str, changes: RuleChanges) -> RuleOverride:
    """The changes as a `RuleOverride`."""
    return RuleOverride(glob, tuple(changes.items()))


class FindRules(Protocol):
    """Finds the rules of a model, by the provider's name of it."""

    def __call__(self, model: str, overrides: Overrides = (), /) -> ModelRules: ...


class KnowsVendor(Protocol):
    """Finds out whether a name is one of the table's vendor."""

    def __call__(self, model: str, /) -> bool: ...


class BaseName(Protocol):
    """The name by which a table knows a model: without prefixes of tuned models and the like."""

    def __call__(self, model: str, /) -> str: ...


def _same(model: str, /) -> str:
    return model


class RuleTable:
    """The rows of a provider's models. The first row that matches counts."""

    rules: FindRules
    """A model's row with the section's changes. A name that no row knows has the rules of `newest`, which are
    the strictest ones, or of `foreign` if it is no name of this vendor."""

    knows_vendor_of: KnowsVendor

    def __init__(
        self,
        rows: Sequence[ModelRules],
        newest: ModelRules,
        foreign: ModelRules | None = None,
        base_name: BaseName = _same,
        changes: Overrides = (),
        operator: str = "the provider",
    ) -> None:
        """`newest.names` matches all names of the vendor. `changes`: what the provider does otherwise than
        the rows, which are those of the models' vendors. `operator`: the company that runs the models, for
        messages."""
        self.rows = rows
        self.operator = operator
        self._newest = newest
        self._foreign = foreign
        self._base_name = base_name
        self._changes = changes
        # Both are asked for every record, and a job has one model.
        self.rules = lru_cache(maxsize=64)(self._find)
        self.knows_vendor_of = lru_cache(maxsize=64)(self._knows_vendor_of)

    def row(self, model: str, /) -> ModelRules | None:
        """The row that knows the name."""
        base = self._base_name(model)
        return next((row for row in self.rows if re.fullmatch(row.names, base)), None)

    def _knows_vendor_of(self, model: str, /) -> bool:
        base = self._base_name(model)
        return self.row(model) is not None or re.fullmatch(self._newest.names, base) is not None

    def _find(self, model: str, overrides: Overrides = (), /) -> ModelRules:
        rules = self.row(model)
        if rules is None:
            rules = self._newest if self.knows_vendor_of(model) or self._foreign is None else self._foreign
        rules = _changed(rules, self._base_name(model), self._changes)
        return _changed(rules, model, overrides)


def _changed(rules: ModelRules, name: str, overrides: Overrides) -> ModelRules:
    for one in overrides:
        if fnmatchcase(name, one.glob):
            rules = replace(rules, **dict(one.changes))
    return rules


ANY = ModelRules(names=".*", source="no source: nothing is known of these models")
"""The rules of models of which nothing is known: they get what was asked."""

NONE_KNOWN = RuleTable((), ANY)
"""The table of a provider that knows nothing of its models."""
