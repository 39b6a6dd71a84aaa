"""The documents of a Command R record as the hub's search results, and the citations of an answer."""

from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import Struct

from translators.bedrock import converse
from translators.bedrock.families.converse_content import text_of

type Document = dict[str, object]

_NAMELESS = converse.Note("citations", "dropped", "what is cited is none of the documents, and has no name")
_NOT_READ = frozenset({"id", "_excludes"})


class Cited(Struct):
    """Command R's citation: a range of characters of the text, and the documents that it is based on."""

    start: int
    end: int
    text: str
    document_ids: list[str]


def search_result(document: Document, index: int) -> converse.SearchResultBlock:
    """The document as the model reads it: all members but `id` and those that `_excludes` names."""
    title = _text(document["title"]) if "title" in document else None
    hidden = _NOT_READ.union(map(str, cast("list[object]", document.get("_excludes") or [])))
    members = {name: _text(value) for name, value in document.items() if name not in hidden | {"title"}}
    if len(members) == 1:
        (text,) = members.values()
    else:
        text = "\n".join(f"{name}: {value}" for name, value in members.items())
    source = document_id(document, index)
    return converse.SearchResultBlock(
        source=source,
        title=source if title is None or "title" in hidden else title,
        content=[converse.TextBlock(text)],
        citations=converse.Citations(True),
    )


def document_id(document: Document, index: int) -> str:
    """The document's `id`, or the one that Cohere numbers it with."""
    own = document.get("id")
    return own if isinstance(own, str) else f"doc_{index}"


def cited(answer: converse.Answer, documents: Sequence[Document]) -> list[Cited]:
    """The citations of an answer; those without a source are left out with a note."""
    found: list[Cited] = []
    position = 0
    for block in answer.response.output.message.content:
        text = text_of(block)
        if text is None:
            continue
        if block.citations_content is not None:
            citations = block.citations_content.citations or ()
            sources = [_source(citation, documents) for citation in citations]
            if None in sources:
                answer.notes.append(_NAMELESS)
            named = dict.fromkeys(source for source in sources if source is not None)
            if named:
                found.append(Cited(position, position + len(text), text, list(named)))
        position += len(text) + len(answer.separator)
    return found


def _source(citation: converse.Citation, documents: Sequence[Document]) -> str | None:
    location = citation.location
    if location is not None and location.search_result_location is not None:
        index = location.search_result_location.search_result_index
        if index < len(documents):
            return document_id(documents[index], index)
    if location is not None and location.web is not None:
        return location.web.url
    return citation.source


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
