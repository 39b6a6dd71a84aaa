"""A record as a line of a batch's input: the Converse request as a chat completion.

Where each member of a Converse request goes:

    messages, system                  messages                                    messages.py, chunks.py
    toolConfig                        tools, tool_choice                          tools.py
    outputConfig.textFormat           response_format                             tools.py
    outputConfig.effort               reasoning_effort                            reasoning.py
    inferenceConfig                   max_tokens, temperature, top_p, stop        parameters.py
    additionalModelRequestFields      what Mistral knows of it; the unknown is refused
    the rest                          as for every provider of chat completions

Mistral: api/endpoint/chat, studio-api/batch-processing.
"""

from typing import Literal

from translators.bedrock.converse import Note, Request
from translators.providers.mistral.lines import line_of
from translators.providers.mistral.messages import messages
from translators.providers.mistral.models import reasoning
from translators.providers.mistral.parameters import add_parameters
from translators.providers.mistral.tools import response_format, tool_parameters
from translators.providers.openai.request import check_beside_the_model
from translators.providers.rows import Line

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
"""What the job names; its lines do not."""


def line(custom_id: str, request: Request, model: str) -> Line:
    """The line that asks Mistral for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    known = reasoning(model)
    body: dict[str, object] = {"messages": messages(request, notes, thinks=known != "never")}
    if request.tool_config is not None:
        body |= tool_parameters(request.tool_config, notes)
    if request.output_config is not None and request.output_config.text_format is not None:
        body["response_format"] = response_format(request.output_config.text_format, notes)
    add_parameters(body, request, known, notes)
    check_beside_the_model(request, notes)
    return line_of(custom_id, ENDPOINT, body, notes)
