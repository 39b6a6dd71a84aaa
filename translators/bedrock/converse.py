"""The hub: Bedrock's Converse request and response, between the dialects and the providers.

Field names are AWS's (`ConverseRequest`, `ContentBlock`, … of the `bedrock-runtime` service model), in
snake case here and in camel case in JSON, so a `Converse` record is decoded straight into these types.
Blobs stay base64 text. JSON that is passed on unread (tool inputs, schemas) stays raw bytes.

A union of the service model is one struct with one member set; `families/converse_constraints.py` checks that
for records of applications.

Members of other dialects without a counterpart in Converse are `additional_model_request_fields`, named:

    top_k, seed, n, presence_penalty, frequency_penalty, min_p, logit_bias, logprobs, top_logprobs
    thinking            Claude's object: {"type": "enabled", "budget_tokens": 2048} | adaptive | disabled
    reasoning_effort    none | minimal | low | medium | high | xhigh | max
    parallel_tool_calls bool
    user                id of the end user (Claude's metadata.user_id)
    anthropic_beta      list of beta names

`ToolChoice.none` is not Converse's either: it forbids tools, as other dialects can. Nor is
`OutputConfig.json_object`: other dialects ask for JSON without a schema, which no schema says.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field
from msgspec.structs import asdict

from translators.bedrock.media import AudioBlock as AudioBlock
from translators.bedrock.media import AudioFormat as AudioFormat
from translators.bedrock.media import Citations as Citations
from translators.bedrock.media import DocumentBlock as DocumentBlock
from translators.bedrock.media import DocumentFormat as DocumentFormat
from translators.bedrock.media import ImageBlock as ImageBlock
from translators.bedrock.media import ImageFormat as ImageFormat
from translators.bedrock.media import MediaError as MediaError
from translators.bedrock.media import S3Location as S3Location
from translators.bedrock.media import Shape as Shape
from translators.bedrock.media import Source as Source
from translators.bedrock.media import TextBlock as TextBlock
from translators.bedrock.media import VideoBlock as VideoBlock
from translators.bedrock.media import VideoFormat as VideoFormat
from translators.notes import Note as Note

type Role = Literal["user", "assistant", "system"]

# Constraints are AWS's, checked when a `Converse` record is decoded, not when other families or providers
# construct these types.
type NonEmpty = Annotated[str, Meta(min_length=1)]
type Fraction = Annotated[float, Meta(ge=0, le=1)]
type ToolUseId = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]
type FieldPath = Annotated[str, Meta(min_length=1, max_length=256)]
type ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class ToolUseBlock(Shape):
    tool_use_id: ToolUseId
    name: ToolName
    input: Raw
    """Any JSON, as sent."""
    type: str | None = None


class SearchResultBlock(Shape):
    source: str
    title: str
    content: list[TextBlock]
    citations: Citations | None = None


class ToolResultContent(Shape):
    """One part of a tool's answer; exactly one member is set."""

    text: str | None = None
    json: Any = None
    """Any JSON, as values: msgspec has no `Raw` that may be absent."""
    image: ImageBlock | None = None
    document: DocumentBlock | None = None
    video: VideoBlock | None = None
    search_result: SearchResultBlock | None = None


class ToolResultBlock(Shape):
    tool_use_id: ToolUseId
    content: list[ToolResultContent]
    status: Literal["success", "error"] | None = None
    type: str | None = None


class CachePoint(Shape):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] | None = None


class ReasoningText(Shape):
    text: str
    signature: str | None = None


class ReasoningContent(Shape):
    """Exactly one member is set; `redacted_content` is base64."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class GuardText(Shape):
    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] | None = None


class GuardImage(Shape):
    format: Literal["png", "jpeg"]
    source: Source


class GuardContent(Shape):
    text: GuardText | None = None
    image: GuardImage | None = None


class InDocument(Shape):
    """A range of characters, pages or chunks; `document_index` counts the request's documents."""

    document_index: int
    start: int
    end: int


class InSearchResult(Shape):
    search_result_index: int
    start: int
    end: int


class OnWeb(Shape):
    url: str
    domain: str | None = None


class CitationLocation(Shape):
    """Exactly one member is set."""

    web: OnWeb | None = None
    document_char: InDocument | None = None
    document_page: InDocument | None = None
    document_chunk: InDocument | None = None
    search_result_location: InSearchResult | None = None


class Citation(Shape):
    title: str | None = None
    source: str | None = None
    source_content: list[TextBlock] | None = None
    location: CitationLocation | None = None


class CitationsContent(Shape):
    content: list[TextBlock] | None = None
    citations: list[Citation] | None = None


class ContentBlock(Shape):
    """One block of a message; exactly one member is set."""

    text: str | None = None
    image: ImageBlock | None = None
    tool_use: ToolUseBlock | None = None
    tool_result: ToolResultBlock | None = None
    document: DocumentBlock | None = None
    reasoning_content: ReasoningContent | None = None
    cache_point: CachePoint | None = None
    video: VideoBlock | None = None
    audio: AudioBlock | None = None
    guard_content: GuardContent | None = None
    citations_content: CitationsContent | None = None
    search_result: SearchResultBlock | None = None
    tool_addition: Any = None
    tool_removal: Any = None


class Message(Shape):
    role: Role
    content: list[ContentBlock]


class SystemBlock(Shape):
    """Exactly one member is set."""

    text: NonEmpty | None = None
    cache_point: CachePoint | None = None
    guard_content: GuardContent | None = None


class InferenceConfig(Shape):
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    stop_sequences: Annotated[list[NonEmpty], Meta(max_length=2500)] | None = None


class InputSchema(Shape):
    json: Raw


class ToolSpec(Shape):
    name: ToolName
    input_schema: InputSchema
    description: NonEmpty | None = None
    strict: bool | None = None


class SystemTool(Shape):
    name: ToolName


class Tool(Shape):
    """Exactly one member is set."""

    tool_spec: ToolSpec | None = None
    system_tool: SystemTool | None = None
    cache_point: CachePoint | None = None


class Empty(Shape):
    """`{}`"""


class NamedTool(Shape):
    name: ToolName


class ToolChoice(Shape):
    """Exactly one member is set."""

    auto: Empty | None = None
    any: Empty | None = None
    tool: NamedTool | None = None
    none: Empty | None = None
    """Tools may not be used. Not a member of AWS's union."""


class ToolConfig(Shape):
    tools: Annotated[list[Tool], Meta(min_length=1)]
    tool_choice: ToolChoice | None = None


class GuardrailConfig(Shape):
    guardrail_identifier: str
    guardrail_version: str
    trace: Literal["enabled", "disabled", "enabled_full"] | None = None


class JsonSchema(Shape):
    schema: str
    """JSON Schema, as a JSON *string*."""
    name: str | None = None
    description: str | None = None


class TextFormatStructure(Shape):
    json_schema: JsonSchema


class TextFormat(Shape):
    type: Literal["json_schema"]
    structure: TextFormatStructure


class OutputConfig(Shape):
    text_format: TextFormat | None = None
    effort: Annotated[str, Meta(max_length=16)] | None = None
    """low | medium | high | xhigh | max"""
    json_object: Literal[True] | None = None
    """The answer is a JSON object, of whatever members. Not a member of AWS's structure."""


class PerformanceConfig(Shape):
    latency: Literal["standard", "optimized"] | None = None


class ServiceTier(Shape):
    type: Literal["priority", "default", "flex", "reserved"]


class PromptVariable(Shape):
    text: str


class Request(Shape):
    """`ConverseRequest` without `modelId`: the `modelInput` of a record of type `Converse`."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    system: list[SystemBlock] | None = None
    inference_config: InferenceConfig | None = None
    tool_config: ToolConfig | None = None
    additional_model_request_fields: dict[str, Any] | None = None
    output_config: OutputConfig | None = None
    guardrail_config: GuardrailConfig | None = None
    additional_model_response_field_paths: Annotated[list[FieldPath], Meta(max_length=10)] | None = None
    prompt_variables: dict[str, PromptVariable] | None = None
    request_metadata: Annotated[dict[str, str], Meta(min_length=1, max_length=16)] | None = None
    performance_config: PerformanceConfig | None = None
    service_tier: ServiceTier | None = None
    project_identifier: str | None = None
    """Bedrock's project, for its bill (botocore 1.44.8: `bedrock-runtime`)."""


class CacheDetail(Shape):
    ttl: str
    input_tokens: int


class Usage(Shape):
    """Token counts. `input_tokens` leaves out what was read from or written to a cache;
    `output_tokens` includes reasoning; `total_tokens` is the sum of all four."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[CacheDetail] | None = None


class Output(Shape):
    message: Message


class Metrics(Shape, omit_defaults=False):
    latency_ms: int = 0


type StopReason = Literal[
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
]


class Response(Shape):
    """`ConverseResponse`: the `modelOutput` of a record of type `Converse`."""

    output: Output
    stop_reason: StopReason
    usage: Usage
    metrics: Metrics = field(default_factory=Metrics)
    additional_model_response_fields: dict[str, Any] | None = None
    trace: Any = None
    performance_config: PerformanceConfig | None = None
    service_tier: ServiceTier | None = None


class Answer(Struct):
    """A provider's answer to one record: the Converse response, and what other dialects need beside it."""

    response: Response
    id: str
    """The provider's id of the completion."""
    model: str
    """The provider's name of the model."""
    stop_sequence: str | None = None
    """The stop sequence that ended the text, where the provider reports it."""
    refusal: str = ""
    """The words in which the model refused, one of the content's texts. Converse has no stop reason for that:
    `stop_reason` is `content_filtered`, as it is, without such words, where a filter stopped the answer."""
    stopped_by: str = ""
    """The provider's own word for the filter that stopped the answer."""
    separator: str = ""
    """The separator between the content's texts where a dialect has room for a single one."""
    reasoning_tokens: int | None = None
    """The part of `output_tokens` that was reasoning, where the provider reports it."""
    created: int = 0
    """Unix seconds, where the provider reports it."""
    notes: list[Note] = field(default_factory=list[Note])
    """Notes on what was dropped or mapped of the answer; the dialect adds its own."""


class NotedRequest(Request):
    """A request, with notes on members of its body that have no counterpart in Converse."""

    notes: tuple[Note, ...] = ()


def noted(request: Request, notes: Iterable[Note]) -> NotedRequest:
    """The request with notes, each once."""
    return NotedRequest(**asdict(request), notes=tuple(dict.fromkeys(notes)))


def encode(value: Struct) -> bytes:
    """The JSON of a hub value."""
    return msgspec.json.encode(value)
