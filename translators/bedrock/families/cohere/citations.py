"""The documents of a Command R record as the hub's search results, and the citations of an answer."""

from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import Struct

from translators.bedrock import converse
from translators.errors import Refused

type Document = dict[str, object]

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


def cited(content: Sequence[converse.ContentBlock], documents: Sequence[Document]) -> list[Cited]:
    """The citations of an answer. Raises `Refused` for a citation without a source."""
    found: list[Cited] = []
    position = 0
    for block in content:
        if block.text is not None:
            position += len(block.text)
        if block.citations_content is not None:
            text = "".join(part.text for part in block.citations_content.content or ())
            sources = [_source(citation, documents) for citation in block.citations_content.citations or ()]
            if sources:
                found.append(Cited(position, position + len(text), text, list(dict.fromkeys(sources))))
            position += len(text)
    return found


def _source(citation: converse.Citation, documents: Sequence[Document]) -> str:
    location = citation.location
    if location is not None and location.search_result_location is not None:
        index = location.search_result_location.search_result_index
        if index < len(documents):
            return document_id(documents[index], index)
    if location is not None and location.web is not None:
        return location.web.url
    if citation.source is not None:
        return citation.source
    raise Refused("citations", "the provider cites something that is none of the documents")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
