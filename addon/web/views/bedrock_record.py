"""The view of a job's input or output: one record after the other, prompts as text."""

import re
from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from addon.web.flows import labels
from addon.web.flows.aws_chunked import without_frames
from addon.web.views.text import LOOKED_AT, beginning, lines_of, parsed, readable

_MODEL_INPUT = re.compile(rb'\s*\{(?:[^\n]{0,4000}?[{,])?[ \t]*"modelInput"[ \t]*:')


class BedrockRecord(Contentview):
    """Chosen by itself for JSONL with `modelInput` in its first line, and for flows of records."""

    @property
    @override
    def name(self) -> str:
        return "Bedrock record"

    @property
    @override
    def syntax_highlight(self) -> SyntaxHighlight:
        return "yaml"

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        if _MODEL_INPUT.match(without_frames(data)):
            return 2
        return 2 if data and _is_record(metadata) else -1

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        if _is_record(metadata):
            document = parsed(data)
            return beginning(data) if document is None else readable(document)
        size, data = len(data), without_frames(data)
        lines = lines_of(data)
        if not lines:
            return beginning(data)
        shown = [_shown(number, line) for number, line in enumerate(lines, 1)]
        if size > LOOKED_AT:
            shown.append(f"# {len(lines)} records at the beginning of {size:,} bytes")
        return "\n\n".join(shown)


def _is_record(metadata: Metadata) -> bool:
    return metadata.flow is not None and labels.RECORD in metadata.flow.metadata


def _shown(number: int, line: bytes) -> str:
    document = parsed(line)
    return f"# record {number}\n{beginning(line) if document is None else readable(document)}"
