"""A record as a line of a batch's input: the Converse request as a chat completion.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py, chunks.py
    toolConfig                        tools, tool_choice                          tools.py
    outputConfig.textFormat           response_format                             tools.py
    outputConfig.effort               reasoning_effort                            reasoning.py
    inferenceConfig                   max_tokens, temperature, top_p, stop        parameters.py
    additionalModelRequestFields      those that Mistral knows; others are refused
    the rest                          as for every provider of chat completions

Mistral: api/endpoint/chat, studio-api/batch-processing.
"""

from translators.bedrock.converse import Note, Request
from translators.providers.batch_file import Line
from translators.providers.chat_completions.lines import ENDPOINT, short_line_of
from translators.providers.converse_requests import check_unsent
from translators.providers.mistral.messages import messages
from translators.providers.mistral.models import MODELS
from translators.providers.mistral.parameters import add_parameters
from translators.providers.mistral.tools import response_format, tool_parameters
from translators.providers.request_parameters import fitted_once
from translators.providers.rules.checks import check_tools_and_schema
from translators.providers.rules.model_rules import ModelRules, Overrides


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks Mistral for this record's answer; the job names the model. Raises `Refused`."""
    notes: list[Note] = []
    rules = MODELS.rules(model, overrides)
    if request.tool_config is not None or request.output_config is not None:
        check_tools_and_schema(request, rules)
    body: dict[str, object] = {"messages": messages(request, rules, notes)}
    members, noted = _parameters(request, rules)
    body |= members
    notes += noted
    check_unsent(request, notes)
    return short_line_of(custom_id, ENDPOINT, body, notes)


@fitted_once
def _parameters(request: Request, rules: ModelRules, notes: list[Note]) -> dict[str, object]:
    """The members beside messages. Raises `Refused`."""
    body = {} if request.tool_config is None else tool_parameters(request.tool_config, notes)
    if request.output_config is not None:
        form = response_format(request.output_config, notes)
        if form is not None:
            body["response_format"] = form
    add_parameters(body, request, rules, notes)
    return body
