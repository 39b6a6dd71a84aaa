"""Parts of a message's content: text, images, audio and documents (OpenAI: chat/create, messages)."""

from collections.abc import Sequence

from msgspec import Struct

from translators.bedrock.converse import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    Note,
    SearchResultBlock,
    ToolResultContent,
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


class Text(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class ImageUrl(Struct, frozen=True):
    url: str


class Image(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: ImageUrl


class InputAudio(Struct, frozen=True):
    data: str
    format: str


class Audio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class FileData(Struct, frozen=True):
    filename: str
    file_data: str


class File(Struct, frozen=True, tag_field="type", tag="file"):
    file: FileData


type Part = Text | Image | Audio | File

_SOUNDS = frozenset({"wav", "mp3"})
_TEXTS = frozenset({"txt", "md", "csv", "html"})

_REFUSED = {
    "video": "OpenAI takes no video",
    "guard_content": "there is no guardrail at this provider",
    "tool_addition": "tools cannot change within a conversation",
    "tool_removal": "tools cannot change within a conversation",
}


def parts(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> list[Part]:
    """What a block of a user's message or of a tool's answer becomes. Raises `Refused`."""
    if block.text is not None:
        return [Text(block.text)]
    if block.image is not None:
        return [_image(block.image, f"{path}.image")]
    if block.document is not None:
        return _document(block.document, f"{path}.document", notes)
    if block.search_result is not None:
        return [_search_result(block.search_result, notes)]
    if isinstance(block, ContentBlock):
        if block.audio is not None:
            return [_audio(block.audio, f"{path}.audio")]
        if block.cache_point is not None:
            notes.append(CACHE_POINT)
            return []
    raise unplaced(block, path)


def check_media(messages: Sequence[Message], *, files: bool, audio: bool) -> None:
    """Raises `Refused` for what a server takes less than OpenAI: files, that is PDFs, or sound."""
    for number, message in enumerate(messages):
        for index, block in enumerate(message.content):
            path = f"messages[{number}].content[{index}]"
            if not audio and block.audio is not None:
                raise Refused(f"{path}.audio", "the provider takes no audio")
            if files:
                continue
            found = block.tool_result.content if block.tool_result is not None else ()
            for where, document in [
                (path, block.document),
                *((f"{path}.toolResult.content[{at}]", one.document) for at, one in enumerate(found)),
            ]:
                if document is not None and is_pdf(document):
                    raise Refused(f"{where}.document", "the provider takes no PDF; accepted are texts")


def unplaced(block: ContentBlock | ToolResultContent, path: str) -> Refused:
    """The refusal of a block that has no place where it stands."""
    member, name = set_member(block)
    if not member:
        return Refused(path, "is an empty block")
    return Refused(f"{path}.{name}", _REFUSED.get(member, "has no place in a message of this role"))


CACHE_POINT = Note("messages.content.cachePoint", "dropped", "the provider decides itself what it caches")
_CITATIONS = Note("messages.content.document.citations", "dropped", "OpenAI cites no documents")
_AS_TEXT = Note("messages.content.document", "mapped", "sent as text; OpenAI is sent no other file than PDF")
_SEARCH_RESULT = Note("messages.content.searchResult", "mapped", "sent as text")


def _image(image: ImageBlock, path: str) -> Image:
    if image.error is not None:
        raise Refused(f"{path}.error", "the image is missing")
    return Image(ImageUrl(f"data:image/{image.format};base64,{base64_of(image.source, path)}"))


def _audio(audio: AudioBlock, path: str) -> Audio:
    if audio.error is not None:
        raise Refused(f"{path}.error", "the audio is missing")
    if audio.format not in _SOUNDS:
        raise Refused(f"{path}.format", f"{audio.format!r} is not one of wav, mp3")
    return Audio(InputAudio(base64_of(audio.source, path), audio.format))


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> list[Part]:
    if document.citations is not None and document.citations.enabled:
        notes.append(_CITATIONS)
    if is_pdf(document):
        data = f"data:application/pdf;base64,{base64_of(document.source, path)}"
        file = File(FileData(f"{document.name}.pdf", data))
        if document.context is None:
            return [file]
        return [Text(f"About the document {document.name}: {document.context}"), file]
    notes.append(_AS_TEXT)
    return [Text(f"{document_heading(document)}\n\n{document_text(document, path)}")]


def _search_result(result: SearchResultBlock, notes: list[Note]) -> Text:
    notes.append(_SEARCH_RESULT)
    return Text(search_result_text(result))
