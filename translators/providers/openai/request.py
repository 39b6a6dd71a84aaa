"""A record as a line of a batch's input: the Converse request as a chat completion.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py, parts.py
    toolConfig                        tools, tool_choice                          tools.py
    outputConfig.textFormat           response_format                             tools.py
    outputConfig.effort               reasoning_effort                            parameters.py
    inferenceConfig                   max_completion_tokens | max_tokens, temperature, top_p, stop
    additionalModelRequestFields      what OpenAI knows of it; the unknown is refused
    requestMetadata, performanceConfig, serviceTier, additionalModelResponseFieldPaths
                                      dropped with a note: none of them changes what the model is asked
    guardrailConfig, promptVariables  refused: without them the record would mean something else

OpenAI: guides/batch (the line), api-reference chat/create (its body).
"""

from typing import Literal

from translators.bedrock.converse import Note, Request
from translators.errors import Refused
from translators.providers.openai.lines import line_of
from translators.providers.openai.messages import joined, messages
from translators.providers.openai.models import Traits, traits
from translators.providers.openai.parameters import add_parameters
from translators.providers.openai.parts import check_media
from translators.providers.openai.tools import response_format, tool_parameters
from translators.providers.rows import Line

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
"""What every line and the batch itself name; they must agree."""


_METADATA = Note("requestMetadata", "dropped", "labels of Bedrock's invocation log")
_PERFORMANCE = Note("performanceConfig", "dropped", "a batch has no latency to choose")
_SERVICE_TIER = Note("serviceTier", "dropped", "a batch has its own")
_RESPONSE_FIELDS = Note(
    "additionalModelResponseFieldPaths", "dropped", "point into the answer of another model"
)


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that asks OpenAI for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    return line_of(custom_id, ENDPOINT, body_for(request, model, traits(model), notes), notes)


def line_for(custom_id: str, request: Request, model: str, taken: Traits, endpoint: str = ENDPOINT) -> Line:
    """The line that asks a model for this record's answer, at a server of OpenAI's form. Raises `Refused`."""
    notes: list[Note] = []
    return line_of(custom_id, endpoint, body_for(request, model, taken, notes), notes)


def body_for(request: Request, model: str, taken: Traits, notes: list[Note]) -> dict[str, object]:
    """The chat completion that asks for this record's answer. Raises `Refused`."""
    if not (taken.files and taken.audio):
        check_media(request.messages, files=taken.files, audio=taken.audio)
    said = messages(request, notes)
    body: dict[str, object] = {"model": model, "messages": said if taken.text_parts else joined(said)}
    if request.tool_config is not None:
        body |= tool_parameters(request.tool_config, notes)
    if request.output_config is not None and request.output_config.text_format is not None:
        body["response_format"] = response_format(request.output_config.text_format, notes)
    add_parameters(body, request, taken, notes)
    check_beside_the_model(request, notes)
    return body


def check_beside_the_model(request: Request, notes: list[Note]) -> None:
    """Note the members that are not told to a model. Raises `Refused` for those that matter."""
    if request.guardrail_config is not None:
        raise Refused("guardrailConfig", "there is no guardrail at this provider")
    if request.prompt_variables:
        raise Refused("promptVariables", "fill a prompt that is stored in Bedrock; it is not known here")
    if request.request_metadata is not None:
        notes.append(_METADATA)
    if request.performance_config is not None:
        notes.append(_PERFORMANCE)
    if request.service_tier is not None:
        notes.append(_SERVICE_TIER)
    if request.additional_model_response_field_paths is not None:
        notes.append(_RESPONSE_FIELDS)
