"""JSON shapes of chat-completions bodies, as Bedrock's models of this dialect accept them.

AWS: model-parameters-openai, -mistral-chat-completion, -pixtral-large, -jamba, -palmyra-x5; the members of
`Body` are those that Bedrock lists when it refuses one. Members of a single vendor are marked.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import AudioFormat, Fraction

NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')
"""The schema of a tool that takes nothing."""


class Strict(Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Unknown members are refused, unset ones are not written. `gc=False`: trees have no cycles."""


class Text(Strict, tag_field="type", tag="text"):
    text: str


class Refusal(Strict, tag_field="type", tag="refusal"):
    refusal: str


class ImageUrl(Strict):
    url: str
    detail: Literal["auto", "low", "high"] | None = None


class Image(Strict, tag_field="type", tag="image_url"):
    image_url: ImageUrl | str
    """A string: Mistral."""


class InputAudio(Strict):
    data: str
    format: AudioFormat


class Audio(Strict, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class FileData(Strict):
    file_data: str | None = None
    filename: str | None = None
    file_id: str | None = None


class File(Strict, tag_field="type", tag="file"):
    file: FileData


class BareText(Strict):
    """Palmyra's content."""

    text: str


type UserPart = Text | Image | Audio | File
type AssistantPart = Text | Refusal
type ToolPart = Text | Image


class System(Strict, tag_field="role", tag="system"):
    content: str | list[Text] | BareText
    name: str | None = None


class Developer(Strict, tag_field="role", tag="developer"):
    content: str | list[Text] | BareText
    name: str | None = None


class User(Strict, tag_field="role", tag="user"):
    content: str | list[UserPart] | BareText
    name: str | None = None


class Called(Strict):
    name: str
    arguments: Raw = Raw(b'""')
    """JSON as text, or an object."""


class ToolCall(Strict):
    id: Annotated[str, Meta(min_length=1)]
    function: Called
    type: Literal["function"] | None = None
    index: int | None = None
    """Left over from a stream."""


class Assistant(Strict, tag_field="role", tag="assistant"):
    content: str | list[AssistantPart] | BareText | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    """DeepSeek, Qwen, Palmyra."""
    reasoning: str | None = None
    """The same, other vendors."""
    prefix: bool | None = None
    """Mistral: the response begins like this, which a last turn of the assistant means anyway."""
    annotations: list[Any] | None = None
    audio: None = None
    function_call: None = None


class Tool(Strict, tag_field="role", tag="tool"):
    tool_call_id: Annotated[str, Meta(min_length=1)]
    content: str | list[ToolPart] | BareText
    name: str | None = None
    """The tool's; its call has the same."""


type Message = System | Developer | User | Assistant | Tool


class Function(Strict):
    name: str
    description: str | None = None
    parameters: Raw = NO_PARAMETERS
    strict: bool | None = None


class FunctionTool(Strict, tag_field="type", tag="function"):
    function: Function


class NamedFunction(Strict):
    name: str


class NamedChoice(Strict, tag_field="type", tag="function"):
    function: NamedFunction


type ToolChoice = Literal["auto", "none", "required", "any"] | NamedChoice
"""`any`: Mistral's name of `required`."""


class AsText(Strict, tag_field="type", tag="text"):
    pass


class AsObject(Strict, tag_field="type", tag="json_object"):
    pass


class Schema(Strict):
    schema: Raw
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class AsSchema(Strict, tag_field="type", tag="json_schema"):
    json_schema: Schema


type ResponseFormat = AsText | AsObject | AsSchema

type Limit = Annotated[int, Meta(ge=1)]
type Penalty = Annotated[float, Meta(ge=-2, le=2)]


class CommonBody(Strict):
    """A body of the members that most have; decoding and reading it is faster."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    model: str | None = None
    """Ignored: the job's `modelId` decides."""
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Fraction | None = None
    stop: str | list[str] | None = None


class Body(CommonBody):
    """Any body."""

    tools: list[FunctionTool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, int | float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    """Not OpenAI's, nor is `min_p`: models of other vendors take them."""
    min_p: Fraction | None = None
    user: str | None = None
    safety_identifier: str | None = None
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: Any = None
    modalities: list[Literal["text"]] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    service_tier: Literal["auto", "default", "flex", "priority"] | None = None
    prompt_cache_key: str | None = None
    prediction: Any = None


type FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
