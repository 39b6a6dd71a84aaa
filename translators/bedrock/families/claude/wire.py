"""JSON shapes of the Messages API on Bedrock: bodies and messages."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import Fraction

type Identifier = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+$")]
type Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]


class Strict(Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Unknown members are refused, unset ones are not written. `gc=False`: trees have no cycles."""


class CacheControl(Strict, tag_field="type", tag="ephemeral"):
    ttl: Literal["5m", "1h"] | None = None


class CitationsConfig(Strict):
    enabled: bool


class CharLocation(Strict, tag_field="type", tag="char_location"):
    cited_text: str
    document_index: int
    start_char_index: int
    end_char_index: int
    document_title: str | None = None
    file_id: None = None


class PageLocation(Strict, tag_field="type", tag="page_location"):
    cited_text: str
    document_index: int
    start_page_number: int
    end_page_number: int
    document_title: str | None = None
    file_id: None = None


class ContentBlockLocation(Strict, tag_field="type", tag="content_block_location"):
    cited_text: str
    document_index: int
    start_block_index: int
    end_block_index: int
    document_title: str | None = None
    file_id: None = None


class SearchResultLocation(Strict, tag_field="type", tag="search_result_location"):
    cited_text: str
    search_result_index: int
    source: str
    start_block_index: int
    end_block_index: int
    title: str | None = None


class WebLocation(Strict, tag_field="type", tag="web_search_result_location"):
    """In responses only: Bedrock has no web search of Anthropic's."""

    cited_text: str
    url: str
    title: str | None
    encrypted_index: str


type Citation = CharLocation | PageLocation | ContentBlockLocation | SearchResultLocation


class Text(Strict, tag_field="type", tag="text"):
    text: str
    citations: list[Citation] | None = None
    cache_control: CacheControl | None = None


class ImageSource(Strict, tag_field="type", tag="base64"):
    """Bedrock takes no URLs and no files."""

    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class Image(Strict, tag_field="type", tag="image"):
    source: ImageSource
    cache_control: CacheControl | None = None


class PdfSource(Strict, tag_field="type", tag="base64"):
    media_type: Literal["application/pdf"]
    data: str


class TextSource(Strict, tag_field="type", tag="text"):
    media_type: Literal["text/plain"]
    data: str


class ContentSource(Strict, tag_field="type", tag="content"):
    content: str | list[Text | Image]


class Document(Strict, tag_field="type", tag="document"):
    source: PdfSource | TextSource | ContentSource
    title: str | None = None
    context: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class SearchResult(Strict, tag_field="type", tag="search_result"):
    source: str
    title: str
    content: list[Text]
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class DirectCaller(Strict, tag_field="type", tag="direct"):
    """The model called the tool itself; in newer messages."""


class ToolUse(Strict, tag_field="type", tag="tool_use"):
    id: Identifier
    name: Name
    input: Raw
    caller: DirectCaller | None = None
    cache_control: CacheControl | None = None


type ResultPart = Text | Image | Document | SearchResult


class ToolResult(Strict, tag_field="type", tag="tool_result"):
    tool_use_id: Identifier
    content: str | list[ResultPart] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class Thinking(Strict, tag_field="type", tag="thinking"):
    thinking: str
    signature: str


class RedactedThinking(Strict, tag_field="type", tag="redacted_thinking"):
    data: str


type Block = Text | Image | Document | SearchResult | ToolUse | ToolResult | Thinking | RedactedThinking


class Message(Strict):
    role: Literal["user", "assistant", "system"]
    """`system` in the middle of a conversation: seen on the live API with Opus 4.8."""
    content: str | list[Block]


class SystemText(Strict, tag_field="type", tag="text"):
    text: str
    cache_control: CacheControl | None = None


class Tool(Strict):
    name: Name
    input_schema: Raw
    description: str | None = None
    type: Literal["custom"] | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[Any] | None = None


class ToolType(Struct):
    """The `type` of a tool: its own for each of Anthropic's tools, `custom` or none for others."""

    type: str | None = None


class ChoiceAuto(Strict, tag_field="type", tag="auto"):
    disable_parallel_tool_use: bool | None = None


class ChoiceAny(Strict, tag_field="type", tag="any"):
    disable_parallel_tool_use: bool | None = None


class ChoiceTool(Strict, tag_field="type", tag="tool"):
    name: Name
    disable_parallel_tool_use: bool | None = None


class ChoiceNone(Strict, tag_field="type", tag="none"):
    disable_parallel_tool_use: None = None


type ToolChoice = ChoiceAuto | ChoiceAny | ChoiceTool | ChoiceNone

type Display = Literal["summarized", "omitted", "updates"]


class ThinkingEnabled(Strict, tag_field="type", tag="enabled"):
    budget_tokens: Annotated[int, Meta(ge=1024)]
    display: Display | None = None


class ThinkingAdaptive(Strict, tag_field="type", tag="adaptive"):
    display: Display | None = None


class ThinkingDisabled(Strict, tag_field="type", tag="disabled"):
    pass


class ThinkingBetweenTools(Strict, tag_field="type", tag="between_tools"):
    pass


type ThinkingConfig = ThinkingEnabled | ThinkingAdaptive | ThinkingDisabled | ThinkingBetweenTools


class JsonSchemaFormat(Strict, tag_field="type", tag="json_schema"):
    schema: Raw


class OutputConfig(Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonSchemaFormat | None = None
    task_budget: Any = None


class Metadata(Strict):
    user_id: str | None = None


class CommonBody(Strict):
    """A body of the members that most have; decoding and reading it is faster.

    Sampling ranges are Anthropic's; which model takes which parameter is not checked here.
    """

    max_tokens: Annotated[int, Meta(ge=1)]
    messages: Annotated[list[Message], Meta(min_length=1)]
    system: str | list[SystemText] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=8191)] | None = None
    anthropic_version: str | None = None
    """`bedrock-2023-05-31` at AWS, `2026-10-21` in Anthropic's SDK (anthropic 2.14: lib/bedrock/_client.py).
    Nothing depends on it."""


class Body(CommonBody):
    """Any body. Below `betas` are members of Anthropic's own API (anthropic 2.14:
    beta/message_create_params.py), which `other_members` drops or refuses."""

    top_k: Annotated[int, Meta(ge=0)] | None = None
    tools: list[Raw] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    metadata: Metadata | None = None
    anthropic_beta: list[str] | None = None
    output_format: JsonSchemaFormat | None = None
    """The former name of `output_config.format`."""
    betas: list[str] | None = None
    model: str | None = None
    stream: bool | None = None
    billing_policy: Any = None
    cache_control: Any = None
    cache_hint: Any = None
    compaction: Any = None
    container: Any = None
    context_hint: Any = None
    context_management: Any = None
    diagnostics: Any = None
    fallback_credit_token: Any = None
    fallbacks: Any = None
    inference_geo: Any = None
    mcp_servers: Any = None
    previous_thread_event_id: Any = None
    service_tier: Any = None
    speed: Any = None
    store: Any = None
    thread: Any = None
    user_profile_id: Any = None
    workspace_id: Any = None


class Usage(Struct):
    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int


type StopReason = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "model_context_window_exceeded"
]


class CitedText(Strict, tag_field="type", tag="text"):
    text: str
    citations: list[Citation | WebLocation]


type AnswerBlock = Text | CitedText | ToolUse | Thinking | RedactedThinking


class Answer(Struct):
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[AnswerBlock]
    stop_reason: StopReason
    stop_sequence: str | None
    usage: Usage
