"""Chunks of a message's content: images, sounds, documents, thoughts (Mistral: api/endpoint/chat,
studio-api/conversations/vision, document-processing/document_qna, audio/speech_to_text)."""

from collections.abc import Sequence

from msgspec import Struct

from translators.providers.chat_completions.parts import PartFormat, Text


class Image(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: str


class Document(Struct, frozen=True, tag_field="type", tag="document_url"):
    document_url: str
    document_name: str


class Audio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: str
    """Base64; Mistral detects the format itself."""


class Thinking(Struct, frozen=True, tag_field="type", tag="thinking", omit_defaults=True):
    thinking: Sequence[Text]
    signature: str | None = None


type Media = Image | Document | Audio | Thinking

CHUNKS = PartFormat[Media](
    image=Image,
    pdf=lambda name, data: Document(data, name),
    audio=lambda data, format: Audio(data),
    audio_formats=("flac", "mp3", "ogg", "wav", "webm"),  # resources/known-limitations, Audio
    refused={"video": "Mistral takes no video", "guard_content": "there is no guardrail at this provider"},
    caching="Mistral decides itself what it caches",
    cited_documents="Mistral cites results of tools, not documents",
    documents_as_text="sent as text; of other files only PDF is taken",
)
