"""Fireworks as a server of chat completions (Fireworks: guides/batch-inference, api-reference
post-chatcompletions)."""

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.chat_completions.server import Body, ChatServer
from translators.providers.chat_completions.traits import ADDITIONAL, ResponseTraits, Traits, traits_of
from translators.providers.fireworks.models import MODELS
from translators.providers.fireworks.rows import body_of
from translators.providers.json_schemas import Subset

_ADDITIONAL = ADDITIONAL - {"verbosity", "safety_identifier"} | {
    *("top_k", "min_p", "typical_p", "repetition_penalty", "mirostat_lr", "mirostat_target", "ignore_eos"),
    *("context_length_exceeded_behavior", "prompt_truncate_len", "prompt_cache_isolation_key"),
    *("reasoning_history", "safe_tokenization", "prediction"),
}

_SERVER = Traits(
    limit="max_tokens",
    additional=_ADDITIONAL,
    lenient=True,
    files=False,
    audio=False,
    schemas=Subset(
        "Fireworks",
        frozenset({"minLength", "maxLength", "minItems", "maxItems", "pattern"}),
        one_of=False,
    ),  # Fireworks: structured-responses/structured-response-formatting; read in November 2026
)


def _line_without_model(custom_id: str, url: str, body: Body, notes: list[Note]) -> Line:
    del body["model"]
    return short_line_of(custom_id, url, body, notes)


CHAT = ChatServer(
    traits=traits_of(MODELS, _SERVER),
    response=ResponseTraits(think_tags=True),
    url="",
    write=_line_without_model,
    body_of=body_of,
)
"""The job names the model; its lines do not."""
