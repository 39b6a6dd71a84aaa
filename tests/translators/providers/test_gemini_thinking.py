"""How much a Gemini model is asked to think."""

from typing import Any

import pytest

from tests.translators.providers.converse_records import HI, asking
from tests.translators.providers.gemini_records import config, effects

FLASH, LITE, PRO = "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"
THREE, THREE_PRO = "gemini-3.5-flash", "gemini-3.1-pro-preview"

ON = {"type": "enabled", "budget_tokens": 10_000}
SILENT = {"display": "omitted"}


def effort(word: str) -> dict[str, Any]:
    return HI | {"outputConfig": {"effort": word}}


@pytest.mark.parametrize(
    ("record", "model", "sent"),
    [
        (asking(thinking=ON), FLASH, {"includeThoughts": True, "thinkingBudget": 10_000}),
        (asking(thinking=ON | SILENT), FLASH, {"thinkingBudget": 10_000}),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 64}),
            PRO,
            {"includeThoughts": True, "thinkingBudget": 128},
        ),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 99_999}),
            PRO,
            {"includeThoughts": True, "thinkingBudget": 32_768},
        ),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 64}),
            LITE,
            {"includeThoughts": True, "thinkingBudget": 512},
        ),
        (asking(thinking={"type": "adaptive"}), PRO, {"includeThoughts": True, "thinkingBudget": -1}),
        (asking(thinking={"type": "disabled"}), FLASH, {"thinkingBudget": 0}),
        (asking(thinking={"type": "disabled"}), PRO, {"thinkingBudget": 128}),
        (asking(thinking={"type": "disabled"}), THREE, {"thinkingLevel": "MINIMAL"}),
        (asking(thinking={"type": "disabled"}), THREE_PRO, {"thinkingLevel": "LOW"}),
        (asking(thinking={"type": "adaptive"}), THREE, {"includeThoughts": True}),
        (asking(thinking={"type": "adaptive"} | SILENT), THREE, None),
        (asking(thinking=ON), THREE, {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 4096}),
            THREE,
            {"includeThoughts": True, "thinkingLevel": "LOW"},
        ),
        (
            asking(thinking={"type": "enabled", "budget_tokens": 20_000}),
            THREE,
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (asking(reasoning_effort="none"), FLASH, {"thinkingBudget": 0}),
        (asking(reasoning_effort="none"), THREE, {"thinkingLevel": "MINIMAL"}),
        (asking(reasoning_effort="minimal"), THREE, {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
        (asking(reasoning_effort="medium"), FLASH, {"includeThoughts": True, "thinkingBudget": 8192}),
        (asking(reasoning_effort="xhigh"), THREE, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (effort("low"), FLASH, {"thinkingBudget": 1024}),
        (effort("max"), THREE, {"thinkingLevel": "HIGH"}),
        (
            effort("high") | asking(thinking={"type": "adaptive"}),
            THREE,
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (effort("high") | asking(thinking={"type": "disabled"}), THREE, {"thinkingLevel": "MINIMAL"}),
        (
            effort("low") | asking(reasoning_effort="high"),
            THREE,
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (
            asking(thinking=ON, reasoning_effort="low"),
            FLASH,
            {"includeThoughts": True, "thinkingBudget": 10_000},
        ),
        (asking(thinking=ON), "gemini-2.0-flash", None),
        (asking(thinking={"type": "disabled"}), "gemma-3-27b-it", None),
        (asking(thinking={"type": "adaptive"}), "models/gemini-2.0-flash", None),
    ],
    ids=str,
)
def test_thinking_is_told_in_the_model_s_own_way(
    record: dict[str, Any], model: str, sent: dict[str, Any] | None
) -> None:
    assert config(record, model).get("thinkingConfig") == sent


@pytest.mark.parametrize(
    ("record", "model", "noted"),
    [
        (asking(thinking=ON), FLASH, {}),
        (asking(thinking={"type": "disabled"}), FLASH, {}),
        (asking(thinking={"type": "adaptive"}), THREE, {}),
        (asking(reasoning_effort="low"), THREE, {}),
        (asking(thinking={"type": "disabled"}), "gemini-2.0-flash", {}),
        (asking(thinking={"type": "disabled"}), THREE, {"additionalModelRequestFields.thinking": "mapped"}),
        (asking(thinking={"type": "disabled"}), PRO, {"additionalModelRequestFields.thinking": "mapped"}),
        (asking(thinking=ON), THREE, {"additionalModelRequestFields.thinking": "mapped"}),
        (asking(thinking=ON), "gemini-2.0-flash", {"additionalModelRequestFields.thinking": "dropped"}),
        (
            asking(thinking={"type": "adaptive"}),
            "gemini-2.0-flash",
            {"additionalModelRequestFields.thinking": "dropped"},
        ),
        (asking(reasoning_effort="low"), FLASH, {"additionalModelRequestFields.reasoning_effort": "mapped"}),
        (effort("low"), THREE, {"outputConfig.effort": "mapped"}),
        (
            effort("low") | asking(thinking=ON),
            FLASH,
            {"outputConfig.effort": "dropped"},
        ),
    ],
    ids=str,
)
def test_what_is_not_said_as_it_was_asked_is_noted(
    record: dict[str, Any], model: str, noted: dict[str, str]
) -> None:
    assert effects(record, model) == noted
