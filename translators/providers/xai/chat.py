"""A record as a request of a batch (xAI: docs/guides/batch-api, api-reference chat-completions)."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note, Request
from translators.providers.openai import native, request
from translators.providers.openai.models import Effort, Traits
from translators.providers.rows import Line, once_each
from translators.wire import Members

_ADDITIONAL = frozenset({"seed", "user", "logprobs", "top_logprobs", "search_parameters"})
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})

_NOT_REASONING = re.compile(r"non-reasoning|grok-2|grok-3(?!-mini)|grok-beta")

# xAI: docs/guides/reasoning. The first match counts; None where nothing is known.
_EFFORTS: tuple[tuple[re.Pattern[str], tuple[Effort, ...]], ...] = (
    (re.compile(r"grok-3-mini"), ("low", "high")),
    (re.compile(r"grok-[23]|grok-4(?![.\d-]*\.)|non-reasoning"), ()),
)


class _Asked(Struct, frozen=True):
    chat_get_completion: dict[str, object]


class _Request(Struct, frozen=True):
    batch_request_id: str
    batch_request: _Asked


_ENCODER = msgspec.json.Encoder()


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def traits(model: str) -> Traits:
    """What a model takes at xAI: those that reason take no stop sequences and no penalties."""
    reasons = _NOT_REASONING.search(model) is None
    return Traits(
        additional=_ADDITIONAL if reasons else _ADDITIONAL | _PENALTIES,
        efforts=next((efforts for family, efforts in _EFFORTS if family.search(model)), None),
        stop=not reasons,
        files=False,
        audio=False,
    )


def line(custom_id: str, asked: Request, model: str) -> Line:
    """The request for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    return _line(custom_id, request.body_for(asked, model, traits(model), notes), notes)


def native_line(custom_id: str, model_input: Raw | Members, model: str) -> Line:
    """The request for what a chat completion's body asks for. Raises `Refused`."""
    notes: list[Note] = []
    return _line(custom_id, {**native.body_for(model_input, model, traits(model), notes)}, notes)


def _line(custom_id: str, body: dict[str, object], notes: Sequence[Note]) -> Line:
    return Line(_ENCODER.encode(_Request(custom_id, _Asked(body))), once_each(notes))
