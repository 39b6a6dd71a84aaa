"""Names of models, and of the project and location where they run.

Google: models/partner-models/claude (model ids), learn/model-versions and deprecations/partner-models (what
Google has retired, on dates of its own), reference/rest (hosts); read in autumn 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from translators.providers.anthropic import models as of_anthropic
from translators.providers.gemini import models as of_gemini
from translators.providers.rules.model_rules import (
    LONG_AGO,
    ModelRules,
    Overrides,
    RuleOverride,
    RuleTable,
    override,
)

_CLAUDE = "claude-"
_GEMINI = "gemini-"
_OF_SOMEBODY = re.compile(r"publishers/(?P<publisher>[^/]+)/models/(?P<model>.+)")
_OF_THE_PROJECT = re.compile(r"projects/[^/]+/locations/[^/]+/(models|endpoints)/.+")
_DATE = re.compile(r"-(\d{8})$")

_NAMED_OTHERWISE: Mapping[str, str] = MappingProxyType(
    {"claude-3-5-sonnet-20241022": "claude-3-5-sonnet-v2@20241022"}
)
"""Anthropic's name → Google's, where more differs than how the date is written."""


def _retires(glob: str, day: date, successor: str = "") -> RuleOverride:
    return override(glob, {"retires": day, "successor": successor})


_DAYS: Overrides = (
    _retires("claude-opus-4", date(2026, 9, 14), "claude-opus-4-8"),
    _retires("claude-sonnet-4", date(2026, 9, 14), "claude-sonnet-4-6"),
    _retires("claude-3-5-haiku", date(2026, 7, 5), "claude-haiku-4-5"),
    _retires("claude-3-7-sonnet", date(2026, 5, 11), "claude-sonnet-4-6"),
    _retires("claude-3-5-sonnet*", LONG_AGO),
    *(_retires(f"claude-3-{line}", LONG_AGO) for line in ("opus", "sonnet", "haiku")),
    _retires("claude-opus-4-5", date(2027, 1, 22), "claude-opus-5-5"),  # samarthputhraya/Modelpin v0.5.7
    _retires("gemini-1*", LONG_AGO),
    _retires("gemini-2.0*", LONG_AGO),
    _retires("gemini-pro*", LONG_AGO),
)
"""The last days on which Google runs models: others than the vendors' own."""


def base_name(model: str) -> str:
    """The model's own name, without its publisher."""
    named = _OF_SOMEBODY.fullmatch(model)
    return model if named is None else named["model"]


def is_claude(model: str) -> bool:
    """Whether it is one of Anthropic's, and not one of Google's."""
    return base_name(model).startswith(_CLAUDE)


def anthropic_name(model: str) -> str:
    """Anthropic's name of a model of Claude: the date with a hyphen, no word in its place."""
    name, _, version = base_name(model).partition("@")
    return f"{name}-{version}" if version.isdecimal() else name


def resource(model: str) -> str:
    """Name of the model in a job: `publishers/google/models/…`, or a tuned model of the project as it is."""
    if "/" in model:
        return model
    return f"publishers/{'anthropic' if is_claude(model) else 'google'}/models/{model}"


def derived_model(vendor: str, model: str) -> str | None:
    """Google's name of a Bedrock model of Claude: Anthropic's, its date after an `@`. Bedrock has none of
    Gemini's."""
    name = of_anthropic.derived_model(vendor, model)
    return None if name is None else _NAMED_OTHERWISE.get(name, _DATE.sub(r"@\1", name))


def unusable(model: str) -> str | None:
    """The reason for which no job can use the model: it is neither of the two kinds."""
    if _OF_THE_PROJECT.fullmatch(model) is None and not base_name(model).startswith((_CLAUDE, _GEMINI)):
        return "of Vertex AI's models only Gemini's, Claude's and the project's own can be asked"
    return None


def _known_name(model: str, /) -> str:
    return _DATE.sub("", anthropic_name(model)) if is_claude(model) else base_name(model)


def _here(row: ModelRules) -> ModelRules:
    return replace(row, retires=None, successor="")


MODELS = RuleTable(
    tuple(map(_here, (*of_anthropic.ROWS, *of_gemini.ROWS))),
    _here(of_anthropic.NEWEST),
    _here(of_gemini.NEWEST),
    base_name=_known_name,
    changes=_DAYS,
    operator="Google",
)


def address(base_url: str, settings: Mapping[str, str]) -> str:
    """The URL of a project and a location; `base_url` is the host, if not the location's own."""
    project, location = settings["project"], settings["location"]
    return f"{base_url or _host(location)}/v1/projects/{project}/locations/{location}"


def _host(location: str) -> str:
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in {"us", "eu"}:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"
