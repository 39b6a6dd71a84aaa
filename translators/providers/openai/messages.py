"""The conversation of a record as the `messages` of a chat completion (OpenAI: chat/create, messages)."""

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
from translators.providers.openai.names import LONGEST_CALL_ID, LONGEST_NAME, fitting
from translators.providers.openai.parts import CACHE_POINT, Part, Text, parts, unplaced
from translators.providers.tool_results import ToolTexts


class Called(Struct, frozen=True):
    name: str
    arguments: str
    """JSON, as text."""


class ToolCall(Struct, frozen=True):
    id: str
    type: Literal["function"]
    function: Called


class Message(Struct, frozen=True, omit_defaults=True, gc=False):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | Sequence[Part] | None = None
    tool_calls: Sequence[ToolCall] | None = None
    tool_call_id: str | None = None


_SYSTEM_CACHE_POINT = Note("system.cachePoint", "dropped", CACHE_POINT.detail)
_REASONING = Note(
    "messages.content.reasoningContent", "dropped", "Chat Completions takes no reasoning of earlier turns"
)
_CITED = Note("messages.content.citationsContent", "mapped", "sent as text, without the citations")
_FAILED = Note(
    "messages.content.toolResult.status", "mapped", "an error is told in words; there is no field for it"
)
_MOVED = Note(
    "messages.content.toolResult.content",
    "mapped",
    "media stand in a user message; a tool's answer is text only",
)
_CALL_ID = Note(
    "messages.content.toolUse.toolUseId",
    "mapped",
    f"{LONGEST_CALL_ID} letters, digits, '_' and '-' are taken",
)


def messages(request: Request, notes: list[Note]) -> list[Message]:
    """The system text first, then every turn in its order. Raises `Refused`."""
    written: list[Message] = []
    if request.system:
        written.append(_system(request.system, notes))
    for index, message in enumerate(request.messages):
        blocks = message.content
        if len(blocks) == 1 and (text := blocks[0].text) is not None:
            written.append(Message(message.role, text))
        elif message.role == "user":
            written += _user(blocks, f"messages[{index}].content", notes)
        elif message.role == "assistant":
            written.append(_assistant(blocks, f"messages[{index}].content", notes))
        else:
            path = f"messages[{index}].content"
            written.append(Message("system", _content(_texts(blocks, path, notes))))
    return written


def joined(written: Sequence[Message]) -> list[Message]:
    """The messages, those of several texts as one text, for servers that take no more than that."""
    return [structs.replace(message, content=_as_one_text(message.content)) for message in written]


def _as_one_text(content: str | Sequence[Part] | None) -> str | Sequence[Part] | None:
    if content is None or isinstance(content, str):
        return content
    texts = [part.text for part in content if isinstance(part, Text)]
    return "\n\n".join(texts) if len(texts) == len(content) else content


def _content(texts: Sequence[Part]) -> str | Sequence[Part]:
    """One text as it is; several stay apart, since joining them would make one of two statements."""
    if len(texts) == 1 and isinstance(only := texts[0], Text):
        return only.text
    return texts if texts else ""


def _system(blocks: list[SystemBlock], notes: list[Note]) -> Message:
    if len(blocks) == 1 and (text := blocks[0].text) is not None:
        return Message("system", text)
    written: list[Part] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(_SYSTEM_CACHE_POINT)
        else:
            raise Refused(f"system[{index}].guardContent", "there is no guardrail at this provider")
    return Message("system", _content(written))


def _texts(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Part]:
    written: list[Part] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(CACHE_POINT)
        else:
            raise unplaced(block, f"{path}[{index}]")
    return written


def _user(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Message]:
    """Tool results first, each in a message of its own, as OpenAI wants them right after the calls; then
    one message with everything else."""
    answers: list[Message] = []
    attached: list[Part] = []
    said: list[Part] = []
    for index, block in enumerate(blocks):
        if block.tool_result is not None:
            where = f"{path}[{index}].toolResult"
            answers.append(_tool_answer(block.tool_result, where, attached, notes))
        else:
            said += parts(block, f"{path}[{index}]", notes)
    if attached or said or not answers:
        answers.append(Message("user", _content(attached + said)))
    return answers


def _tool_answer(result: ToolResultBlock, path: str, attached: list[Part], notes: list[Note]) -> Message:
    texts = _TOOL_TEXTS.of(result, path, attached, notes)
    return Message("tool", _content(texts), tool_call_id=_call_id(result.tool_use_id, notes))


_TOOL_TEXTS = ToolTexts[Part](
    text=Text, is_text=lambda part: isinstance(part, Text), parts=parts, failed=_FAILED, moved=_MOVED
)


def _assistant(blocks: list[ContentBlock], path: str, notes: list[Note]) -> Message:
    texts: list[Part] = []
    calls: list[ToolCall] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            texts.append(Text(block.text))
        elif block.tool_use is not None:
            calls.append(_call(block.tool_use, f"{path}[{index}].toolUse", notes))
        elif block.reasoning_content is not None:
            notes.append(_REASONING)
        elif block.citations_content is not None:
            texts += _cited(block.citations_content, notes)
        elif block.cache_point is not None:
            notes.append(CACHE_POINT)
        else:
            raise unplaced(block, f"{path}[{index}]")
    if calls and not texts:
        return Message("assistant", tool_calls=calls)
    return Message("assistant", _content(texts), tool_calls=calls or None)


def _call(use: ToolUseBlock, path: str, notes: list[Note]) -> ToolCall:
    if use.type is not None:
        raise Refused(f"{path}.type", f"{use.type!r} is a tool of another provider's server")
    called = Called(fitting(use.name, LONGEST_NAME), bytes(use.input).decode())
    return ToolCall(_call_id(use.tool_use_id, notes), "function", called)


def _call_id(tool_use_id: str, notes: list[Note]) -> str:
    call_id = fitting(tool_use_id, LONGEST_CALL_ID)
    if call_id != tool_use_id:
        notes.append(_CALL_ID)
    return call_id


def _cited(cited: CitationsContent, notes: list[Note]) -> list[Part]:
    notes.append(_CITED)
    return [Text(block.text) for block in cited.content or []]
