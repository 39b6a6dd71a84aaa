"""Parts of a message's content: text, images, audio and documents (OpenAI: chat/create, messages)."""

from base64 import b64decode
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
    Source,
    ToolResultContent,
)
from translators.errors import Refused
from translators.providers.blocks import is_pdf


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
    member, name = next(
        (
            (member, name)
            for member, name in zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
            if getattr(block, member) is not None
        ),
        ("", ""),
    )
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
    return Image(ImageUrl(f"data:image/{image.format};base64,{_base64(image.source, path)}"))


def _audio(audio: AudioBlock, path: str) -> Audio:
    if audio.error is not None:
        raise Refused(f"{path}.error", "the audio is missing")
    if audio.format not in _SOUNDS:
        raise Refused(f"{path}.format", f"{audio.format!r} is not one of wav, mp3")
    return Audio(InputAudio(_base64(audio.source, path), audio.format))


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> list[Part]:
    if document.citations is not None and document.citations.enabled:
        notes.append(_CITATIONS)
    if document.format == "pdf" and document.source.text is None and document.source.content is None:
        data = f"data:application/pdf;base64,{_base64(document.source, path)}"
        file = File(FileData(f"{document.name}.pdf", data))
        if document.context is None:
            return [file]
        return [Text(f"About the document {document.name}: {document.context}"), file]
    heading = f"Document: {document.name}"
    if document.context is not None:
        heading = f"{heading}\nAbout it: {document.context}"
    notes.append(_AS_TEXT)
    return [Text(f"{heading}\n\n{_document_text(document, path)}")]


def _document_text(document: DocumentBlock, path: str) -> str:
    source = document.source
    if source.text is not None:
        return source.text
    if source.content is not None:
        return "\n\n".join(block.text for block in source.content)
    data = _base64(source, path)
    if document.format not in _TEXTS:
        raise Refused(f"{path}.format", f"{document.format!r} is not one of pdf, txt, md, csv, html")
    try:
        return b64decode(data, validate=True).decode()
    except ValueError as error:
        raise Refused(f"{path}.source.bytes", f"is not base64 of UTF-8 text: {error}") from error


def _search_result(result: SearchResultBlock, notes: list[Note]) -> Text:
    notes.append(_SEARCH_RESULT)
    body = "\n\n".join(block.text for block in result.content)
    return Text(f"Search result: {result.title}\nSource: {result.source}\n\n{body}")


def _base64(source: Source, path: str) -> str:
    if source.s3_location is not None:
        raise Refused(f"{path}.source.s3Location", "media in S3 cannot be sent; only bytes can")
    if source.bytes is None:
        raise Refused(f"{path}.source", "has no bytes")
    return source.bytes
