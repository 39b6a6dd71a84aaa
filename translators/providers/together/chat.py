"""A record as a line of a batch, and the answer in a row (Together: reference chat-completions)."""

from collections.abc import Callable
from typing import Literal

from msgspec import Raw

from translators.bedrock.converse import Answer, Note, Request
from translators.errors import RecordError
from translators.providers.openai import native, request, response
from translators.providers.openai.lines import short_line_of
from translators.providers.openai.models import Traits
from translators.providers.openai.rows import body_of
from translators.providers.rows import Line, Unfinished
from translators.wire import Members

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"

_MANNER = response.Manner(think_tags=True)

_ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "seed"),
        *("top_k", "min_p", "repetition_penalty"),
        *("chat_template_kwargs", "context_length_exceeded_behavior", "echo", "reasoning", "safety_model"),
    }
)
_OFF = Raw(b'{"enabled":false}')

_TRAITS = Traits(
    limit="max_tokens",
    efforts=("none", "low", "medium", "high"),
    additional=_ADDITIONAL,
    lenient=True,
    most_stop_sequences=None,
    files=False,
    text_parts=False,
)
"""Together serves many models, and says of few what they take."""


def line(custom_id: str, asked: Request, model: str) -> Line:
    """The line that asks Together for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    body = request.body_for(asked, model, _TRAITS, notes)
    if body.get("reasoning_effort") == "none":
        _switch_off(body)
    return short_line_of(custom_id, ENDPOINT, body, notes)


def native_line(custom_id: str, model_input: Raw | Members, model: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    notes: list[Note] = []
    body: dict[str, object] = {**native.body_for(model_input, model, _TRAITS, notes)}
    if body.get("reasoning_effort") == Raw(b'"none"'):
        _switch_off(body)
    return short_line_of(custom_id, ENDPOINT, body, notes)


def _switch_off(body: dict[str, object]) -> None:
    """Reasoning has a switch of its own, beside the efforts."""
    del body["reasoning_effort"]
    body["reasoning"] = _OFF


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    return response.answer_in(body, asked, _MANNER) if isinstance(body, Raw) else body
