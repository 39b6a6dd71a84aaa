"""The Converse request of a record as the body of a chat completion.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py, parts.py
    toolConfig                        tools, tool_choice                          tools.py
    outputConfig.textFormat           response_format                             tools.py
    outputConfig.effort               reasoning_effort                            parameters.py
    inferenceConfig                   max_completion_tokens | max_tokens, temperature, top_p, stop
    additionalModelRequestFields      those that OpenAI knows; others are refused
    requestMetadata, performanceConfig, serviceTier, additionalModelResponseFieldPaths
                                      dropped with a note: none of them changes what the model is asked
    guardrailConfig, promptVariables  refused: without them the record would mean something else

OpenAI: api-reference chat/create.
"""

from translators.bedrock.converse import Note, Request
from translators.providers.chat_completions.messages import joined, messages
from translators.providers.chat_completions.parameters import add_parameters
from translators.providers.chat_completions.parts import check_media
from translators.providers.chat_completions.tools import response_format, tool_parameters
from translators.providers.chat_completions.traits import Traits
from translators.providers.converse_requests import check_unsent
from translators.providers.request_parameters import fitted_once
from translators.providers.rules.checks import check_prefill, check_tools_and_schema


def body_for(request: Request, model: str, traits: Traits, notes: list[Note]) -> dict[str, object]:
    """The chat completion that asks for this record's answer. Raises `Refused`."""
    if request.tool_config is not None or request.output_config is not None:
        check_tools_and_schema(request, traits.rules)
    if not (traits.files and traits.audio):
        check_media(request.messages, files=traits.files, audio=traits.audio)
    written = messages(request, notes)
    if written[-1].role == "assistant":
        check_prefill(request.messages, len(request.messages) - 1, traits.rules, notes)
    if not traits.text_parts:
        written = joined(written)
    members, noted = _parameters(request, traits)
    notes += noted
    check_unsent(request, notes)
    return {"model": model, "messages": written, **members}


@fitted_once
def _parameters(request: Request, traits: Traits, notes: list[Note]) -> dict[str, object]:
    """The members beside model and messages. Raises `Refused`."""
    body: dict[str, object] = {}
    if request.tool_config is not None:
        body |= tool_parameters(request.tool_config, notes)
    if request.output_config is not None:
        form = response_format(request.output_config, traits.schemas, notes)
        if form is not None:
            body["response_format"] = form
    add_parameters(body, request, traits, notes)
    return body
