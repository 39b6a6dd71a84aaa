"""A record as a line of a dataset (Fireworks: guides/batch-inference, api-reference post-chatcompletions)."""

from msgspec import Raw

from translators.bedrock.converse import Note, Request
from translators.providers.openai import native, request
from translators.providers.openai.lines import short_line_of
from translators.providers.openai.models import ADDITIONAL, Traits
from translators.providers.rows import Line
from translators.wire import Members

_ADDITIONAL = ADDITIONAL - {"verbosity", "safety_identifier"} | {
    *("top_k", "min_p", "typical_p", "repetition_penalty", "mirostat_lr", "mirostat_target", "ignore_eos"),
    *("context_length_exceeded_behavior", "prompt_truncate_len", "prompt_cache_isolation_key"),
    *("reasoning_history", "safe_tokenization", "prediction"),
}

_TRAITS = Traits(
    limit="max_tokens",
    efforts=("none", "low", "medium", "high"),
    additional=_ADDITIONAL,
    lenient=True,
    files=False,
    audio=False,
)
"""Fireworks serves many models, and says of few what they take."""


def line(custom_id: str, asked: Request, model: str) -> Line:
    """The line that asks for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    body = request.body_for(asked, model, _TRAITS, notes)
    return _without_model(custom_id, body, notes)


def native_line(custom_id: str, model_input: Raw | Members, model: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    notes: list[Note] = []
    body = native.body_for(model_input, model, _TRAITS, notes)
    return _without_model(custom_id, {**body}, notes)


def _without_model(custom_id: str, body: dict[str, object], notes: list[Note]) -> Line:
    del body["model"]
    return short_line_of(custom_id, "", body, notes)
