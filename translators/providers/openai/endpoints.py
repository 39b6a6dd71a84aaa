"""The endpoint of a record: Chat Completions, or the Responses API for tools of models that reason.

400 "Function tools with reasoning_effort are not supported for gpt-6-sol in /v1/chat/completions. To use
function tools, use /v1/responses or set reasoning_effort to 'none'." (onyx-dot-app/onyx#15008)
"""

import re
from collections.abc import Callable

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.batch_file import Line, Unfinished
from translators.providers.chat_completions.parameters import asked_effort
from translators.providers.openai import responses, responses_output
from translators.providers.openai.models import CHAT, MODELS
from translators.providers.rules.model_rules import ModelRules, Overrides

_chat_line = CHAT.line
_RESPONSE = re.compile(rb'"object"\s*:\s*"response"')


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks OpenAI for this record's answer. Raises `Refused`."""
    if request.tool_config is not None and _needs_responses(request, MODELS.rules(model, overrides)):
        return responses.line(custom_id, request, model, overrides)
    return _chat_line(custom_id, request, model, overrides)


def _needs_responses(request: Request, rules: ModelRules) -> bool:
    return not rules.tools_with_effort and (asked_effort(request) or rules.default_effort) != "none"


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a result row of either endpoint, or the error in its place."""
    return (responses_output.answer if _RESPONSE.search(row) else CHAT.answer)(row, asked)
