"""Claude's citations ↔ Converse's.

Converse has Claude's start and end unchanged, under fewer names (seen on the live API for `documentPage`).
"""

from typing import assert_never

from translators.bedrock import converse
from translators.bedrock.converse import CitationLocation, InDocument, InSearchResult, OnWeb
from translators.bedrock.families.claude import wire


def to_converse(citation: wire.Citation) -> converse.Citation:
    """The Converse citation of Claude's."""
    match citation:
        case wire.CharLocation(document_index=document, start_char_index=start, end_char_index=end):
            where = CitationLocation(document_char=InDocument(document, start, end))
        case wire.PageLocation(document_index=document, start_page_number=start, end_page_number=end):
            where = CitationLocation(document_page=InDocument(document, start, end))
        case wire.ContentBlockLocation(document_index=document) as blocks:
            span = InDocument(document, blocks.start_block_index, blocks.end_block_index)
            where = CitationLocation(document_chunk=span)
        case wire.SearchResultLocation(search_result_index=result) as blocks:
            found = InSearchResult(result, blocks.start_block_index, blocks.end_block_index)
            return _citation(
                citation.cited_text,
                CitationLocation(search_result_location=found),
                blocks.title,
                blocks.source,
            )
        case _:
            assert_never(citation)
    return _citation(citation.cited_text, where, citation.document_title)


def _citation(
    text: str, where: CitationLocation, title: str | None, source: str | None = None
) -> converse.Citation:
    return converse.Citation(title, source, [converse.TextBlock(text)], where)


def to_claude(citation: converse.Citation) -> wire.Citation | wire.WebLocation | None:
    """Claude's citation of a Converse one; None for one without a location."""
    text = "".join(part.text for part in citation.source_content or ())
    title = citation.title
    match citation.location:
        case CitationLocation(document_char=InDocument(document_index=document, start=start, end=end)):
            return wire.CharLocation(text, document, start, end, title)
        case CitationLocation(document_page=InDocument(document_index=document, start=start, end=end)):
            return wire.PageLocation(text, document, start, end, title)
        case CitationLocation(document_chunk=InDocument(document_index=document, start=start, end=end)):
            return wire.ContentBlockLocation(text, document, start, end, title)
        case CitationLocation(search_result_location=InSearchResult(search_result_index=result) as place):
            return wire.SearchResultLocation(
                text, result, citation.source or "", place.start, place.end, title
            )
        case CitationLocation(web=OnWeb(url=url)):
            return wire.WebLocation(text, url, title, encrypted_index="")
        case _:
            return None
