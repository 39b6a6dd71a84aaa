"""The conversation of a record as the `messages` of a chat completion (OpenAI: chat/create, messages)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct, structs

from translators.bedrock.converse import (
    ContentBlock,
    Note,
    ReasoningContent,
    Request,
    SystemBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from translators.bedrock.converse import Message as Turn
from translators.errors import Refused
from translators.providers.chat_completions.names import LONGEST_CALL_ID, fitted_name
from translators.providers.chat_completions.parts import PARTS, Media, Part, PartFormat, Text
from translators.providers.identifiers import fitting


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
    content: str | Sequence[Struct] | None = None
    tool_calls: Sequence[ToolCall] | None = None
    tool_call_id: str | None = None
    prefix: bool = False
    """Mistral's: the answer goes on where this message ends."""


CITED = Note("messages.content.citationsContent", "mapped", "sent as text, without the citations")


@dataclass(frozen=True, kw_only=True)
class MessageFormat[Media: Struct]:
    """A provider's messages: how they hold Converse's content, and the details of its notes."""

    part_format: PartFormat[Media]
    reasoning: Callable[[ReasoningContent, list[Note]], Sequence[Text | Media]]
    """Reasoning of an earlier turn → its parts."""
    call_id: Callable[[str], str]
    """A `toolUseId` → the id that the provider accepts."""
    tool_name: Callable[[str], str] = fitted_name
    ids: str = ""
    """Detail of the note on a changed id of a call."""
    failed: str
    """Detail of the note on the mark of a tool's error."""
    moved: str
    """Detail of the note on media of a tool result that are moved to the user's message that follows."""
    text_alone: bool = True
    """Whether a single text is sent as a string."""
    content_beside_calls: Literal[""] | None = None
    """The content of an assistant's message that has only tool calls."""

    def system(self, blocks: Sequence[SystemBlock], notes: list[Note]) -> Message:
        """The system prompt. Raises `Refused`."""
        if len(blocks) == 1 and self.text_alone and (text := blocks[0].text) is not None:
            return Message("system", text)
        return Message("system", self.content(self.system_texts(blocks, notes)))

    def system_texts(self, blocks: Sequence[SystemBlock], notes: list[Note]) -> list[Text]:
        """The texts of the system prompt. Raises `Refused`."""
        texts: list[Text] = []
        for index, block in enumerate(blocks):
            if block.text is not None:
                texts.append(Text(block.text))
            elif block.cache_point is not None:
                notes.append(self.part_format.cache_point("system"))
            else:
                raise Refused(f"system[{index}].guardContent", "there is no guardrail at this provider")
        return texts

    def texts(self, blocks: Sequence[ContentBlock], path: str, notes: list[Note]) -> list[Text]:
        """The texts of a system message between the turns. Raises `Refused`."""
        texts: list[Text] = []
        for index, block in enumerate(blocks):
            if block.text is not None:
                texts.append(Text(block.text))
            elif block.cache_point is not None:
                notes.append(self.part_format.cache_point("messages.content"))
            else:
                raise self.part_format.unplaced(block, f"{path}[{index}]")
        return texts

    def turn(self, turn: Turn, path: str, notes: list[Note]) -> list[Message]:
        """The messages of a turn. Raises `Refused`."""
        blocks = turn.content
        if len(blocks) == 1 and (text := blocks[0].text) is not None:  # most turns
            return [Message(turn.role, text if self.text_alone else [Text(text)])]
        if turn.role == "user":
            return self._user(turn.content, path, notes)
        if turn.role == "assistant":
            return [self._assistant(turn.content, path, notes)]
        return [Message("system", self.content(self.texts(turn.content, path, notes)))]

    def content(self, parts: Sequence[Text | Media]) -> str | Sequence[Text | Media]:
        """One text as it is; several stay apart, since joining them would make one of two statements."""
        if not self.text_alone:
            return parts
        if len(parts) == 1 and isinstance(only := parts[0], Text):
            return only.text
        return parts if parts else ""

    def _user(self, blocks: Sequence[ContentBlock], path: str, notes: list[Note]) -> list[Message]:
        """Tool results first, each in a message of its own right after the calls; then one message with
        everything else."""
        messages: list[Message] = []
        attached: list[Text | Media] = []
        parts: list[Text | Media] = []
        for index, block in enumerate(blocks):
            if block.tool_result is not None:
                where = f"{path}[{index}].toolResult"
                messages.append(self._tool_result(block.tool_result, where, attached, notes))
            else:
                parts += self.part_format.parts(block, f"{path}[{index}]", notes)
        if attached or parts or not messages:
            messages.append(Message("user", self.content(attached + parts)))
        return messages

    def _tool_result(
        self, result: ToolResultBlock, path: str, attached: list[Text | Media], notes: list[Note]
    ) -> Message:
        """The texts of a result. Media are added to `attached`, and pointed to."""
        check_tool_type(result, path)
        texts: list[Text | Media] = []
        if result.status == "error":
            notes.append(Note("messages.content.toolResult.status", "mapped", self.failed))
            texts.append(Text("The tool reported an error:"))
        for index, content in enumerate(result.content):
            if content.json is not None:
                texts.append(Text(msgspec.json.encode(content.json).decode()))
                continue
            for part in self.part_format.parts(content, f"{path}.content[{index}]", notes):
                if isinstance(part, Text):
                    texts.append(part)
                    continue
                number = sum(not isinstance(earlier, Text) for earlier in attached) + 1
                texts.append(Text(f"See attachment {number} in the next message."))
                attached += [Text(f"Attachment {number}:"), part]
                notes.append(Note("messages.content.toolResult.content", "mapped", self.moved))
        return Message("tool", self.content(texts), tool_call_id=self._call_id(result.tool_use_id, notes))

    def _assistant(self, blocks: Sequence[ContentBlock], path: str, notes: list[Note]) -> Message:
        parts: list[Text | Media] = []
        calls: list[ToolCall] = []
        for index, block in enumerate(blocks):
            if block.text is not None:
                parts.append(Text(block.text))
            elif block.tool_use is not None:
                calls.append(self._call(block.tool_use, f"{path}[{index}].toolUse", notes))
            elif block.reasoning_content is not None:
                parts += self.reasoning(block.reasoning_content, notes)
            elif block.citations_content is not None:
                notes.append(CITED)
                parts += [Text(cited.text) for cited in block.citations_content.content or ()]
            elif block.cache_point is not None:
                notes.append(self.part_format.cache_point("messages.content"))
            else:
                raise self.part_format.unplaced(block, f"{path}[{index}]")
        if calls and not parts:
            return Message("assistant", self.content_beside_calls, calls)
        return Message("assistant", self.content(parts), calls or None)

    def _call(self, use: ToolUseBlock, path: str, notes: list[Note]) -> ToolCall:
        check_tool_type(use, path)
        called = Called(self.tool_name(use.name), bytes(use.input).decode())
        return ToolCall(self._call_id(use.tool_use_id, notes), "function", called)

    def _call_id(self, tool_use_id: str, notes: list[Note]) -> str:
        call_id = self.call_id(tool_use_id)
        if call_id != tool_use_id:
            notes.append(Note("messages.content.toolUse.toolUseId", "mapped", self.ids))
        return call_id


def check_tool_type(block: ToolUseBlock | ToolResultBlock, path: str) -> None:
    """Raises `Refused` for tools that a provider runs itself."""
    if block.type is not None:
        raise Refused(f"{path}.type", f"{block.type!r} is a tool of another provider's server")


_REASONING = Note(
    "messages.content.reasoningContent", "dropped", "Chat Completions takes no reasoning of earlier turns"
)


def _no_reasoning(content: ReasoningContent, notes: list[Note]) -> Sequence[Part]:
    notes.append(_REASONING)
    return ()


MESSAGES = MessageFormat[Media](
    part_format=PARTS,
    reasoning=_no_reasoning,
    call_id=lambda tool_use_id: fitting(tool_use_id, LONGEST_CALL_ID),
    ids=f"{LONGEST_CALL_ID} letters, digits, '_' and '-' are taken",
    failed="an error is told in words; there is no field for it",
    moved="media stand in a user message; a tool's answer is text only",
)


def messages(request: Request, notes: list[Note]) -> list[Message]:
    """The system text first, then every turn in its order. Raises `Refused`."""
    written = [MESSAGES.system(request.system, notes)] if request.system else []
    plain = [
        Message(turn.role, text)
        for turn in request.messages
        if len(turn.content) == 1 and (text := turn.content[0].text) is not None
    ]
    if len(plain) == len(request.messages):  # most conversations are of such turns only
        return written + plain if written else plain
    for index, turn in enumerate(request.messages):
        written += MESSAGES.turn(turn, f"messages[{index}].content", notes)
    return written


def joined(written: Sequence[Message]) -> list[Message]:
    """The messages, those of several texts as one text, for servers that accept no more than that."""
    return [
        message
        if message.content is None or isinstance(message.content, str)
        else structs.replace(message, content=_joined(message.content))
        for message in written
    ]


def _joined(content: Sequence[Struct]) -> str | Sequence[Struct]:
    texts = [part.text for part in content if isinstance(part, Text)]
    return "\n\n".join(texts) if len(texts) == len(content) else content
