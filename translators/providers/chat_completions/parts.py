"""Parts of a message's content: text, images, sounds and documents (OpenAI: chat/create, messages)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from translators.bedrock.converse import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    Message,
    Note,
    ToolResultContent,
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


class Text(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


_SEARCH_RESULT = Note("messages.content.searchResult", "mapped", "sent as text")


@dataclass(frozen=True, kw_only=True)
class PartFormat[Media: Struct]:
    """A provider's parts that are not text, and the texts of its notes and refusals."""

    image: Callable[[str], Media]
    """A data URL → the part."""
    pdf: Callable[[str, str], Media] | None = None
    """A file name, a data URL → the part; None where no PDF is accepted."""
    audio: Callable[[str, str], Media] | None = None
    """Base64, the format → the part; None where no sound is accepted."""
    audio_formats: Sequence[str] = ()
    refused: Mapping[str, str]
    """Member of a block, or `pdf` → why it is refused."""
    caching: str
    cited_documents: str
    documents_as_text: str

    def parts(
        self, block: ContentBlock | ToolResultContent, path: str, notes: list[Note]
    ) -> list[Text | Media]:
        """A block of a user's message or of a tool result. Raises `Refused`."""
        if block.text is not None:
            return [Text(block.text)]
        if block.image is not None:
            data = image_base64(block.image, f"{path}.image")
            return [self.image(f"data:image/{block.image.format};base64,{data}")]
        if block.document is not None:
            return self._document(block.document, f"{path}.document", notes)
        if block.search_result is not None:
            notes.append(_SEARCH_RESULT)
            return [Text(search_result_text(block.search_result))]
        if isinstance(block, ContentBlock):
            if block.audio is not None and self.audio is not None:
                return [self.audio(self._audio_data(block.audio, f"{path}.audio"), block.audio.format)]
            if block.cache_point is not None:
                notes.append(self.cache_point("messages.content"))
                return []
        raise self.unplaced(block, path)

    def cache_point(self, place: str) -> Note:
        """The note of a cache point in this place."""
        return Note(f"{place}.cachePoint", "dropped", self.caching)

    def unplaced(self, block: ContentBlock | ToolResultContent, path: str) -> Refused:
        """The refusal of a block that has no place where it stands."""
        return unplaced(block, path, self.refused)

    def _audio_data(self, audio: AudioBlock, path: str) -> str:
        if audio.error is not None:
            raise Refused(f"{path}.error", "the audio is missing")
        if audio.format not in self.audio_formats:
            raise Refused(f"{path}.format", f"{audio.format!r} is not one of {', '.join(self.audio_formats)}")
        return base64_of(audio.source, path)

    def _document(self, document: DocumentBlock, path: str, notes: list[Note]) -> list[Text | Media]:
        pdf = is_pdf(document)
        if pdf and self.pdf is None:
            raise Refused(path, self.refused["pdf"])
        if document.citations is not None and document.citations.enabled:
            notes.append(Note("messages.content.document.citations", "dropped", self.cited_documents))
        if pdf and self.pdf is not None:
            data = f"data:application/pdf;base64,{base64_of(document.source, path)}"
            file = self.pdf(f"{document.name}.pdf", data)
            if document.context is None:
                return [file]
            return [Text(f"About the document {document.name}: {document.context}"), file]
        notes.append(Note("messages.content.document", "mapped", self.documents_as_text))
        return [Text(f"{document_heading(document)}\n\n{document_text(document, path)}")]


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


type Media = Image | Audio | File
type Part = Text | Media

PARTS = PartFormat[Media](
    image=lambda url: Image(ImageUrl(url)),
    pdf=lambda name, data: File(FileData(name, data)),
    audio=lambda data, format: Audio(InputAudio(data, format)),
    audio_formats=("wav", "mp3"),
    refused={"video": "OpenAI takes no video", "guard_content": "there is no guardrail at this provider"},
    caching="the provider decides itself what it caches",
    cited_documents="OpenAI cites no documents",
    documents_as_text="sent as text; OpenAI is sent no other file than PDF",
)


def check_media(messages: Sequence[Message], *, files: bool, audio: bool) -> None:
    """Raises `Refused` for media that a server accepts less of than OpenAI: PDFs, sound."""
    for number, message in enumerate(messages):
        for index, block in enumerate(message.content):
            if block.text is not None:  # as most are
                continue
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
