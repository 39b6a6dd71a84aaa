"""The view of routed Bedrock calls: what became of the call, then its body."""

from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from addon.web.flows import labels
from addon.web.views.text import beginning, parsed, readable, safe

_SHOWN = frozenset(
    {
        "CreateModelInvocationJob",
        "GetModelInvocationJob",
        "ListModelInvocationJobs",
        "StopModelInvocationJob",
    }
)


class BedrockBatch(Contentview):
    """Chosen by itself for routed Create, Get, List and Stop."""

    @property
    @override
    def name(self) -> str:
        return "Bedrock batch"

    @property
    @override
    def syntax_highlight(self) -> SyntaxHighlight:
        return "yaml"

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        known = metadata.flow.metadata if metadata.flow is not None else {}
        return 2 if known.get(labels.OPERATION) in _SHOWN else -1

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        document = parsed(data)
        body = beginning(data) if document is None else readable(document)
        return "\n".join(filter(None, (_head(metadata), body)))


def _head(metadata: Metadata) -> str:
    """What the proxy made of the call."""
    flow = metadata.flow
    if flow is None:
        return ""
    known = flow.metadata
    members = {
        "operation": known.get(labels.OPERATION),
        "provider": known.get(labels.PROVIDER),
        "job": known.get(labels.JOB),
        "outcome": flow.comment,
    }
    lines = [f"{name}: {safe(str(value))}" for name, value in members.items() if value]
    if known.get(labels.PROGRESS):
        lines.append(safe(str(known[labels.PROGRESS])))
    return "\n".join([*(f"# {line}" for text in lines for line in text.split("\n")), ""])
