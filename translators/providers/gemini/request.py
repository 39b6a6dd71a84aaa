"""A record as a line of a batch's input: the Converse request as a `GenerateContentRequest`.

Where each member of a Converse request goes:

    messages                          contents                      contents.py, parts.py, results.py
    system                            systemInstruction             contents.py
    toolConfig                        tools, toolConfig             tools.py, schemas.py
    outputConfig.textFormat           responseMimeType, responseSchema    tools.py, schemas.py
    outputConfig.effort               thinkingConfig                thinking.py
    inferenceConfig                   the rest of generationConfig  parameters.py
    additionalModelRequestFields      those that Gemini knows; others are refused
    requestMetadata, performanceConfig, serviceTier, additionalModelResponseFieldPaths
                                      dropped with a note: none of them changes what the model is asked
    guardrailConfig, promptVariables  refused: without them the record would mean something else

Safety settings are Gemini's own: records have none. The model is in the URL of the batch, not in its lines.

Gemini: docs/batch-api (the line), generate-content (its request).
"""

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note, Request
from translators.providers.batch_file import Line, once_each
from translators.providers.converse_requests import check_unsent
from translators.providers.gemini.contents import contents, system_instruction
from translators.providers.gemini.models import MODELS
from translators.providers.gemini.parameters import generation_config
from translators.providers.gemini.tools import tool_members
from translators.providers.request_parameters import fitted_once
from translators.providers.rules.checks import check_tools_and_schema
from translators.providers.rules.model_rules import ModelRules, Overrides

GENERATE = "batchGenerateContent"
"""The method that starts a batch of such lines; also the group of the lines."""


class _Line(Struct, frozen=True, gc=False):
    key: str
    request: dict[str, object]


_ENCODER = msgspec.json.Encoder()


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Gemini for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    data = _ENCODER.encode(_Line(custom_id, body_for(request, MODELS.rules(model, overrides), notes)))
    return Line(data, once_each(notes) if notes else (), GENERATE)


def body_for(request: Request, rules: ModelRules, notes: list[Note]) -> dict[str, object]:
    """The `GenerateContentRequest` that asks such a model for this record's answer. Raises `Refused`."""
    if request.tool_config is not None or request.output_config is not None:
        check_tools_and_schema(request, rules)
    body: dict[str, object] = {"contents": contents(request, rules, notes)}
    system = system_instruction(request, notes)
    if system is not None:
        body["systemInstruction"] = system
    members, noted = _parameters(request, rules)
    body |= members
    notes += noted
    check_unsent(request, notes)
    return body


@fitted_once
def _parameters(request: Request, rules: ModelRules, notes: list[Note]) -> dict[str, object]:
    """The members beside contents and system instruction. Raises `Refused`."""
    body = {} if request.tool_config is None else tool_members(request.tool_config, notes)
    config = generation_config(request, rules, notes)
    if config:
        body["generationConfig"] = config
    return body
