"""Checks constraints of AWS's service model that the types of the hub do not express, and cleans base64.

A union has exactly one member, and some blocks take fewer kinds of source than the hub's one `Source`
(API_runtime_ContentBlock and the pages below it).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, cast

from msgspec import Struct
from msgspec.structs import astuple

from translators.bedrock import converse
from translators.bedrock.base64_text import base64_at
from translators.bedrock.families.body_decoder import join_path
from translators.errors import Refused

_UNIONS = frozenset(
    {
        converse.CitationLocation,
        converse.ContentBlock,
        converse.GuardContent,
        converse.ReasoningContent,
        converse.Source,
        converse.SystemBlock,
        converse.Tool,
        converse.ToolChoice,
        converse.ToolResultContent,
    }
)

_BYTES_OR_S3 = frozenset({"bytes", "s3Location"})
_SOURCES: Mapping[type[Struct], frozenset[str]] = MappingProxyType(
    {
        converse.ImageBlock: _BYTES_OR_S3,
        converse.VideoBlock: _BYTES_OR_S3,
        converse.AudioBlock: _BYTES_OR_S3,
        converse.GuardImage: frozenset({"bytes"}),
    }
)
"""The accepted members of `source`."""

_UNSET_MEMBERS = len(converse.ContentBlock.__struct_fields__) - 1
"""Number of unset members of a valid content block."""


class _Flaw(NamedTuple):
    path: str
    message: str


def check(
    messages: list[converse.Message],
    system: list[converse.SystemBlock] | None,
    tool_config: converse.ToolConfig | None,
) -> None:
    """Bring the base64 of a Converse request's media into the one form that providers take.

    Raises `Refused` for the first value that breaks a constraint.
    """
    for index, message in enumerate(messages):
        for number, block in enumerate(message.content):
            if block.text is None or astuple(block).count(None) != _UNSET_MEMBERS:
                _raise(_flaw(block), f"messages[{index}].content[{number}]")
    if system is not None:
        _raise(_flaw(system), "system")
    if tool_config is not None:
        _raise(_flaw(tool_config), "toolConfig")


def _raise(flaw: _Flaw | None, path: str) -> None:
    if flaw is not None:
        raise Refused(join_path(path, flaw.path), flaw.message)


def _flaw(value: object) -> _Flaw | None:
    """The first flaw inside a hub value, its path relative to the value."""
    if isinstance(value, Struct):
        return _flaw_of_struct(value)
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            flaw = _flaw(item)
            if flaw is not None:
                return _Flaw(join_path(f"[{index}]", flaw.path), flaw.message)
    return None


def _flaw_of_struct(value: Struct) -> _Flaw | None:
    kind, members = type(value), astuple(value)
    if kind in _UNIONS and members.count(None) != len(members) - 1:
        return _Flaw("", f"exactly one member must be set, got {' and '.join(_names_set(value)) or 'none'}")
    if isinstance(value, converse.Source) and value.bytes is not None:
        return _clean_bytes(value)
    if kind in _UNIONS and isinstance(members[0], str):  # text: nothing further to check
        return None
    if isinstance(value, converse.ToolChoice) and value.none is not None:
        return _Flaw("none", "Extra inputs are not permitted")
    for name, member in zip(value.__struct_encode_fields__, members, strict=True):
        if name == "source" and kind in _SOURCES and not _SOURCES[kind].issuperset(_names_set(member)):
            return _Flaw(name, f"one of {sorted(_SOURCES[kind])} must be set, got {_names_set(member)}")
        flaw = _flaw(member)
        if flaw is not None:
            return _Flaw(join_path(name, flaw.path), flaw.message)
    return None


def _clean_bytes(source: converse.Source) -> _Flaw | None:
    try:
        source.bytes = base64_at(source.bytes or "", "bytes")
    except Refused as refusal:
        return _Flaw(refusal.field, str(refusal).removeprefix(f"{refusal.field}: "))
    return None


def _names_set(value: Struct) -> list[str]:
    named = zip(value.__struct_encode_fields__, astuple(value), strict=True)
    return [name for name, member in named if member is not None]
