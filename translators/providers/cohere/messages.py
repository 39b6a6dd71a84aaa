"""The conversation of a record as the `messages` of a chat (cohere 7.3: types/chat_message_v2.py).

In datasets content is always a list, of texts, thoughts and images, and an image's address stands where the
API has an object (crmne/ruby_llm: protocols/cohere/batch_requests.rb).
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from translators.bedrock.converse import (
    CitationsContent,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Note,
    ReasoningContent,
    Request,
    SearchResultBlock,
    SystemBlock,
    ToolResultBlock,
    ToolResultContent,
    ToolUseBlock,
)
from translators.errors import Refused
from translators.providers.blocks import (
    base64_of,
    document_heading,
    document_text,
    is_pdf,
    search_result_text,
    set_member,
)
from translators.providers.tool_results import ToolTexts


class Text(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class Thinking(Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str


class Image(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: str


type Part = Text | Thinking | Image


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
    content: Sequence[Part] | None = None
    tool_calls: Sequence[ToolCall] | None = None
    tool_call_id: str | None = None


_SYSTEM_CACHE_POINT = Note("system.cachePoint", "dropped", "Cohere decides itself what it caches")
_CACHE_POINT = Note("messages.content.cachePoint", "dropped", _SYSTEM_CACHE_POINT.detail)
_EMPTY = Note("messages.content", "dropped", "a message without content is left out")
_UNTHOUGHT = Note("messages.content.reasoningContent", "dropped", "the model does not reason")
_SEALED = Note("messages.content.reasoningContent", "dropped", "of earlier reasoning Cohere takes only text")
_CITED = Note("messages.content.citationsContent", "mapped", "sent as text, without the citations")
_FAILED = Note(
    "messages.content.toolResult.status", "mapped", "an error is told in words; Cohere has no field for it"
)
_MOVED = Note(
    "messages.content.toolResult.content",
    "mapped",
    "media stand in a user message; a tool's answer is text only",
)
_CITATIONS = Note(
    "messages.content.document.citations", "dropped", "Cohere's batches take no documents to be cited"
)
_AS_TEXT = Note("messages.content.document", "mapped", "sent as text; Cohere's batches take no documents")
_SEARCH_RESULT = Note("messages.content.searchResult", "mapped", "sent as text")

_REFUSED = {
    "video": "Cohere takes no video",
    "audio": "Cohere's chats take no audio",
    "guard_content": "there is no guardrail at this provider",
    "tool_addition": "tools cannot change within a conversation",
    "tool_removal": "tools cannot change within a conversation",
}


def messages(request: Request, notes: list[Note], *, thinks: bool) -> list[Message]:
    """The system text first, then every turn in its order; empty ones are left out. Raises `Refused`.

    `thinks`: the model takes thoughts of earlier turns.
    """
    written = [Message("system", _system(request.system, notes))] if request.system else []
    for index, message in enumerate(request.messages):
        path = f"messages[{index}].content"
        if message.role == "user":
            written += _user(message.content, path, notes)
        elif message.role == "assistant":
            written.append(_assistant(message.content, path, notes, thinks=thinks))
        else:
            written.append(Message("system", _texts(message.content, path, notes)))
    said = [one for one in written if one.content or one.tool_calls or one.role == "tool"]
    if len(said) < len(written):
        notes.append(_EMPTY)
    if not said:
        raise Refused("messages", "hold nothing that could be sent")
    return said


def _system(blocks: list[SystemBlock], notes: list[Note]) -> list[Part]:
    written: list[Part] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(_SYSTEM_CACHE_POINT)
        else:
            raise Refused(f"system[{index}].guardContent", "there is no guardrail at this provider")
    return written


def _texts(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Part]:
    written: list[Part] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written.append(Text(block.text))
        elif block.cache_point is not None:
            notes.append(_CACHE_POINT)
        else:
            raise _unplaced(block, f"{path}[{index}]")
    return written


def _parts(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> list[Part]:
    if block.text is not None:
        return [Text(block.text)]
    if block.image is not None:
        return [_image(block.image, f"{path}.image")]
    if block.document is not None:
        return [_document(block.document, f"{path}.document", notes)]
    if block.search_result is not None:
        return [_search_result(block.search_result, notes)]
    if isinstance(block, ContentBlock) and block.cache_point is not None:
        notes.append(_CACHE_POINT)
        return []
    raise _unplaced(block, path)


def _unplaced(block: ContentBlock | ToolResultContent, path: str) -> Refused:
    member, name = set_member(block)
    if not member:
        return Refused(path, "is an empty block")
    return Refused(f"{path}.{name}", _REFUSED.get(member, "has no place in a message of this role"))


def _image(image: ImageBlock, path: str) -> Image:
    if image.error is not None:
        raise Refused(f"{path}.error", "the image is missing")
    return Image(f"data:image/{image.format};base64,{base64_of(image.source, path)}")


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> Text:
    if is_pdf(document):
        raise Refused(path, "Cohere takes no PDF; accepted are texts")
    if document.citations is not None and document.citations.enabled:
        notes.append(_CITATIONS)
    notes.append(_AS_TEXT)
    return Text(f"{document_heading(document)}\n\n{document_text(document, path)}")


def _search_result(result: SearchResultBlock, notes: list[Note]) -> Text:
    notes.append(_SEARCH_RESULT)
    return Text(search_result_text(result))


def _user(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Message]:
    """Tool results first, each in a message of its own; then one message with everything else."""
    answers: list[Message] = []
    attached: list[Part] = []
    said: list[Part] = []
    for index, block in enumerate(blocks):
        if block.tool_result is not None:
            where = f"{path}[{index}].toolResult"
            answers.append(_tool_answer(block.tool_result, where, attached, notes))
        else:
            said += _parts(block, f"{path}[{index}]", notes)
    if attached or said or not answers:
        answers.append(Message("user", attached + said))
    return answers


def _tool_answer(result: ToolResultBlock, path: str, attached: list[Part], notes: list[Note]) -> Message:
    texts = _TOOL_TEXTS.of(result, path, attached, notes)
    return Message("tool", texts, tool_call_id=result.tool_use_id)


_TOOL_TEXTS = ToolTexts[Part](
    text=Text, is_text=lambda part: isinstance(part, Text), parts=_parts, failed=_FAILED, moved=_MOVED
)


def _assistant(blocks: list[ContentBlock], path: str, notes: list[Note], *, thinks: bool) -> Message:
    said: list[Part] = []
    calls: list[ToolCall] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            said.append(Text(block.text))
        elif block.tool_use is not None:
            calls.append(_call(block.tool_use, f"{path}[{index}].toolUse"))
        elif block.reasoning_content is not None:
            said += _thought(block.reasoning_content, notes, thinks=thinks)
        elif block.citations_content is not None:
            said += _cited(block.citations_content, notes)
        elif block.cache_point is not None:
            notes.append(_CACHE_POINT)
        else:
            raise _unplaced(block, f"{path}[{index}]")
    return Message("assistant", said or None, tool_calls=calls or None)


def _call(use: ToolUseBlock, path: str) -> ToolCall:
    if use.type is not None:
        raise Refused(f"{path}.type", f"{use.type!r} is a tool of another provider's server")
    return ToolCall(use.tool_use_id, "function", Called(use.name, bytes(use.input).decode()))


def _thought(content: ReasoningContent, notes: list[Note], *, thinks: bool) -> list[Part]:
    if content.reasoning_text is None or not thinks:
        notes.append(_UNTHOUGHT if not thinks else _SEALED)
        return []
    return [Thinking(content.reasoning_text.text)]


def _cited(cited: CitationsContent, notes: list[Note]) -> list[Part]:
    notes.append(_CITED)
    return [Text(block.text) for block in cited.content or []]
