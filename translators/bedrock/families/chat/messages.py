"""Chat messages → Converse messages: roles, parts, tool calls and their results."""

import re
from typing import Any, assert_never

import msgspec
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.base64_text import base64_at
from translators.bedrock.converse import ContentBlock, Note
from translators.bedrock.families.chat import media, wire
from translators.errors import Refused

_TEXT = msgspec.json.Decoder(str)
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TAGGED = re.compile(r"\s*<reasoning>(.*?)</reasoning>", re.DOTALL)

_DETAIL = Note("messages.content.image_url.detail", "dropped", "images are sent whole")
_ANNOTATIONS = Note("messages.annotations", "dropped", "what an earlier answer cited; its text says it too")


def messages(turns: list[wire.Message], notes: list[Note], *, tagged: bool) -> list[converse.Message]:
    """The messages in order, results of parallel calls in one. Adds to `notes`. Raises `Refused`.

    `tagged`: the assistant's text may begin with `<reasoning>…</reasoning>`.
    """
    converted: list[converse.Message] = []
    results: list[ContentBlock] = []
    for index, message in enumerate(turns):
        if (
            type(message) is wire.User  # as most are; `isinstance` of a struct is slower
            and type(content := message.content) is str
            and message.name is None
        ):
            results = []
            converted.append(converse.Message("user", [ContentBlock(content)]))
            continue
        if isinstance(message, wire.Tool):
            if not results:
                converted.append(converse.Message("user", results))
            results.append(_result(message, f"messages[{index}]", notes))
            continue
        results = []
        if message.name is not None:
            raise Refused(f"messages[{index}].name", "participants cannot be told apart by name")
        converted.append(_message(message, f"messages[{index}]", notes, tagged))
    return converted


def _message(
    message: wire.System | wire.Developer | wire.User | wire.Assistant,
    path: str,
    notes: list[Note],
    tagged: bool,
) -> converse.Message:
    match message:
        case wire.User():
            return converse.Message("user", _user(message.content, f"{path}.content", notes))
        case wire.Assistant():
            return converse.Message("assistant", _assistant(message, path, notes, tagged))
        case _:
            return converse.Message("system", [ContentBlock(text) for text in _texts(message.content)])


def _user(
    content: str | list[wire.UserPart] | wire.BareText, path: str, notes: list[Note]
) -> list[ContentBlock]:
    if not isinstance(content, list):
        return [ContentBlock(text) for text in _texts(content)]
    return [_part(part, f"{path}[{index}]", notes) for index, part in enumerate(content)]


def _texts(content: str | list[wire.Text] | wire.BareText) -> list[str]:
    if isinstance(content, list):
        return [part.text for part in content]
    return [content if isinstance(content, str) else content.text]


def _part(part: wire.UserPart, path: str, notes: list[Note]) -> ContentBlock:
    match part:
        case wire.Text():
            return ContentBlock(part.text)
        case wire.Image():
            return ContentBlock(image=_image(part, path, notes))
        case wire.Audio():
            source = converse.Source(bytes=base64_at(part.input_audio.data, f"{path}.input_audio.data"))
            return ContentBlock(audio=converse.AudioBlock(part.input_audio.format, source))
        case wire.File():
            return ContentBlock(document=media.document(part.file, f"{path}.file"))
        case _:
            assert_never(part)


def _image(part: wire.Image, path: str, notes: list[Note]) -> converse.ImageBlock:
    if isinstance(part.image_url, str):
        return media.image(part.image_url, f"{path}.image_url")
    if part.image_url.detail not in {None, "auto"}:
        notes.append(_DETAIL)
    return media.image(part.image_url.url, f"{path}.image_url.url")


def _assistant(message: wire.Assistant, path: str, notes: list[Note], tagged: bool) -> list[ContentBlock]:
    if message.annotations:
        notes.append(_ANNOTATIONS)
    texts = _assistant_texts(message.content)
    reasoning = message.reasoning_content or message.reasoning
    if tagged and texts and (found := _TAGGED.match(texts[0])) is not None:
        reasoning = reasoning or found[1]
        texts[0] = texts[0][found.end() :]
    blocks: list[ContentBlock] = []
    if reasoning:
        content = converse.ReasoningContent(converse.ReasoningText(reasoning))
        blocks.append(ContentBlock(reasoning_content=content))
    if message.refusal:
        texts.append(message.refusal)
    calls = message.tool_calls or []
    # Beside calls or reasoning, some write an empty text where there is none.
    blocks += [ContentBlock(text) for text in texts if text or not (calls or reasoning)]
    for index, call in enumerate(calls):
        blocks.append(ContentBlock(tool_use=_call(call, f"{path}.tool_calls[{index}]")))
    return blocks


def _assistant_texts(content: str | list[wire.AssistantPart] | wire.BareText | None) -> list[str]:
    match content:
        case None:
            return []
        case str(text) | wire.BareText(text=text):
            return [text]
        case parts:
            return [part.text if isinstance(part, wire.Text) else part.refusal for part in parts]


def _call(call: wire.ToolCall, path: str) -> converse.ToolUseBlock:
    arguments = _arguments(call.function.arguments, f"{path}.function.arguments")
    return converse.ToolUseBlock(call.id, call.function.name, arguments)


def _arguments(arguments: Raw, path: str) -> Raw:
    """The JSON object in the text, on one line; `{}` for the empty text that some write for no arguments."""
    try:
        if memoryview(arguments)[0] == ord("{"):
            return arguments
        text = _TEXT.decode(arguments)
        if not text.strip():
            return Raw(b"{}")
        _OBJECT.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refused(path, f"is not JSON of an object: {error}") from error
    return Raw(msgspec.json.format(text.encode(), indent=-1))


def _result(message: wire.Tool, path: str, notes: list[Note]) -> ContentBlock:
    match message.content:
        case str(text) | wire.BareText(text=text):
            content = [converse.ToolResultContent(text=text)]
        case parts:
            content = [
                _result_part(part, f"{path}.content[{index}]", notes) for index, part in enumerate(parts)
            ]
    return ContentBlock(tool_result=converse.ToolResultBlock(message.tool_call_id, content))


def _result_part(part: wire.ToolPart, path: str, notes: list[Note]) -> converse.ToolResultContent:
    if isinstance(part, wire.Text):
        return converse.ToolResultContent(text=part.text)
    return converse.ToolResultContent(image=_image(part, path, notes))
