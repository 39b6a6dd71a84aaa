"""Content blocks of a Converse request as text and bytes, for providers that take nothing else."""

from base64 import b64decode
from collections.abc import Mapping

from translators.bedrock.converse import (
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    SearchResultBlock,
    Source,
    ToolResultContent,
)
from translators.errors import Refused

TEXT_FORMATS = ("txt", "md", "csv", "html")
"""Formats of documents that consist of text."""

_FIXED_TOOLS = "tools cannot change within a conversation"


def unplaced(block: ContentBlock | ToolResultContent, path: str, reasons: Mapping[str, str]) -> Refused:
    """The refusal of a block that has no place where it stands. `reasons`: name of the member → why."""
    names = zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
    member, name = next((pair for pair in names if getattr(block, pair[0]) is not None), ("", ""))
    if not member:
        return Refused(path, "is an empty block")
    if member in ("tool_addition", "tool_removal"):
        return Refused(f"{path}.{name}", _FIXED_TOOLS)
    return Refused(f"{path}.{name}", reasons.get(member, "has no place in a message of this role"))


def base64_of(source: Source, path: str) -> str:
    """The bytes of an image, a document, a sound or a video, in base64. Raises `Refused`."""
    if source.s3_location is not None:
        raise Refused(f"{path}.source.s3Location", "media in S3 cannot be sent; only bytes can")
    if source.bytes is None:
        raise Refused(f"{path}.source", "has no bytes")
    return source.bytes


def image_base64(image: ImageBlock, path: str) -> str:
    """The bytes of an image in base64. Raises `Refused`."""
    if image.error is not None:
        raise Refused(f"{path}.error", "the image is missing")
    return base64_of(image.source, path)


def is_pdf(document: DocumentBlock) -> bool:
    """Whether the document is the bytes of a PDF."""
    return document.format == "pdf" and document.source.text is None and document.source.content is None


def document_heading(document: DocumentBlock) -> str:
    """The document's name and context as text."""
    heading = f"Document: {document.name}"
    return heading if document.context is None else f"{heading}\nAbout it: {document.context}"


def document_text(document: DocumentBlock, path: str) -> str:
    """The text of a document that is no PDF. Raises `Refused`."""
    source = document.source
    if source.text is not None:
        return source.text
    if source.content is not None:
        return "\n\n".join(block.text for block in source.content)
    data = base64_of(source, path)
    if document.format not in TEXT_FORMATS:
        accepted = ", ".join(("pdf", *TEXT_FORMATS))
        raise Refused(f"{path}.format", f"{document.format!r} is not one of {accepted}")
    try:
        return b64decode(data, validate=True).decode()
    except ValueError as error:
        raise Refused(f"{path}.source.bytes", f"is not base64 of UTF-8 text: {error}") from error


def search_result_text(result: SearchResultBlock) -> str:
    """A search result as text."""
    body = "\n\n".join(block.text for block in result.content)
    return f"Search result: {result.title}\nSource: {result.source}\n\n{body}"
