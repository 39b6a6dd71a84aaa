"""Reasoning that goes out and comes back in the next turn (OpenAI: guides/reasoning, encrypted reasoning).

OpenAI shows a summary at most, and gives the reasoning itself encrypted, to be sent back with its id. Both
travel in the one opaque place that other dialects have: the signature of a reasoning text, or the redacted
content where there is no text.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from msgspec import Struct

from translators.bedrock.converse import ReasoningContent, ReasoningText

_ID_PREFIX = "rs_"
"""Of OpenAI's ids of reasoning."""


class SummaryText(Struct, frozen=True, tag_field="type", tag="summary_text"):
    text: str


class Reasoning(Struct, frozen=True, tag_field="type", tag="reasoning"):
    id: str
    summary: Sequence[SummaryText]
    encrypted_content: str


def content_of(item_id: str, encrypted: str | None, text: str) -> ReasoningContent | None:
    """An item of an answer, in the hub; None for an empty one."""
    if encrypted is None:
        return ReasoningContent(ReasoningText(text)) if text else None
    opaque = f"{item_id}.{encrypted}"
    if text:
        return ReasoningContent(ReasoningText(text, opaque))
    return ReasoningContent(redacted_content=b64encode(opaque.encode()).decode())


def item_of(content: ReasoningContent) -> Reasoning | None:
    """The item that is sent back to OpenAI; None for reasoning of other providers."""
    text = content.reasoning_text
    opaque = _decoded(content.redacted_content or "") if text is None else text.signature or ""
    item_id, _, encrypted = opaque.partition(".")
    if not item_id.startswith(_ID_PREFIX) or not encrypted:
        return None
    return Reasoning(item_id, [] if text is None else [SummaryText(text.text)], encrypted)


def _decoded(blob: str) -> str:
    try:
        return b64decode(blob, validate=True).decode("ascii")
    except ValueError:
        return ""
