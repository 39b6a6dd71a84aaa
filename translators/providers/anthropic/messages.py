"""The conversation of a record as `system` and `messages` (Anthropic: api/messages/create)."""

import binascii
from base64 import b64decode
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from translators.bedrock.converse import (
    CachePoint,
    CitationsContent,
    ContentBlock,
    GuardContent,
    Message,
    Note,
    ReasoningContent,
    SystemBlock,
    ToolResultBlock,
    ToolResultContent,
    ToolUseBlock,
)
from translators.errors import Refused
from translators.providers.anthropic import citations, wire
from translators.providers.anthropic.parts import REFUSED, part, text
from translators.providers.content_blocks import unplaced
from translators.providers.identifiers import fitting
from translators.providers.rules.checks import check_prefill
from translators.providers.rules.model_rules import ModelRules

LONGEST_NAME = 64
"""Of tools (Anthropic: agents-and-tools/tool-use/define-tools), and of ids, which have the characters of
names, and no known length; Converse's have 64."""

_NO_PLACE = Note(
    "messages.content.cachePoint", "dropped", "nothing that can be cached stands before it in its message"
)
_NO_PLACE_IN_SYSTEM = Note("system.cachePoint", "dropped", "no text stands before it")
_EMPTY = Note("messages.content", "dropped", "a message without content is refused by Anthropic")
_EMPTY_SYSTEM = Note("system.text", "dropped", "empty texts are refused by Anthropic")
_GUARDED_SYSTEM = Note(
    "system.guardContent", "mapped", "sent as it is; there is no guardrail at Anthropic to look at it"
)
_RESULTS_FIRST = Note(
    "messages.content.toolResult", "mapped", "stands before the rest of its message, as Anthropic wants it"
)
_CALL_ID = Note(
    "messages.content.toolUse.toolUseId", "mapped", "Anthropic takes letters, digits, '_' and '-'"
)
_NAME = Note("messages.content.toolUse.name", "mapped", f"Anthropic takes {LONGEST_NAME} characters")
_UNSIGNED = Note(
    "messages.content.reasoningContent", "dropped", "Anthropic takes back only what Claude thought and signed"
)
_UNCITED = Note(
    "messages.content.citationsContent.citations", "dropped", "Anthropic takes back no citation of this kind"
)


def fitted_name(name: str) -> str:
    """The name of a tool, or the id of a call, as it is accepted."""
    return fitting(name, LONGEST_NAME)


def system(blocks: Sequence[SystemBlock], notes: list[Note]) -> str | list[wire.Text]:
    """The system prompt; empty when it has no text. Raises `Refused`."""
    written: list[wire.Text] = []
    for index, block in enumerate(blocks):
        if block.cache_point is not None:
            _mark(written, block.cache_point, _NO_PLACE_IN_SYSTEM, notes)
            continue
        said = block.text if block.text is not None else _guarded(block.guard_content, index, notes)
        if said:
            written.append(wire.Text(said))
        else:
            notes.append(_EMPTY_SYSTEM)
    if len(written) == 1 and written[0].cache_control is None:
        return written[0].text
    return written


def _guarded(content: GuardContent | None, index: int, notes: list[Note]) -> str:
    if content is None or content.text is None:
        raise Refused(f"system[{index}]", "accepted are texts and cache points")
    notes.append(_GUARDED_SYSTEM)
    return content.text.text


def messages(
    turns: Sequence[Message], moved: frozenset[int], rules: ModelRules, notes: list[Note]
) -> list[wire.Message]:
    """Every turn in its order, empty ones left out, and those that are in the system prompt. Raises
    `Refused`."""
    written: list[wire.Message] = []
    last = 0
    for index, turn in enumerate(turns):
        if index in moved:
            continue
        if len(turn.content) == 1 and (only := turn.content[0].text):
            content: str | list[wire.Block] = only
        else:
            content = _content(turn, f"messages[{index}].content", notes)
        if content:
            written.append(wire.Message(turn.role, content))
            last = index
        else:
            notes.append(_EMPTY)
    if not written:
        raise Refused("messages", "there is nothing in them")
    if written[-1].role == "assistant":
        check_prefill(turns, last, rules, notes)
    return written


def _content(turn: Message, path: str, notes: list[Note]) -> list[wire.Block]:
    written: list[wire.Block] = []
    for index, block in enumerate(turn.content):
        if block.cache_point is not None:
            _mark(written, block.cache_point, _NO_PLACE, notes)
        elif (said := _block(turn.role, block, f"{path}[{index}]", notes)) is not None:
            written.append(said)
    return _results_first(written, notes)


def _block(role: str, block: ContentBlock, path: str, notes: list[Note]) -> wire.Block | None:
    if role == "user":
        if block.tool_result is not None:
            return _tool_result(block.tool_result, f"{path}.toolResult", notes)
        return part(block, path, notes)
    if block.text is not None:
        return text(block.text, notes)
    if role == "assistant":
        return _said_by_claude(block, path, notes)
    raise unplaced(block, path, REFUSED)


def _said_by_claude(block: ContentBlock, path: str, notes: list[Note]) -> wire.Block | None:
    if block.tool_use is not None:
        return _tool_use(block.tool_use, f"{path}.toolUse", notes)
    if block.reasoning_content is not None:
        return _thinking(block.reasoning_content, notes)
    if block.citations_content is not None:
        return _cited(block.citations_content, notes)
    raise unplaced(block, path, REFUSED)


def _mark(written: Sequence[wire.Block], point: CachePoint, no_place: Note, notes: list[Note]) -> None:
    """Set a cache point on the block before it. Thinking cannot have one."""
    before = written[-1] if written else None
    if before is None or isinstance(before, wire.Thinking | wire.RedactedThinking):
        notes.append(no_place)
    else:
        before.cache_control = wire.CacheControl(point.ttl)


def _results_first(blocks: list[wire.Block], notes: list[Note]) -> list[wire.Block]:
    later = [not isinstance(block, wire.ToolResult) for block in blocks]
    if later == sorted(later):
        return blocks
    notes.append(_RESULTS_FIRST)
    return sorted(blocks, key=lambda block: not isinstance(block, wire.ToolResult))


def _tool_use(use: ToolUseBlock, path: str, notes: list[Note]) -> wire.ToolUse:
    if use.type is not None:
        raise Refused(f"{path}.type", f"{use.type!r} is a tool of another provider's server")
    if not is_object(use.input):
        raise Refused(f"{path}.input", "is not an object; Anthropic takes nothing else")
    name = fitted_name(use.name)
    if name != use.name:
        notes.append(_NAME)
    return wire.ToolUse(_call_id(use.tool_use_id, notes), name, use.input)


def is_object(value: Raw) -> bool:
    """Whether JSON is an object."""
    return bytes(value).lstrip().startswith(b"{")


def _call_id(tool_use_id: str, notes: list[Note]) -> str:
    call_id = fitted_name(tool_use_id)
    if call_id != tool_use_id:
        notes.append(_CALL_ID)
    return call_id


def _tool_result(result: ToolResultBlock, path: str, notes: list[Note]) -> wire.ToolResult:
    if result.type is not None:
        raise Refused(f"{path}.type", f"{result.type!r} is a tool of another provider's server")
    parts = (
        _result_part(content, f"{path}.content[{index}]", notes)
        for index, content in enumerate(result.content)
    )
    return wire.ToolResult(
        tool_use_id=_call_id(result.tool_use_id, notes),
        content=[said for said in parts if said is not None] or None,
        is_error=True if result.status == "error" else None,
    )


def _result_part(content: ToolResultContent, path: str, notes: list[Note]) -> wire.Part | None:
    if content.json is not None:
        return wire.Text(msgspec.json.encode(content.json).decode())
    return part(content, path, notes)


def _thinking(content: ReasoningContent, notes: list[Note]) -> wire.Block | None:
    text = content.reasoning_text
    if text is not None and text.signature:
        return wire.Thinking(text.text, text.signature)
    data = _redacted(content.redacted_content or "")
    if data:
        return wire.RedactedThinking(data)
    notes.append(_UNSIGNED)
    return None


def _redacted(blob: str) -> str:
    """The text that Claude wrote: Converse's blob is its base64, as seen on the live API. Empty for a blob of
    another model's."""
    try:
        return b64decode(blob, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _cited(content: CitationsContent, notes: list[Note]) -> wire.Text | None:
    said = text("".join(block.text for block in content.content or ()), notes)
    if said is not None and content.citations:
        kept = [citations.said(citation) for citation in content.citations]
        if None in kept:
            notes.append(_UNCITED)
        said.citations = [citation for citation in kept if citation is not None] or None
    return said
