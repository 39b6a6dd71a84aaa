"""Facts that depend on the model or the account: name, accepted parameters, retirement, the key.

Anthropic: about-claude/models (overview, ids, deprecations, migration guide), build-with-claude/effort,
build-with-claude/thinking-troubleshooting; read in autumn 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

type Effort = Literal["low", "medium", "high", "xhigh", "max"]
type Thinking = Literal["enabled", "adaptive", "disabled", "between_tools"]

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
"""Values of `output_config.effort`, from least to most."""

_ANY_THINKING: frozenset[Thinking] = frozenset({"enabled", "adaptive", "disabled", "between_tools"})


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The parameters of a message that a model accepts; the rest of the API is the same for all.

    The defaults are those of an unknown model: it is sent what the record requests.
    """

    most_tokens: int | None = None
    """The largest `max_tokens`."""
    sampling: bool = True
    """Whether temperature, top_p and top_k are accepted."""
    prefill: bool = True
    """Whether the last message may be the beginning of the answer."""
    thinking: frozenset[Thinking] = _ANY_THINKING
    """The kinds of `thinking` that are accepted."""
    always_thinks_from: Effort | None = None
    """The least effort at which `thinking` cannot be disabled, where there is one."""
    efforts: tuple[Effort, ...] = EFFORTS
    """The accepted values of `output_config.effort`."""


_NEW_NAME = re.compile(r"claude-(?P<line>[a-z]+)-(?P<major>\d)(?:-(?P<minor>\d{1,2}))?(?:-\d{8})?")
_OLD_NAME = re.compile(r"claude-(?P<major>\d)(?:-(?P<minor>\d))?-(?P<line>[a-z]+)(?:-\d{8}|-latest)?")
_PREVIEW = "claude-mythos-preview"

_ALWAYS_THINKING = frozenset({"fable", "mythos"})


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def traits(model: str) -> Traits:
    """The parameters that the model accepts."""
    if model == _PREVIEW:
        return _traits("mythos", (5, 0), ("low", "medium", "high", "max"))
    named = _NEW_NAME.fullmatch(model) or _OLD_NAME.fullmatch(model)
    if named is None:
        return Traits()
    version = int(named["major"]), int(named["minor"] or 0)
    return _traits(named["line"], version, _efforts(named["line"], version))


def _traits(line: str, version: tuple[int, int], efforts: tuple[Effort, ...]) -> Traits:
    return Traits(
        most_tokens=_most_tokens(line, version),
        sampling=version < (4, 7),
        prefill=version < (4, 6),
        thinking=_thinking(line, version),
        always_thinks_from="xhigh" if (line, version) == ("opus", (5, 0)) else None,
        efforts=efforts,
    )


def _most_tokens(line: str, version: tuple[int, int]) -> int | None:
    if version >= (4, 6):
        return 128_000
    if version >= (4, 5):
        return 64_000
    return {"opus": 32_000, "sonnet": 64_000}.get(line) if version >= (4, 0) else None


def _thinking(line: str, version: tuple[int, int]) -> frozenset[Thinking]:
    if line in _ALWAYS_THINKING:
        return frozenset({"adaptive"})
    if line == "sonnet" and version >= (5, 5):
        return frozenset({"adaptive", "between_tools"})
    if version >= (4, 7):
        return frozenset({"adaptive", "disabled"})
    if version >= (4, 6):
        return frozenset({"enabled", "adaptive", "disabled"})
    return frozenset({"enabled", "disabled"})


def _efforts(line: str, version: tuple[int, int]) -> tuple[Effort, ...]:
    if version >= (4, 7):
        return EFFORTS
    if version >= (4, 6):
        return ("low", "medium", "high", "max")
    return ("low", "medium", "high") if (line, version) == ("opus", (4, 5)) else ()


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


_RETIRED: Mapping[str, str] = MappingProxyType(
    {
        "claude-opus-4-1-20250805": "5 August 2026",
        "claude-opus-4-1": "5 August 2026",
        "claude-opus-4-20250514": "15 June 2026",
        "claude-opus-4-0": "15 June 2026",
        "claude-sonnet-4-20250514": "15 June 2026",
        "claude-sonnet-4-0": "15 June 2026",
        "claude-3-haiku-20240307": "20 April 2026",
        "claude-3-7-sonnet-20250219": "19 February 2026",
        "claude-3-7-sonnet-latest": "19 February 2026",
        "claude-3-5-haiku-20241022": "19 February 2026",
        "claude-3-5-haiku-latest": "19 February 2026",
    }
)
"""Models that Anthropic's own API no longer runs, though Bedrock may (Anthropic: model-deprecations).
Those that are only announced to end run until then; afterwards the API's own message about them is shown."""

_RETIRED_EARLIER = re.compile(r"claude-(v?[12](\.\d)?|instant(-.*)?|3-5-sonnet-.+|3-(opus|sonnet)-.+)")


def unusable(model: str) -> str | None:
    """The reason for which no batch can use the model, if any: Anthropic has retired it. Its records would
    fail with a 404 only at the batch's end."""
    date = _RETIRED.get(model)
    if date is not None:
        return f"Anthropic retired it on {date}"
    return "Anthropic has retired it" if _RETIRED_EARLIER.fullmatch(model) else None
