"""Beta features: a list in a Bedrock body, a header of the whole batch at Anthropic (api/beta-headers).

Hence records of different betas go in different batches, and a name that Anthropic does not know fails
the batch of the records that name it and no other.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import cast

from translators.bedrock.converse import Note
from translators.errors import Refused

_RENAMED: Mapping[str, str] = MappingProxyType(
    {"tool-search-tool-2025-10-19": "advanced-tool-use-2025-11-20"}
)
"""Bedrock's name of a feature → Anthropic's (BerriAI/litellm: anthropic_beta_headers_config.json)."""

_ONLY_BEDROCK_S = frozenset({"dangerous-tool-use-2026-09-03"})
"""Accepted by Bedrock and unknown to Anthropic's own SDK."""

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def group(names: object, field: str, notes: list[Note]) -> str:
    """The value of the header `anthropic-beta`: the names in order, once each. Raises `Refused`."""
    if not isinstance(names, list):
        raise Refused(field, f"{names!r} is not a list of names")
    return ",".join(sorted({_name(name, field, notes) for name in cast("Iterable[object]", names)}))


def _name(name: object, field: str, notes: list[Note]) -> str:
    if not isinstance(name, str) or _FORM.fullmatch(name) is None:
        raise Refused(field, f"{name!r} is not the name of a beta feature")
    if name in _ONLY_BEDROCK_S:
        raise Refused(field, f"{name!r} is a beta of Bedrock's alone")
    renamed = _RENAMED.get(name)
    if renamed is None:
        return name
    notes.append(Note(field, "mapped", f"{name} is called {renamed} at Anthropic"))
    return renamed


def allows_more_tokens(betas: str) -> bool:
    """Whether one of the betas raises what a model may be asked for (`output-300k-2026-03-24`)."""
    return betas != "" and any(name.startswith("output-") for name in betas.split(","))


def allows_more_thinking(betas: str) -> bool:
    """Whether one of the betas lets a budget exceed the limit (`interleaved-thinking-2025-05-14`)."""
    return betas != "" and any(name.startswith("interleaved-thinking-") for name in betas.split(","))
