"""Chunks of a message's content: text, images, sounds, documents, thoughts (Mistral: api/endpoint/chat,
studio-api/conversations/vision, document-processing/document_qna, audio/speech_to_text)."""

from collections.abc import Sequence

from msgspec import Struct

from translators.bedrock.converse import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
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


class Image(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: str


class Document(Struct, frozen=True, tag_field="type", tag="document_url"):
    document_url: str
    document_name: str


class Audio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: str
    """Base64; Mistral tells the format itself."""


class Thinking(Struct, frozen=True, tag_field="type", tag="thinking", omit_defaults=True):
    thinking: Sequence[Text]
    signature: str | None = None


type Chunk = Text | Image | Document | Audio | Thinking

_SOUNDS = ("flac", "mp3", "ogg", "wav", "webm")
"""Mistral: resources/known-limitations, Audio."""

_REFUSED = {
    "video": "Mistral takes no video",
    "guard_content": "there is no guardrail at this provider",
    "tool_addition": "tools cannot change within a conversation",
    "tool_removal": "tools cannot change within a conversation",
}

CACHE_POINT = Note("messages.content.cachePoint", "dropped", "Mistral decides itself what it caches")
_CITATIONS = Note(
    "messages.content.document.citations", "dropped", "Mistral cites results of tools, not documents"
)
_AS_TEXT = Note("messages.content.document", "mapped", "sent as text; of other files only PDF is taken")
_SEARCH_RESULT = Note("messages.content.searchResult", "mapped", "sent as text")


def chunks(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> list[Chunk]:
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


def unplaced(block: ContentBlock | ToolResultContent, path: str) -> Refused:
    """The refusal of a block that has no place where it stands."""
    member, name = set_member(block)
    if not member:
        return Refused(path, "is an empty block")
    return Refused(f"{path}.{name}", _REFUSED.get(member, "has no place in a message of this role"))


def _image(image: ImageBlock, path: str) -> Image:
    if image.error is not None:
        raise Refused(f"{path}.error", "the image is missing")
    return Image(f"data:image/{image.format};base64,{base64_of(image.source, path)}")


def _audio(audio: AudioBlock, path: str) -> Audio:
    if audio.error is not None:
        raise Refused(f"{path}.error", "the audio is missing")
    if audio.format not in _SOUNDS:
        raise Refused(f"{path}.format", f"{audio.format!r} is not one of {', '.join(_SOUNDS)}")
    return Audio(base64_of(audio.source, path))


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> list[Chunk]:
    if document.citations is not None and document.citations.enabled:
        notes.append(_CITATIONS)
    if is_pdf(document):
        data = f"data:application/pdf;base64,{base64_of(document.source, path)}"
        file = Document(data, f"{document.name}.pdf")
        if document.context is None:
            return [file]
        return [Text(f"About the document {document.name}: {document.context}"), file]
    notes.append(_AS_TEXT)
    return [Text(f"{document_heading(document)}\n\n{document_text(document, path)}")]


def _search_result(result: SearchResultBlock, notes: list[Note]) -> Text:
    notes.append(_SEARCH_RESULT)
    return Text(search_result_text(result))
