"""xAI as a server of chat completions (xAI: docs/guides/batch-api, api-reference chat-completions)."""

import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line, once_each
from translators.providers.chat_completions.server import Body, ChatServer
from translators.providers.chat_completions.traits import ResponseTraits, Traits
from translators.providers.converse_requests import Effort
from translators.providers.json_schemas import Subset
from translators.providers.xai.rows import body_of

_ADDITIONAL = frozenset({"seed", "user", "logprobs", "top_logprobs", "search_parameters"})
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})

_NOT_REASONING = re.compile(r"non-reasoning|grok-2|grok-3(?!-mini)|grok-beta")

# xAI: docs/guides/reasoning. The first match counts; None where nothing is known.
_EFFORTS: tuple[tuple[re.Pattern[str], tuple[Effort, ...]], ...] = (
    (re.compile(r"grok-3-mini"), ("low", "high")),
    (re.compile(r"grok-[23]|grok-4(?![.\d-]*\.)|non-reasoning"), ()),
)


_SCHEMAS = Subset(
    "xAI",
    frozenset({"minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"}),
)
"""xAI: docs/guides/structured-outputs, which also leaves out `allOf`; read in November 2026."""


class _Asked(Struct, frozen=True):
    chat_get_completion: dict[str, object]


class _Request(Struct, frozen=True):
    batch_request_id: str
    batch_request: _Asked


_ENCODER = msgspec.json.Encoder()


@lru_cache(maxsize=64)  # called for every record, and a job has one model
def traits(model: str) -> Traits:
    """Traits of a model at xAI: no stop sequences and no penalties where it reasons."""
    reasons = _NOT_REASONING.search(model) is None
    return Traits(
        additional=_ADDITIONAL if reasons else _ADDITIONAL | _PENALTIES,
        efforts=next((efforts for family, efforts in _EFFORTS if family.search(model)), None),
        stop=not reasons,
        files=False,
        audio=False,
        schemas=_SCHEMAS,
    )


def _line(custom_id: str, url: str, body: Body, notes: list[Note]) -> Line:
    return Line(_ENCODER.encode(_Request(custom_id, _Asked(body))), once_each(notes))


CHAT = ChatServer(
    traits=traits,
    response=ResponseTraits(reasoning_apart=True),  # seen on the live API
    write=_line,
    body_of=body_of,
)
