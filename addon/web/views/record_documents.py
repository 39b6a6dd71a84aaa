"""The views of a record's other documents: the line sent, the provider's row, the output line."""

from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from addon.web.flows import labels
from addon.web.views.text import beginning, parsed, readable


class RecordDocument(Contentview):
    """One document of the flow of a record, chosen by hand."""

    def __init__(self, name: str, key: str) -> None:
        self._name = name
        self._key = key

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def syntax_highlight(self) -> SyntaxHighlight:
        return "yaml"

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        return -1

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        text = metadata.flow.metadata.get(self._key) if metadata.flow is not None else None
        if not isinstance(text, str):
            return f"# no flow of a record: batch.record JOB RECORD makes one\n{beginning(data)}"
        document = text.encode("utf-8", "replace")
        content = parsed(document)
        return beginning(document) if content is None else readable(content)


DOCUMENTS = tuple(
    RecordDocument(name, key)
    for name, key in zip(("Sent", "Received", "Output"), labels.DOCUMENTS[1:], strict=True)
)
