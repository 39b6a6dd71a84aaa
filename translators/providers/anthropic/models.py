"""Anthropic's models: what each takes of a message, when it retires, what it is called; how a key is sent.

Anthropic: models/<model>/{overview,migration-guide,whats-new}, about-claude/model-deprecations,
build-with-claude/{thinking,effort,mid-conversation-system-messages,structured-outputs}, api/messages/create
(temperature). Retirement dates also in anthropic 2.12 (_data/deprecated_models.py).
"""

import re
from dataclasses import replace
from datetime import date

from translators.providers.converse_requests import Effort
from translators.providers.rules.model_rules import ModelRules, RuleTable, ThinkingKind

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
"""Values of `output_config.effort`, from least to most."""

_WITH_A_BUDGET: frozenset[ThinkingKind] = frozenset({"enabled", "disabled"})
_ADAPTIVE: frozenset[ThinkingKind] = frozenset({"adaptive"})

_UP_TO_4_0 = ModelRules(
    names=r"claude-(opus|sonnet)-4(-0)?",
    source="Anthropic: about-claude/model-deprecations (2026-11-30)",
    efforts=(),
    most_temperature=1.0,
    schemas=False,
    system_turns=False,
    prefill="continued",
    thinking=_WITH_A_BUDGET,
    budget=(1024, 128_000),
    most_tokens=32_000,
    retires=date(2026, 6, 15),
    successor="claude-opus-4-8",
)
_4_5 = replace(
    _UP_TO_4_0,
    names=r"claude-haiku-4-5",
    source="Anthropic: models/haiku-4-5/migration-guide (2026-11-30)",
    sampling="one",
    schemas=True,
    most_tokens=64_000,
    retires=None,
    successor="",
)
_4_6 = replace(
    _4_5,
    names=r"claude-(opus|sonnet)-4-6",
    source="Anthropic: models/opus-5-5/migration-guide, migrating from 4.6 (2026-11-30)",
    efforts=("low", "medium", "high", "max"),
    prefill="refused",
    thinking=_WITH_A_BUDGET | _ADAPTIVE,
    most_tokens=128_000,
)
_4_7 = replace(
    _4_6,
    names=r"claude-opus-4-7",
    source="Anthropic: build-with-claude/thinking-troubleshooting (2026-11-30)",
    efforts=EFFORTS,
    sampling="never",
    thinking=_ADAPTIVE | {"disabled"},
    budget=None,
)
_4_8 = replace(
    _4_7,
    names=r"claude-opus-4-8",
    source="Anthropic: build-with-claude/mid-conversation-system-messages (2026-11-30)",
    system_turns=True,
)
_5 = replace(
    _4_8,
    names=r"claude-sonnet-5",
    source="Anthropic: models/sonnet-5/overview; langchain-ai/langchainjs#11922 (2026-11-30)",
    thinks_by_default=True,
)
_FABLE_5 = replace(
    _5,
    names=r"claude-(fable|mythos)-5",
    source="Anthropic: models/fable-5/migration-guide (2026-11-30)",
    thinking=_ADAPTIVE,
)
_OPUS_5_5 = replace(
    _FABLE_5,
    names=r"claude-(opus-5-5|(fable|mythos)-5-[12])",
    source="Anthropic: models/opus-5-5/whats-new-opus-5-5, which names Fable 5.1 too (2026-11-30)",
    forced_tools=False,
)

_SONNET_3_7 = replace(
    _UP_TO_4_0,
    names=r"claude-3-7-sonnet(-latest)?",
    most_tokens=None,
    retires=date(2026, 2, 19),
    successor="claude-sonnet-4-6",
)
_NOT_THINKING = replace(_SONNET_3_7, thinking=frozenset(), budget=None)

ROWS: tuple[ModelRules, ...] = (
    _OPUS_5_5,
    replace(
        _OPUS_5_5,
        names=r"claude-sonnet-5-5",
        source="Anthropic: models/sonnet-5-5/whats-new-sonnet-5-5 (2026-11-30)",
        thinking=_ADAPTIVE | {"between_tools"},
    ),
    replace(
        _5,
        names=r"claude-haiku-5-5",
        source="Anthropic: models/haiku-5-5/whats-new-haiku-5-5 (2026-11-30)",
        always_thinks_from="xhigh",
    ),
    replace(
        _5,
        names=r"claude-opus-5",
        source="Anthropic: models/opus-5/whats-new-opus-5 (2026-11-30)",
        always_thinks_from="xhigh",
    ),
    _FABLE_5,
    _5,
    replace(
        _FABLE_5,
        names=r"claude-mythos-preview",
        efforts=("low", "medium", "high", "max"),
        system_turns=False,
        retires=date(2026, 6, 30),
        successor="claude-mythos-5",
    ),
    _4_8,
    _4_7,
    _4_6,
    replace(
        _4_5,
        names=r"claude-opus-4-5",
        source="Anthropic: about-claude/model-deprecations, as samarthputhraya/Modelpin v0.5.7 has it; "
        "its date is tentative (2026-11-30)",
        efforts=("low", "medium", "high"),
        retires=date(2027, 1, 22),
        successor="claude-opus-5-5",
    ),
    replace(
        _4_5,
        names=r"claude-sonnet-4-5",
        source="Anthropic: models/sonnet-4-5/overview (2026-11-30)",
        retires=date(2026, 11, 30),
        successor="claude-sonnet-5-5",
    ),
    _4_5,
    replace(
        _4_5,
        names=r"claude-opus-4-1",
        most_tokens=32_000,
        retires=date(2026, 8, 5),
        successor="claude-opus-4-8",
    ),
    replace(_UP_TO_4_0, names=r"claude-sonnet-4(-0)?", most_tokens=64_000, successor="claude-sonnet-4-6"),
    _UP_TO_4_0,
    _SONNET_3_7,
    replace(_NOT_THINKING, names=r"claude-3-5-haiku(-latest)?", successor="claude-haiku-4-5"),
    replace(
        _NOT_THINKING,
        names=r"claude-3-haiku",
        retires=date(2026, 4, 20),
        successor="claude-haiku-4-5",
    ),
    replace(
        _NOT_THINKING,
        names=r"claude-3-opus(-latest)?",
        retires=date(2026, 1, 5),
        successor="claude-opus-4-8",
    ),
    replace(_NOT_THINKING, names=r"claude-3-5-sonnet.*", retires=date(2025, 10, 28)),
    replace(_NOT_THINKING, names=r"claude-(3-sonnet|2(\.\d)?|v2.*)", retires=date(2025, 7, 21)),
    replace(_NOT_THINKING, names=r"claude-(1(\.\d)?.*|v1.*|instant-.*)", retires=date(2024, 11, 6)),
)

NEWEST = replace(_OPUS_5_5, names=r"claude-.*")
_FOREIGN = ModelRules(
    names=".*",
    source="no source: a model of another vendor behind a server of Anthropic's format",
    prefill="continued",
    thinking=frozenset({"enabled", "adaptive", "disabled", "between_tools"}),
)

_DATE = re.compile(r"-\d{8}$")


def _undated(model: str, /) -> str:
    return _DATE.sub("", model)


MODELS = RuleTable(ROWS, NEWEST, _FOREIGN, base_name=_undated, operator="Anthropic")


def headers(key: str) -> dict[str, str]:
    """The headers that carry an API key (Anthropic: api/overview, Authentication)."""
    return {"x-api-key": key}


_SUFFIX = re.compile(r"(-v\d+)?(:.*)?$")
_BEFORE_CLAUDE_3 = re.compile(r"claude-(instant-)?v\d.*")


def derived_model(vendor: str, model: str) -> str | None:
    """Anthropic's name of a Bedrock model of theirs: without `-v1:0`, and without a context size.

    Anthropic: about-claude/models/model-ids-and-versions. Opus 4.6 has a bare `-v1`, later models have
    nothing to strip; the second Claude 3.5 Sonnet is `-v2:0`, but its date distinguishes it. Claude 2 has
    names of another kind; the models before it have no other than Bedrock's.
    """
    if vendor != "anthropic":
        return None
    if _BEFORE_CLAUDE_3.fullmatch(model) is None:
        return _SUFFIX.sub("", model, count=1)
    if model.startswith("claude-v2"):
        return "claude-2.1" if model.startswith("claude-v2:1") else "claude-2.0"
    return model
