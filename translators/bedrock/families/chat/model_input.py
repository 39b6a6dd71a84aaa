"""Chat-completions body → Converse request.

Destination of each member:

    messages                          system (what the conversation opens with), messages
    tools, tool_choice                toolConfig
    response_format                   outputConfig.textFormat, or its json_object
    max_tokens, temperature, …        inferenceConfig
    seed, penalties, top_k, …         additionalModelRequestFields, under the same names
    metadata                          requestMetadata
    model, stream: false, n: 1        nothing: they state the default
    stream_options, store, prompt_cache_key, prediction
                                      dropped with a note: no answer depends on them
"""

from collections.abc import Callable
from operator import attrgetter

import msgspec
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.converse import Note
from translators.bedrock.families import converse_content
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.chat import wire
from translators.bedrock.families.chat.messages import messages
from translators.errors import Refused

_BODY: msgspec.json.Decoder[wire.CommonBody] = msgspec.json.Decoder(wire.Body)

_EXTRAS = (
    "reasoning_effort",
    "verbosity",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "top_logprobs",
    "top_k",
    "min_p",
    "parallel_tool_calls",
)
_EXTRA_VALUES: Callable[[wire.Body], tuple[object, ...]] = attrgetter(*_EXTRAS)
_EMPTY_CONFIG = converse.InferenceConfig()

_STREAM_OPTIONS = Note("stream_options", "dropped", "a batch streams nothing")
_STORE = Note("store", "dropped", "answers are kept in the job's bucket only")
_CACHE_KEY = Note("prompt_cache_key", "dropped", "belongs to OpenAI's own cache")
_PREDICTION = Note("prediction", "dropped", "only makes an answer faster")
_IDENTIFIER = Note("safety_identifier", "dropped", "user counts")


def request(model_input: Raw | wire.CommonBody) -> converse.Request:
    """The Converse request of a body. Raises `Refused` naming the field."""
    return _request(model_input, tagged=False)


def request_with_tags(model_input: Raw | wire.CommonBody) -> converse.Request:
    """Like `request`, for a dialect in which assistant texts may begin with `<reasoning>…</reasoning>`."""
    return _request(model_input, tagged=True)


def _request(model_input: Raw | wire.CommonBody, *, tagged: bool) -> converse.Request:
    body = decoded(_BODY, model_input) if isinstance(model_input, Raw) else model_input
    notes: list[Note] = []
    system, conversation = None, messages(body.messages, notes, tagged=tagged)
    if conversation[0].role == "system":
        system, conversation = converse_content.split_system(conversation)
    inference = _inference(body)
    config = None if inference == _EMPTY_CONFIG else inference
    noted = tuple(dict.fromkeys(notes)) if notes else ()
    if type(body) is not wire.Body:  # `isinstance` of a struct is slower
        return converse.NotedRequest(conversation, system, config, notes=noted)
    if body.stream:
        raise Refused("stream", "a batch streams nothing; accepted is false")
    _note_dropped(body, notes)
    return converse.NotedRequest(
        messages=conversation,
        system=system,
        inference_config=config,
        tool_config=_tool_config(body),
        additional_model_request_fields=_extras(body, notes) or None,
        output_config=None if body.response_format is None else _output_config(body.response_format),
        request_metadata=body.metadata or None,
        service_tier=_service_tier(body),
        notes=tuple(dict.fromkeys(notes)) if notes else (),
    )


def _inference(body: wire.CommonBody) -> converse.InferenceConfig:
    limit, other = body.max_tokens, body.max_completion_tokens
    if limit is not None and other is not None and limit != other:
        raise Refused("max_completion_tokens", f"says {other}, max_tokens says {limit}")
    stop = [body.stop] if isinstance(body.stop, str) else body.stop
    most = other if limit is None else limit
    return converse.InferenceConfig(most, body.temperature, body.top_p, stop or None)


def _extras(body: wire.Body, notes: list[Note]) -> dict[str, object]:
    values = _EXTRA_VALUES(body)
    extras: dict[str, object] = {}
    if values.count(None) != len(values):
        extras |= {name: value for name, value in zip(_EXTRAS, values, strict=True) if value is not None}
    if body.logprobs:
        extras["logprobs"] = True
    user = body.user if body.user is not None else body.safety_identifier
    if user is not None:
        extras["user"] = user
    if body.user is not None and body.safety_identifier is not None:
        notes.append(_IDENTIFIER)
    return extras


def _tool_config(body: wire.Body) -> converse.ToolConfig | None:
    choice = body.tool_choice
    if not body.tools:
        if choice not in {None, "auto", "none"}:
            raise Refused("tool_choice", "may only be specified while providing tools")
        return None
    tools = [_tool(tool.function, f"tools[{index}].function") for index, tool in enumerate(body.tools)]
    return converse.ToolConfig(tools, None if choice is None else _choice(choice))


def _tool(function: wire.Function, path: str) -> converse.Tool:
    schema = wire.NO_PARAMETERS if function.parameters == Raw(b"null") else function.parameters
    if memoryview(schema)[0] != ord("{"):
        raise Refused(f"{path}.parameters", "is not an object")
    spec = converse.ToolSpec(
        function.name, converse.InputSchema(schema), function.description or None, function.strict
    )
    return converse.Tool(spec)


def _choice(choice: wire.ToolChoice) -> converse.ToolChoice:
    if isinstance(choice, wire.NamedChoice):
        return converse.ToolChoice(tool=converse.NamedTool(choice.function.name))
    if choice == "none":
        return converse.ToolChoice(none=converse.Empty())
    if choice == "auto":
        return converse.ToolChoice(auto=converse.Empty())
    return converse.ToolChoice(any=converse.Empty())


def _output_config(response_format: wire.ResponseFormat) -> converse.OutputConfig | None:
    match response_format:
        case wire.AsObject():
            return converse.OutputConfig(json_object=True)
        case wire.AsSchema(json_schema=named):
            if memoryview(named.schema)[0] != ord("{"):
                raise Refused("response_format.json_schema.schema", "is not an object")
            schema = converse.JsonSchema(bytes(named.schema).decode(), named.name, named.description)
        case wire.AsText():
            return None
    structure = converse.TextFormatStructure(schema)
    return converse.OutputConfig(converse.TextFormat("json_schema", structure))


def _service_tier(body: wire.Body) -> converse.ServiceTier | None:
    if body.service_tier is None or body.service_tier == "auto":
        return None
    return converse.ServiceTier(body.service_tier)


def _note_dropped(body: wire.Body, notes: list[Note]) -> None:
    if body.stream_options is not None:
        notes.append(_STREAM_OPTIONS)
    if body.store:
        notes.append(_STORE)
    if body.prompt_cache_key is not None:
        notes.append(_CACHE_KEY)
    if body.prediction is not None:
        notes.append(_PREDICTION)
