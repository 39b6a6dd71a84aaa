"""Chat completions that hold texts and the common parameters only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from translators.bedrock.converse import Note
from translators.providers.chat_completions.native import LIMIT_NOTES, MODEL_NOTE
from translators.providers.chat_completions.traits import Traits
from translators.providers.native.plain_bodies import Limit, Positive, Text, suits


class Turn(Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant"]
    content: Text


class Body(Struct, forbid_unknown_fields=True, omit_defaults=True):
    messages: Annotated[list[Turn], Meta(min_length=1)]
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    model: str | None = None
    temperature: Positive | None = None
    top_p: Positive | None = None


def body_for(body: Body, model: str, traits: Traits, notes: list[Note]) -> dict[str, object] | None:
    """The body as this model accepts it; None where a rule concerns it."""
    temperature, top_p = body.temperature, body.top_p
    limit = body.max_completion_tokens or body.max_tokens
    if body.max_completion_tokens and body.max_tokens:
        return None
    if not suits(traits.rules, limit, temperature, top_p, body.messages[-1].role):
        return None
    sent: dict[str, object] = {"model": model, "messages": body.messages}
    if body.model is not None and body.model != model:
        notes.append(MODEL_NOTE)
    if limit is not None:
        sent[traits.limit] = limit
        if traits.limit == "max_completion_tokens" and body.max_tokens:
            notes.append(LIMIT_NOTES["max_completion_tokens"])
        elif traits.limit == "max_tokens" and body.max_completion_tokens:
            notes.append(LIMIT_NOTES["max_tokens"])
    if temperature is not None:
        sent["temperature"] = temperature
    if top_p is not None:
        sent["top_p"] = top_p
    return sent
