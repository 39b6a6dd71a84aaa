"""Names of models, and of the project and location where they run.

Google: models/partner-models/claude (model ids), learn/model-versions and deprecations/partner-models (what
Google has retired, on dates of its own), reference/rest (hosts); read in autumn 2026.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from translators.providers.anthropic import models as of_anthropic

_CLAUDE = "claude-"
_GEMINI = "gemini-"
_OF_SOMEBODY = re.compile(r"publishers/(?P<publisher>[^/]+)/models/(?P<model>.+)")
_OF_THE_PROJECT = re.compile(r"projects/[^/]+/locations/[^/]+/(models|endpoints)/.+")
_DATE = re.compile(r"-(\d{8})$")

_NAMED_OTHERWISE: Mapping[str, str] = MappingProxyType(
    {"claude-3-5-sonnet-20241022": "claude-3-5-sonnet-v2@20241022"}
)
"""Anthropic's name → Google's, where more differs than how the date is written."""

_RETIRED: Mapping[str, str] = MappingProxyType(
    {
        "claude-opus-4": "14 September 2026",
        "claude-sonnet-4": "14 September 2026",
        "claude-3-5-haiku": "5 July 2026",
        "claude-3-7-sonnet": "11 May 2026",
    }
)
"""Models of Claude, without their date, that Google no longer runs, though Bedrock or Anthropic may."""

_RETIRED_EARLIER = re.compile(r"claude-3-(opus|sonnet|haiku|5-sonnet(-v2)?)|gemini-(1|2\.0)\b.*|gemini-pro.*")


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
    """The reason for which no job can use the model, if any: it is neither of the two kinds, or retired."""
    if _OF_THE_PROJECT.fullmatch(model) is not None:
        return None
    name = base_name(model).partition("@")[0]
    if not name.startswith((_CLAUDE, _GEMINI)):
        return "of Vertex AI's models only Gemini's, Claude's and the project's own can be asked"
    date = _RETIRED.get(_DATE.sub("", name))
    if date is not None:
        return f"Google retired it on {date}"
    return "Google has retired it" if _RETIRED_EARLIER.fullmatch(_DATE.sub("", name)) else None


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
