"""Content blocks and tools of a request (Anthropic: api/messages/create)."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Raw, Struct


class Sent(Struct, omit_defaults=True, gc=False):
    """Defaults are not written. No cycles, no garbage collector."""


class CacheControl(Sent, tag_field="type", tag="ephemeral"):
    ttl: Literal["5m", "1h"] | None = None


class CitationsConfig(Sent):
    enabled: bool


class CharLocation(Sent, tag_field="type", tag="char_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int


class PageLocation(Sent, tag_field="type", tag="page_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_page_number: int
    end_page_number: int


class ContentBlockLocation(Sent, tag_field="type", tag="content_block_location"):
    cited_text: str
    document_index: int
    document_title: str | None
    start_block_index: int
    end_block_index: int


class SearchResultLocation(Sent, tag_field="type", tag="search_result_location"):
    cited_text: str
    search_result_index: int
    source: str
    title: str | None
    start_block_index: int
    end_block_index: int


type Citation = CharLocation | PageLocation | ContentBlockLocation | SearchResultLocation


class Text(Sent, tag_field="type", tag="text"):
    text: str
    citations: Sequence[Citation] | None = None
    cache_control: CacheControl | None = None


class Base64Source(Sent, tag_field="type", tag="base64"):
    media_type: str
    data: str


class TextSource(Sent, tag_field="type", tag="text"):
    media_type: Literal["text/plain"]
    data: str


class ContentSource(Sent, tag_field="type", tag="content"):
    content: Sequence[Text]


class Image(Sent, tag_field="type", tag="image"):
    source: Base64Source
    cache_control: CacheControl | None = None


class Document(Sent, tag_field="type", tag="document"):
    source: Base64Source | TextSource | ContentSource
    title: str
    context: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class SearchResult(Sent, tag_field="type", tag="search_result"):
    source: str
    title: str
    content: Sequence[Text]
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


type Part = Text | Image | Document | SearchResult
"""Content of user messages and tool results."""


class ToolUse(Sent, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: Raw
    cache_control: CacheControl | None = None


class ToolResult(Sent, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: Sequence[Part] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class Thinking(Sent, tag_field="type", tag="thinking"):
    thinking: str
    signature: str


class RedactedThinking(Sent, tag_field="type", tag="redacted_thinking"):
    data: str


type Block = Part | ToolUse | ToolResult | Thinking | RedactedThinking


class Message(Sent):
    role: Literal["user", "assistant", "system"]
    content: str | Sequence[Block]


class Tool(Sent):
    name: str
    input_schema: Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
