"""Content of user messages and tool results: text, images, documents, search results (Anthropic:
api/messages/create, build-with-claude/pdf-support, vision, search-results)."""

from translators.bedrock.converse import (
    Citations,
    ContentBlock,
    DocumentBlock,
    GuardContent,
    ImageBlock,
    Note,
    SearchResultBlock,
    ToolResultContent,
)
from translators.errors import Refused
from translators.providers.anthropic import wire
from translators.providers.content_blocks import base64_of, document_text, image_base64, is_pdf, unplaced

REFUSED = {"video": "Claude takes no video", "audio": "Claude takes no audio"}
"""Member of a block → why it is refused."""

EMPTY_TEXT = Note("messages.content.text", "dropped", "empty texts are refused by Anthropic")
_GUARDED = Note(
    "messages.content.guardContent",
    "mapped",
    "sent as it is; there is no guardrail at Anthropic to look at it",
)
_AS_TEXT = Note("messages.content.document.format", "mapped", "sent as a document of plain text")


def part(block: ContentBlock | ToolResultContent, path: str, notes: list[Note]) -> wire.Part | None:
    """The part for a block of a user's message or of a tool's result; None for an empty text.

    Raises `Refused`.
    """
    if block.text is not None:
        return text(block.text, notes)
    if block.image is not None:
        return _image(block.image, f"{path}.image")
    if block.document is not None:
        return _document(block.document, f"{path}.document", notes)
    if block.search_result is not None:
        return _search_result(block.search_result)
    if isinstance(block, ContentBlock) and block.guard_content is not None:
        return _guarded(block.guard_content, f"{path}.guardContent", notes)
    raise unplaced(block, path, REFUSED)


def text(said: str, notes: list[Note]) -> wire.Text | None:
    """A text; None for an empty one."""
    if said:
        return wire.Text(said)
    notes.append(EMPTY_TEXT)
    return None


def _image(image: ImageBlock, path: str) -> wire.Image:
    return wire.Image(wire.Base64Source(f"image/{image.format}", image_base64(image, path)))


def _guarded(guarded: GuardContent, path: str, notes: list[Note]) -> wire.Part | None:
    """Without a `guardrailConfig`, which is refused, the mark on what a guardrail shall see means nothing."""
    notes.append(_GUARDED)
    if guarded.text is not None:
        return text(guarded.text.text, notes)
    if guarded.image is not None:
        image = guarded.image
        return wire.Image(
            wire.Base64Source(f"image/{image.format}", base64_of(image.source, f"{path}.image"))
        )
    raise Refused(path, "is an empty block")


def _document(document: DocumentBlock, path: str, notes: list[Note]) -> wire.Document:
    return wire.Document(
        source=_document_source(document, path, notes),
        title=document.name,
        context=document.context,
        citations=_citations(document.citations),
    )


def _document_source(
    document: DocumentBlock, path: str, notes: list[Note]
) -> wire.Base64Source | wire.TextSource | wire.ContentSource:
    if is_pdf(document):
        return wire.Base64Source("application/pdf", base64_of(document.source, path))
    if document.source.content is not None:
        return wire.ContentSource([wire.Text(block.text) for block in document.source.content])
    if document.source.bytes is not None and document.format != "txt":
        notes.append(_AS_TEXT)
    return wire.TextSource("text/plain", document_text(document, path))


def _search_result(result: SearchResultBlock) -> wire.SearchResult:
    return wire.SearchResult(
        source=result.source,
        title=result.title,
        content=[wire.Text(block.text) for block in result.content],
        citations=_citations(result.citations),
    )


def _citations(citations: Citations | None) -> wire.CitationsConfig | None:
    return None if citations is None else wire.CitationsConfig(citations.enabled)
