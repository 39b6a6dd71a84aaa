"""Places of quotations, in Converse and in a message (Anthropic: build-with-claude/citations).

Converse has fewer names for the same places; indices and page numbers are the same, as seen on the live API.
"""

from msgspec import Struct

from translators.bedrock.converse import (
    Citation,
    CitationLocation,
    InDocument,
    InSearchResult,
    OnWeb,
    TextBlock,
)
from translators.providers.anthropic import wire


def said(citation: Citation) -> wire.Citation | None:
    """A citation of an earlier turn as a message has it; None for one that Anthropic does not take back:
    those of the web need a secret index that Converse does not keep."""
    text = "".join(part.text for part in citation.source_content or ())
    title = citation.title
    match citation.location:
        case CitationLocation(document_char=InDocument() as place):
            return wire.CharLocation(text, place.document_index, title, place.start, place.end)
        case CitationLocation(document_page=InDocument() as place):
            return wire.PageLocation(text, place.document_index, title, place.start, place.end)
        case CitationLocation(document_chunk=InDocument() as place):
            return wire.ContentBlockLocation(text, place.document_index, title, place.start, place.end)
        case CitationLocation(search_result_location=InSearchResult(search_result_index=index) as place):
            source = citation.source or ""
            return wire.SearchResultLocation(text, index, source, title, place.start, place.end)
        case _:
            return None


class Received(Struct):
    """A citation in an answer, of whatever type."""

    type: str = ""
    cited_text: str = ""
    document_index: int = 0
    document_title: str | None = None
    start_char_index: int = 0
    end_char_index: int = 0
    start_page_number: int = 0
    end_page_number: int = 0
    start_block_index: int = 0
    end_block_index: int = 0
    search_result_index: int = 0
    source: str | None = None
    title: str | None = None
    url: str = ""


class Unknown(Exception):
    """A type of block or citation that is not known here."""


def in_converse(citation: Received) -> Citation:
    """A citation of an answer. Raises `Unknown`."""
    index, title, source = citation.document_index, citation.document_title, None
    match citation.type:
        case "char_location":
            span = InDocument(index, citation.start_char_index, citation.end_char_index)
            where = CitationLocation(document_char=span)
        case "page_location":
            span = InDocument(index, citation.start_page_number, citation.end_page_number)
            where = CitationLocation(document_page=span)
        case "content_block_location":
            span = InDocument(index, citation.start_block_index, citation.end_block_index)
            where = CitationLocation(document_chunk=span)
        case "search_result_location":
            found = InSearchResult(
                citation.search_result_index, citation.start_block_index, citation.end_block_index
            )
            where = CitationLocation(search_result_location=found)
            title, source = citation.title, citation.source
        case "web_search_result_location":
            where, title = CitationLocation(web=OnWeb(citation.url)), citation.title
        case other:
            raise Unknown(f"a citation of type {other!r}")
    return Citation(title, source, [TextBlock(citation.cited_text)], where)
