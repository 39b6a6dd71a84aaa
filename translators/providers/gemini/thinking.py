"""Amount of thinking, and whether the thoughts are returned (Gemini: docs/thinking, `thinkingConfig`)."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note, Request
from translators.errors import Refused
from translators.providers.converse_requests import Effort, known_effort
from translators.providers.rules.model_rules import Level, ModelRules, Range

_THINKING = "additionalModelRequestFields.thinking"
_REASONING_EFFORT = "additionalModelRequestFields.reasoning_effort"
_EFFORT = "outputConfig.effort"

_BUDGETS: Mapping[Effort, int] = MappingProxyType(
    {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
)
"""Gemini: docs/openai, what `reasoning_effort` means in tokens."""
_LEVELS: Mapping[Effort, Level] = MappingProxyType(
    {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH"}
)
_STEPS: tuple[tuple[int, Effort], ...] = ((4096, "low"), (16_384, "medium"))
"""Up to so many tokens of thinking, this level; above, high. Gemini names no numbers: the steps are ours."""

_DYNAMIC = -1


class _Thinking(Struct, frozen=True):
    """Claude's `thinking`."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class ThinkingConfig(Struct, frozen=True, rename="camel", omit_defaults=True):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: Level | None = None

    @property
    def is_off(self) -> bool:
        """Whether the request switches thinking off."""
        return self.thinking_budget == 0


def thinking_config(request: Request, rules: ModelRules, notes: list[Note]) -> ThinkingConfig | None:
    """The record's settings for thinking; None when it has none. Raises `Refused`.

    Where several are given, the first of these counts: thinking disabled, a budget of tokens,
    `reasoning_effort`, Bedrock's effort. Adaptive thinking goes together with any effort.
    """
    extra = request.additional_model_request_fields
    if extra is None and request.output_config is None:
        return None
    extra = extra or {}
    asked = _asked(extra.get("thinking"))
    said = _said(request, extra, asked)
    if asked is None and not said:
        return None
    notes += [Note(field, "dropped", f"{said[0][0]} counts") for field, _ in said[1:]]
    field, amount = said[0] if said else (_THINKING, None)
    if rules.budget is None and not rules.levels:
        if amount != "none":
            notes.append(Note(field, "dropped", "the model does not think"))
        return None
    shown = asked.type != "disabled" and asked.display != "omitted" if asked else field == _REASONING_EFFORT
    show = True if shown and amount != "none" else None
    if rules.budget is not None:
        return ThinkingConfig(show, _budget(amount, field, rules, rules.budget, notes))
    level = _level(amount, field, rules.levels, notes)
    return None if level is None and show is None else ThinkingConfig(show, thinking_level=level)


def _asked(value: object) -> _Thinking | None:
    if value is None:
        return None
    try:
        asked = msgspec.convert(value, _Thinking)
    except msgspec.ValidationError as error:
        raise Refused(_THINKING, str(error)) from error
    if asked.type not in {"enabled", "adaptive", "disabled"}:
        raise Refused(_THINKING, f"{asked.type!r} is not one of enabled, adaptive, disabled")
    if asked.type == "enabled" and asked.budget_tokens is None:
        raise Refused(_THINKING, "'enabled' has no budget_tokens")
    return asked


def _said(
    request: Request, extra: Mapping[str, object], asked: _Thinking | None
) -> list[tuple[str, Effort | int]]:
    """The requested amounts of thinking, each with its field, in order of precedence."""
    said: list[tuple[str, Effort | int]] = []
    if asked is not None and asked.type == "disabled":
        said.append((_THINKING, "none"))
    if asked is not None and asked.type == "enabled" and asked.budget_tokens is not None:
        said.append((_THINKING, asked.budget_tokens))
    if extra.get("reasoning_effort") is not None:
        said.append((_REASONING_EFFORT, known_effort(extra["reasoning_effort"], _REASONING_EFFORT)))
    if request.output_config is not None and request.output_config.effort is not None:
        said.append((_EFFORT, known_effort(request.output_config.effort, _EFFORT)))
    return said


def _budget(
    amount: Effort | int | None, field: str, rules: ModelRules, budget: Range, notes: list[Note]
) -> int:
    if amount is None:
        return _DYNAMIC
    if amount == "none" and "disabled" in rules.thinking:
        return 0
    wanted = amount if isinstance(amount, int) else _BUDGETS.get(amount, 0)
    least, most = budget
    sent = min(max(wanted, least), most)
    if sent != amount:
        notes.append(Note(field, "mapped", f"sent as thinkingBudget {sent}"))
    return sent


def _level(
    amount: Effort | int | None, field: str, levels: tuple[Level, ...], notes: list[Note]
) -> Level | None:
    """The model's level; it thinks as much as it finds right when none is sent."""
    if amount is None:
        return None
    wanted = _LEVELS.get(_step(amount) if isinstance(amount, int) else amount, "MINIMAL")
    sent = wanted if wanted in levels else levels[0]
    if (field, sent.lower()) != (_REASONING_EFFORT, amount):
        notes.append(Note(field, "mapped", f"sent as thinkingLevel {sent}"))
    return sent


def _step(budget: int) -> Effort:
    for most, effort in _STEPS:
        if budget <= most:
            return effort
    return "high"
