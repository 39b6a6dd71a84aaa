"""Ids and names that a provider does not accept, mapped to ones that it does, and back.

The mapping is a function of the word alone, so a tool call and its result agree without a table, and a
record can be mapped again when its answer arrives.
"""

import re
from collections.abc import Callable
from hashlib import sha256

from translators.bedrock.converse import Request

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")
_DIGEST = 12
_MAPPED = re.compile(rf"[A-Za-z0-9_-]*-[0-9a-f]{{{_DIGEST}}}")


def fitting(word: str, longest: int) -> str:
    """The word, or when it is too long or has other characters than letters, digits, `_` and `-`: its
    beginning and a digest."""
    if len(word) <= longest and _PLAIN.fullmatch(word) is not None:
        return word
    digest = sha256(word.encode()).hexdigest()[:_DIGEST]
    return f"{_STRANGE.sub('_', word)[: longest - _DIGEST - 1]}-{digest}"


def may_be_mapped(name: str) -> bool:
    """Whether `fitting` could have made this name."""
    return _MAPPED.fullmatch(name) is not None


def original_tool_name(name: str, asked: Callable[[], Request], fit: Callable[[str], str]) -> str:
    """The record's own name of a tool; `fit` mapped it for the provider."""
    if not may_be_mapped(name):
        return name
    config = asked().tool_config
    tools = config.tools if config is not None else []
    known = (tool.tool_spec.name for tool in tools if tool.tool_spec is not None)
    return next((word for word in known if fit(word) == name), name)
