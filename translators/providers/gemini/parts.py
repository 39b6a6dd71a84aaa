"""Parts of a content: text, media, documents, calls (Gemini: generate-content, `Part`)."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Raw, Struct

from translators.bedrock.converse import (
    AudioBlock,
    AudioFormat,
    ContentBlock,
    DocumentBlock,
    Note,
    ToolResultContent,
    VideoBlock,
    VideoFormat,
)
from translators.errors import Refused
from translators.providers.content_blocks import (
    base64_of,
    document_heading,
    document_text,
    image_base64,
    is_pdf,
    search_result_text,
    unplaced,
)


class Blob(Struct, frozen=True, rename="camel"):
    mime_type: str
    data: str
    """Base64."""


class FunctionCall(Struct, frozen=True):
    id: str
    name: str
    args: Raw
    """An object."""


class FunctionResponse(Struct, frozen=True):
    id: str
    name: str
    response: Mapping[str, object]


class Part(Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """One member is set, and maybe a signature beside it."""

    text: str | None = None
    inline_data: Blob | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought_signature: str | None = None


_IMAGES = frozenset({"png", "jpeg", "webp"})
# Gemini: docs/video-understanding and docs/audio, supported MIME types.
_VIDEOS: Mapping[VideoFormat, str] = MappingProxyType(
    {
        "mp4": "video/mp4",
        "mov": "video/mov",
        "mpeg": "video/mpeg",
        "mpg": "video/mpg",
        "webm": "video/webm",
        "flv": "video/x-flv",
        "wmv": "video/wmv",
        "three_gp": "video/3gpp",
    }
)
_SOUNDS: Mapping[AudioFormat, str] = MappingProxyType(
    {
        "mp3": "audio/mp3",
        "mpeg": "audio/mp3",
        "mpga": "audio/mp3",
        "wav": "audio/wav",
        "aac": "audio/aac",
        "x-aac": "audio/aac",
        "ogg": "audio/ogg",
        "flac": "audio/flac",
    }
)

REFUSED = {"guard_content": "there is no guardrail at this provider"}
"""Member of a block → why it is refused."""

CACHE_POINT = Note("messages.content.cachePoint", "dropped", "Gemini decides itself what it caches")
_CITATIONS = Note("messages.content.document.citations", "dropped", "Gemini cites no documents")
_AS_TEXT = Note("messages.content.document", "mapped", "sent as text")
_NAMED = Note("messages.content.document.name", "mapped", "told in words before the document")
_SEARCH_RESULT = Note("messages.content.searchResult", "mapped", "sent as text")


def parts(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> list[Part]:
    """The parts for a block of a user's message or of a tool's result. Raises `Refused`."""
    if block.text is not None:
        return text_parts(block.text)
    if block.image is not None:
        data = image_base64(block.image, f"{path}.image")
        return [Part(inline_data=image_blob(block.image.format, data, f"{path}.image"))]
    if block.document is not None:
        return _document(block.document, f"{path}.document", notes)
    if block.video is not None:
        return [_video(block.video, f"{path}.video")]
    if block.search_result is not None:
        notes.append(_SEARCH_RESULT)
        return [Part(search_result_text(block.search_result))]
    if isinstance(block, ContentBlock):
        if block.audio is not None:
            return [_audio(block.audio, f"{path}.audio")]
        if block.cache_point is not None:
            notes.append(CACHE_POINT)
            return []
    raise unplaced(block, path, REFUSED)


def text_parts(text: str) -> list[Part]:
    """A text; none for an empty one, which Gemini refuses."""
    return [Part(text)] if text else []


def image_blob(format: str, data: str, path: str) -> Blob:
    """The bytes of an image. Raises `Refused`."""
    if format not in _IMAGES:
        raise Refused(f"{path}.format", f"{format!r} is not one of {', '.join(sorted(_IMAGES))}")
    return Blob(f"image/{format}", data)


def _video(video: VideoBlock, path: str) -> Part:
    return Part(inline_data=_recording(video.format, _VIDEOS.get(video.format), video, path))


def _audio(audio: AudioBlock, path: str) -> Part:
    if audio.error is not None:
        raise Refused(f"{path}.error", "the audio is missing")
    return Part(inline_data=_recording(audio.format, _SOUNDS.get(audio.format), audio, path))


def _recording(format: str, mime_type: str | None, block: VideoBlock | AudioBlock, path: str) -> Blob:
    if mime_type is None:
        accepted = _VIDEOS if isinstance(block, VideoBlock) else _SOUNDS
        raise Refused(f"{path}.format", f"{format!r} is not one of {', '.join(accepted)}")
    return Blob(mime_type, base64_of(block.source, path))


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> list[Part]:
    if document.citations is not None and document.citations.enabled:
        notes.append(_CITATIONS)
    heading = document_heading(document)
    if is_pdf(document):
        notes.append(_NAMED)
        return [Part(heading), Part(inline_data=Blob("application/pdf", base64_of(document.source, path)))]
    notes.append(_AS_TEXT)
    return [Part(f"{heading}\n\n{document_text(document, path)}")]
