"""xAI's models: which reason, with what efforts, when they retire.

xAI: docs/guides/reasoning, docs/migration/may-15-retirement. Those that reason take neither stop sequences
nor penalties.
"""

from dataclasses import replace
from datetime import date

from translators.providers.rules.model_rules import ModelRules, RuleTable

_MAY_2026 = date(2026, 5, 15)

_REASONING = ModelRules(
    names=r"grok-4\.20-.*",
    source="xAI: docs/guides/reasoning; neavo/LinguaGacha#771, chenyme/grok2api#814 (2026-11-30)",
    efforts=(),
    penalties=False,
    thinks_by_default=True,
    stop=False,
)
_NOT_REASONING = replace(
    _REASONING, names=r"grok-4\.20-.*non-reasoning.*", penalties=True, thinks_by_default=False, stop=True
)
_4_3 = replace(
    _REASONING,
    names=r"grok-4\.3(-latest)?",
    source="xAI: docs/guides/reasoning; enricoros/big-AGI#1104 (2026-11-30)",
    efforts=("none", "low", "medium", "high"),
    default_effort="low",
)
_4_5 = replace(
    _4_3,
    names=r"grok-4\.5(-latest)?",
    source="xAI: docs/guides/reasoning; Wei-Shaw/sub2api#4409 (2026-11-30)",
    efforts=("low", "medium", "high"),
    default_effort="high",
)

ROWS: tuple[ModelRules, ...] = (
    _NOT_REASONING,
    replace(_REASONING, names=r"grok-4\.20-multi-agent.*", efforts=("low", "medium", "high", "xhigh")),
    _REASONING,
    _4_3,
    _4_5,
    replace(
        _4_5,
        names=r"grok-4\.6(-latest)?",
        source="xAI: docs/guides/reasoning; VicBilibily/GCMP#396 (2026-11-30)",
        efforts=("low", "medium", "high", "xhigh"),
    ),
    replace(
        _NOT_REASONING, names=r"grok-4(-1)?-fast-non-reasoning.*", retires=_MAY_2026, successor="grok-4.3"
    ),
    replace(
        _REASONING,
        names=r"grok-4(-1)?-fast.*|grok-4(-0709|-latest)?",
        retires=_MAY_2026,
        successor="grok-4.3",
    ),
    replace(_REASONING, names=r"grok-code-fast-1.*", retires=_MAY_2026, successor="grok-4.3"),
    replace(_REASONING, names=r"grok-3-mini.*", efforts=("low", "high"), default_effort="low"),
    replace(_NOT_REASONING, names=r"grok-3(-latest)?", retires=_MAY_2026, successor="grok-4.3"),
    replace(_NOT_REASONING, names=r"grok-(2|3|beta|vision).*"),
)

MODELS = RuleTable(ROWS, replace(_4_5, names=".*"), operator="xAI")
