"""Gemini's models: how much each thinks, what it takes, when it retires; how a key is sent.

Gemini: docs/thinking (budgets and levels), docs/deprecations, docs/changelog, docs/models.
"""

from dataclasses import replace
from datetime import date

from translators.providers.rules.model_rules import INT32, LONG_AGO, ModelRules, RuleTable

_NOT_THINKING = ModelRules(
    names=r"gemma.*|learnlm.*",
    source="Gemini: docs/thinking (2026-11-30)",
    efforts=(),
    prefill="continued",  # pipecat-ai/pipecat#5821 lists the models that go on with a model's turn
    seeds=INT32,  # generate-content: int32, as maxOutputTokens
)
_2_5_FLASH = replace(
    _NOT_THINKING,
    names=r"gemini-2\.5-flash(-001)?",
    source="Gemini: docs/thinking, docs/deprecations; later requests go to the successor (2026-11-30)",
    efforts=None,
    thinks_by_default=True,
    thinking=frozenset({"disabled"}),
    budget=(1, 24_576),
    retires=date(2026, 12, 1),
    successor="gemini-3.5-flash-lite",
)
_3_FLASH = replace(
    _NOT_THINKING,
    names=r"gemini-3-flash-preview|gemini-3\.1-flash-lite(-preview)?",
    source="Gemini: docs/thinking; penalties: firebase/firebase-js-sdk#10362 (2026-11-30)",
    efforts=None,
    thinks_by_default=True,
    levels=("MINIMAL", "LOW", "MEDIUM", "HIGH"),
    penalties=False,
)
_3_6_FLASH = replace(
    _3_FLASH,
    names=r"gemini-3\.6-flash|gemini-3\.5-flash-lite|gemini-flash-lite-latest",
    source="Gemini: docs/latest-model; LibreChat-AI/agents#323; ENTERPILOT/GoModel#863 (2026-11-30)",
    sampling="never",
    prefill="refused",
)
_3_8_FLASH = replace(
    _3_6_FLASH,
    names=r"gemini-3\.[78]-flash|gemini-flash-latest|gemini-4-(argon|carbon|hydrogen)",
    source="Gemini: docs/thinking, thinking levels; anomalyco/opencode#47034; VladoIvankovic/Codeep 3.12 "
    "(2026-11-30)",
    levels=("LOW", "MEDIUM", "HIGH"),
)
_PRO = replace(
    _3_FLASH,
    names=r"gemini-3\.1-pro-preview(-customtools)?|gemini-pro-latest",
    levels=("LOW", "MEDIUM", "HIGH"),
)

ROWS: tuple[ModelRules, ...] = (
    replace(
        _3_8_FLASH,
        names=r".*(-(image|tts|audio|live|transcribe|computer-use)|nano-banana|omni-|robotics-|lyria-).*",
        source="google-genai 3.4: interactions/model.py; made for other answers than text (2026-11-30)",
    ),
    _3_8_FLASH,
    _3_6_FLASH,
    replace(
        _3_FLASH,
        names=r"gemini-3\.5-flash",
        source="Gemini: docs/changelog; since 8 October 2026 gemini-3.6-flash answers (2026-11-30)",
    ),
    _3_FLASH,
    _PRO,
    replace(
        _PRO, names=r"gemini-3-pro-preview", retires=date(2026, 3, 9), successor="gemini-3.1-pro-preview"
    ),
    _2_5_FLASH,
    replace(
        _2_5_FLASH,
        names=r"gemini-2\.5-pro",
        thinking=frozenset(),
        budget=(128, 32_768),
        successor="gemini-3.8-flash",
    ),
    replace(
        _2_5_FLASH,
        names=r"gemini-2\.5-flash-lite.*",
        thinks_by_default=False,
        budget=(512, 24_576),
        retires=None,
        successor="",
    ),
    replace(_2_5_FLASH, names=r"gemini-2\.5-.*", retires=None, successor=""),
    replace(
        _NOT_THINKING,
        names=r"gemini-(1|2\.0).*|gemini-pro",
        retires=LONG_AGO,
        successor="gemini-3.5-flash-lite",
    ),
    _NOT_THINKING,
)


def base_name(model: str, /) -> str:
    """The name without the prefix of the API's resources."""
    return model.removeprefix("models/")


NEWEST = replace(_3_8_FLASH, names=".*")

MODELS = RuleTable(ROWS, NEWEST, base_name=base_name, operator="Google")


def headers(key: str) -> dict[str, str]:
    """The headers that carry an API key (Gemini: docs/api-key). Never in a URL, which ends up in logs."""
    return {"x-goog-api-key": key}


def derived_model(vendor: str, model: str) -> str | None:
    """Gemini's name of a Bedrock model of the same vendor: there is none.

    Bedrock has no Gemini models; of the open-weight Gemma ones it is not known that Gemini's batches take
    them.
    """
    return None
