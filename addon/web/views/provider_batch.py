"""The view of this process's own calls: the provider's words, and Bedrock's for them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from addon.web.flows import labels
from addon.web.views.text import beginning, lines_of, parsed, readable, safe

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        # OpenAI and those with its API; Anthropic; Gemini and Vertex AI; Mistral; Cohere; Together
        "validating": "Validating",
        "in_progress": "InProgress",
        "finalizing": "InProgress; results are being written",
        "completed": "Completed",
        "failed": "Failed",
        "expired": "PartiallyCompleted or Expired",
        "cancelling": "Stopping",
        "canceling": "Stopping",
        "cancelled": "Stopped",
        "canceled": "Stopped",
        "ended": "Completed",
        "queued": "Scheduled",
        "pending": "Scheduled",
        "running": "InProgress",
        "success": "Completed",
        "succeeded": "Completed",
        "batch_state_pending": "Scheduled",
        "batch_state_running": "InProgress",
        "batch_state_succeeded": "Completed",
        "batch_state_failed": "Failed",
        "batch_state_cancelled": "Stopped",
        "batch_state_expired": "PartiallyCompleted or Expired",
        "job_state_pending": "Scheduled",
        "job_state_queued": "Scheduled",
        "job_state_running": "InProgress",
        "job_state_succeeded": "Completed",
        "job_state_failed": "Failed",
        "job_state_cancelling": "Stopping",
        "job_state_cancelled": "Stopped",
        "job_state_expired": "PartiallyCompleted or Expired",
    }
)
_STATUS_MEMBERS = ("status", "processing_status", "state")


class ProviderBatch(Contentview):
    """Chosen by itself for this process's own calls."""

    @property
    @override
    def name(self) -> str:
        return "Provider batch"

    @property
    @override
    def syntax_highlight(self) -> SyntaxHighlight:
        return "yaml"

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        is_own = metadata.flow is not None and labels.CALL in metadata.flow.metadata
        return 2 if is_own and data else -1

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        document = parsed(data)
        if document is not None:
            return "\n".join(filter(None, (_in_bedrocks_words(document), readable(document))))
        documents = [parsed(line) for line in lines_of(data)]
        if documents and all(isinstance(document, dict) for document in documents):
            return "\n\n".join(
                f"# line {number}\n{readable(each)}" for number, each in enumerate(documents, 1)
            )
        return beginning(data)


def _in_bedrocks_words(document: object) -> str:
    """The status of a batch object, in Bedrock's terms."""
    if not isinstance(document, dict):
        return ""
    places = [document, document.get("metadata"), document.get("batch")]
    for place in places:
        for name in _STATUS_MEMBERS:
            said = place.get(name) if isinstance(place, dict) else None
            if isinstance(said, str) and said.lower() in _WORDS:
                return f"# {name} {safe(said)}: {_WORDS[said.lower()]}\n"
    return ""
