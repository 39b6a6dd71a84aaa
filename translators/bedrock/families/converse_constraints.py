"""What AWS's service model says of the hub's structures and their types do not.

A union has exactly one member, and not every block may have its bytes everywhere (API_runtime_ContentBlock
and the pages below it).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, cast

from msgspec import Struct
from msgspec.structs import astuple

from translators.bedrock import converse
from translators.bedrock.families.body_decoder import joined
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
"""Members of `source`, where they are fewer than those of the hub's one `Source`."""


_EMPTY_MEMBERS = len(converse.ContentBlock.__struct_fields__) - 1
"""How many members of a proper block are not set."""


class _Flaw(NamedTuple):
    path: str
    message: str


def check(
    messages: list[converse.Message],
    system: list[converse.SystemBlock] | None,
    tool_config: converse.ToolConfig | None,
) -> None:
    """Raise `Refused` for the first place in a Converse request that breaks a union's rule."""
    for index, message in enumerate(messages):
        for number, block in enumerate(message.content):
            if block.text is None or astuple(block).count(None) != _EMPTY_MEMBERS:
                _raise(_flaw(block), f"messages[{index}].content[{number}]")
    _raise(_flaw(system), "system")
    _raise(_flaw(tool_config), "toolConfig")


def _raise(flaw: _Flaw | None, path: str) -> None:
    if flaw is not None:
        raise Refused(joined(path, flaw.path), flaw.message)


def _flaw(value: object) -> _Flaw | None:
    """The first flaw inside a hub value, with its path from there."""
    if isinstance(value, Struct):
        return _flaw_of_struct(value)
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            flaw = _flaw(item)
            if flaw is not None:
                return _Flaw(joined(f"[{index}]", flaw.path), flaw.message)
    return None


def _flaw_of_struct(value: Struct) -> _Flaw | None:
    kind, members = type(value), astuple(value)
    if kind in _UNIONS and members.count(None) != len(members) - 1:
        return _Flaw("", f"exactly one member must be set, got {' and '.join(_names_set(value)) or 'none'}")
    if kind in _UNIONS and isinstance(members[0], str):  # text, bytes: the usual ones end here
        return None
    if isinstance(value, converse.ToolChoice) and value.none is not None:
        return _Flaw("none", "Extra inputs are not permitted")
    for name, member in zip(value.__struct_encode_fields__, members, strict=True):
        if name == "source" and kind in _SOURCES and not _SOURCES[kind].issuperset(_names_set(member)):
            return _Flaw(name, f"one of {sorted(_SOURCES[kind])} must be set, got {_names_set(member)}")
        flaw = _flaw(member)
        if flaw is not None:
            return _Flaw(joined(name, flaw.path), flaw.message)
    return None


def _names_set(value: Struct) -> list[str]:
    named = zip(value.__struct_encode_fields__, astuple(value), strict=True)
    return [name for name, member in named if member is not None]
