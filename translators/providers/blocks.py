"""Blocks of a message, as providers that take no more than text and bytes want to see them."""

from base64 import b64decode

from translators.bedrock.converse import (
    ContentBlock,
    DocumentBlock,
    SearchResultBlock,
    Source,
    ToolResultContent,
)
from translators.errors import Refused

TEXT_FORMATS = ("txt", "md", "csv", "html")
"""Formats of documents that are text as they are."""


def set_member(block: ContentBlock | ToolResultContent) -> tuple[str, str]:
    """The one member of a block that is set, as the hub and as AWS spell it; two empty words for none."""
    named = zip(block.__struct_fields__, block.__struct_encode_fields__, strict=True)
    return next((names for names in named if getattr(block, names[0]) is not None), ("", ""))


def base64_of(source: Source, path: str) -> str:
    """The bytes of an image, a document or a recording, in base64. Raises `Refused`."""
    if source.s3_location is not None:
        raise Refused(f"{path}.source.s3Location", "media in S3 cannot be sent; only bytes can")
    if source.bytes is None:
        raise Refused(f"{path}.source", "has no bytes")
    return source.bytes


def is_pdf(document: DocumentBlock) -> bool:
    """Whether a document is a PDF, whose bytes are wanted, and not text."""
    return document.format == "pdf" and document.source.text is None and document.source.content is None


def document_heading(document: DocumentBlock) -> str:
    """What a document is called and what is said about it."""
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
