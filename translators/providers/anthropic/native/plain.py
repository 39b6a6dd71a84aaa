"""Bodies in Anthropic's own format that hold texts and the common parameters only."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from translators.providers.anthropic.models import MODELS
from translators.providers.batch_file import Line
from translators.providers.native.plain_bodies import Limit, Plain, Positive, Text, suits
from translators.providers.rules.model_rules import Overrides


class _Turn(Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["user", "assistant"]
    content: Text


class Body(Struct, forbid_unknown_fields=True, omit_defaults=True):
    messages: Annotated[list[_Turn], Meta(min_length=1)]
    max_tokens: Limit
    anthropic_version: str | None = None
    model: str | None = None
    system: Text | None = None
    temperature: Positive | None = None
    top_p: Positive | None = None


class _Asked(Struct, frozen=True, gc=False):
    custom_id: str
    params: Body


_ENCODER = msgspec.json.Encoder()


def line(custom_id: str, body: Body, model: str, overrides: Overrides = ()) -> Line | None:
    """The line that asks Anthropic what the body asks; None where a rule concerns it."""
    rules = MODELS.rules(model, overrides)
    if not suits(rules, body.max_tokens, body.temperature, body.top_p, body.messages[-1].role):
        return None
    body.anthropic_version = None
    body.model = model
    return Line(_ENCODER.encode(_Asked(custom_id, body)))


PLAIN = Plain(Body, line)
