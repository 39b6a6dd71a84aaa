"""The conversation of a record as the `messages` of a chat completion (Mistral: api/endpoint/chat).

Mistral checks the order of turns (mistral-common: protocol/instruct/validator.py): no system message after
the assistant's or a tool's, the last word is not the assistant's unless it is a prefix. Its API was also seen
to refuse a user's message right after a tool's, 400 "Unexpected role 'user' after role 'tool'" (code 3230;
avante-corp/avante.nvim#2695, NousResearch/hermes-agent#20154).
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from translators.bedrock.converse import (
    CitationsContent,
    ContentBlock,
    Note,
    Request,
    SystemBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from translators.errors import Refused
from translators.providers.mistral.chunks import CACHE_POINT, Chunk, Text, chunks, unplaced
from translators.providers.mistral.names import LONGEST_NAME, call_id
from translators.providers.mistral.reasoning import thinking_of
from translators.providers.names import fitting
from translators.providers.tool_results import ToolTexts


class Called(Struct, frozen=True):
    name: str
    arguments: str
    """JSON, as text."""


class ToolCall(Struct, frozen=True):
    id: str
    type: Literal["function"]
    function: Called


class Message(Struct, frozen=True, omit_defaults=True):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | Sequence[Chunk] | None = None
    tool_calls: Sequence[ToolCall] | None = None
    tool_call_id: str | None = None
    prefix: bool = False
    """The answer goes on where this message ends."""


BETWEEN = Message("assistant", "OK.")
"""What stands between a tool's answer and the user's next word."""

_BRIDGED = Note(
    "messages.content.toolResult",
    "mapped",
    f"the assistant's {BETWEEN.content!r} stands before what the user says next, as Mistral wants one",
)
_SYSTEM_CACHE_POINT = Note("system.cachePoint", "dropped", CACHE_POINT.detail)
_SYSTEM_MESSAGE = Note(
    "messages.role", "mapped", "sent as the user's: Mistral takes no system message after the assistant's"
)
_EMPTY = Note("messages.content", "dropped", "a message without content is left out; Mistral refuses it")
_CITED = Note("messages.content.citationsContent", "mapped", "sent as text, without the citations")
_FAILED = Note(
    "messages.content.toolResult.status", "mapped", "an error is told in words; Mistral has no field for it"
)
_MOVED = Note(
    "messages.content.toolResult.content",
    "mapped",
    "media stand in a user message; most models take only text from tools",
)
_CALL_ID = Note(
    "messages.content.toolUse.toolUseId", "mapped", "Mistral takes exactly nine letters and digits"
)


def messages(request: Request, notes: list[Note], *, thinks: bool) -> list[Message]:
    """The system text first, then every turn in its order; empty ones are left out. Raises `Refused`.

    `thinks`: the model takes thoughts of earlier turns.
    """
    written: list[Message] = []
    if request.system:
        _add(written, [_system(request.system, notes)], notes)
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.role == "user":
            said = _user(message.content, path, notes)
        elif message.role == "assistant":
            said = [_assistant(message.content, path, notes, thinks=thinks)]
        else:
            said = [Message("system", _content(_texts(message.content, path, notes)))]
        _add(written, said, notes)
    if not written:
        raise Refused("messages", "hold nothing that could be sent")
    if written[-1].role == "assistant":
        written[-1] = structs.replace(written[-1], prefix=True)
    return written


def _add(written: list[Message], said: list[Message], notes: list[Note]) -> None:
    for message in said:
        if not message.content and not message.tool_calls and message.role != "tool":
            notes.append(_EMPTY)
            continue
        before = written[-1].role if written else "system"
        if message.role == "system" and before in ("assistant", "tool"):
            notes.append(_SYSTEM_MESSAGE)
            message = structs.replace(message, role="user")
        if message.role == "user" and before == "tool":
            notes.append(_BRIDGED)
            written.append(BETWEEN)
        written.append(message)


def _content(said: Sequence[Chunk]) -> str | Sequence[Chunk]:
    """One text as it is; several stay apart, since joining them would make one of two statements."""
    if len(said) == 1 and isinstance(only := said[0], Text):
        return only.text
    return said if said else ""


def _system(blocks: list[SystemBlock], notes: list[Note]) -> Message:
    written: list[Chunk] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(_SYSTEM_CACHE_POINT)
        else:
            raise Refused(f"system[{index}].guardContent", "there is no guardrail at this provider")
    return Message("system", _content(written))


def _texts(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Chunk]:
    written: list[Chunk] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(CACHE_POINT)
        else:
            raise unplaced(block, f"{path}[{index}]")
    return written


def _user(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Message]:
    """Tool results first, each in a message of its own, as Mistral wants them right after the calls; then
    one message with everything else."""
    answers: list[Message] = []
    attached: list[Chunk] = []
    said: list[Chunk] = []
    for index, block in enumerate(blocks):
        if block.tool_result is not None:
            where = f"{path}[{index}].toolResult"
            answers.append(_tool_answer(block.tool_result, where, attached, notes))
        else:
            said += chunks(block, f"{path}[{index}]", notes)
    if attached or said or not answers:
        answers.append(Message("user", _content(attached + said)))
    return answers


def _tool_answer(result: ToolResultBlock, path: str, attached: list[Chunk], notes: list[Note]) -> Message:
    texts = _TOOL_TEXTS.of(result, path, attached, notes)
    return Message("tool", _content(texts), tool_call_id=_call_id(result.tool_use_id, notes))


_TOOL_TEXTS = ToolTexts[Chunk](
    text=Text, is_text=lambda part: isinstance(part, Text), parts=chunks, failed=_FAILED, moved=_MOVED
)


def _assistant(blocks: list[ContentBlock], path: str, notes: list[Note], *, thinks: bool) -> Message:
    said: list[Chunk] = []
    calls: list[ToolCall] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            said.append(Text(block.text))
        elif block.tool_use is not None:
            calls.append(_call(block.tool_use, f"{path}[{index}].toolUse", notes))
        elif block.reasoning_content is not None:
            thought = thinking_of(block.reasoning_content, notes, thinks=thinks)
            said += [] if thought is None else [thought]
        elif block.citations_content is not None:
            said += _cited(block.citations_content, notes)
        elif block.cache_point is not None:
            notes.append(CACHE_POINT)
        else:
            raise unplaced(block, f"{path}[{index}]")
    return Message("assistant", _content(said), tool_calls=calls or None)


def _call(use: ToolUseBlock, path: str, notes: list[Note]) -> ToolCall:
    if use.type is not None:
        raise Refused(f"{path}.type", f"{use.type!r} is a tool of another provider's server")
    called = Called(fitting(use.name, LONGEST_NAME), bytes(use.input).decode())
    return ToolCall(_call_id(use.tool_use_id, notes), "function", called)


def _call_id(tool_use_id: str, notes: list[Note]) -> str:
    fitted = call_id(tool_use_id)
    if fitted != tool_use_id:
        notes.append(_CALL_ID)
    return fitted


def _cited(cited: CitationsContent, notes: list[Note]) -> list[Chunk]:
    notes.append(_CITED)
    return [Text(block.text) for block in cited.content or []]
