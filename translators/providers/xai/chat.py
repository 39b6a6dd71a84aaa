"""xAI as a server of chat completions (xAI: docs/guides/batch-api, api-reference chat-completions)."""

import msgspec
from msgspec import Struct

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line, once_each
from translators.providers.chat_completions.server import Body, ChatServer
from translators.providers.chat_completions.traits import ResponseTraits, Traits, traits_of
from translators.providers.json_schemas import Subset
from translators.providers.rules.model_rules import Overrides
from translators.providers.xai.models import MODELS
from translators.providers.xai.rows import body_of

_ADDITIONAL = frozenset({"seed", "user", "logprobs", "top_logprobs", "search_parameters"})
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})


_SCHEMAS = Subset(
    "xAI",
    frozenset({"minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"}),
)
"""xAI: docs/guides/structured-outputs, which also leaves out `allOf`; read in November 2026."""


class _Asked(Struct, frozen=True, gc=False):
    chat_get_completion: dict[str, object]


class _Request(Struct, frozen=True, gc=False):
    batch_request_id: str
    batch_request: _Asked


_ENCODER = msgspec.json.Encoder()


_of_any = traits_of(MODELS, Traits(additional=_ADDITIONAL, files=False, audio=False, schemas=_SCHEMAS))
_with_penalties = traits_of(
    MODELS, Traits(additional=_ADDITIONAL | _PENALTIES, files=False, audio=False, schemas=_SCHEMAS)
)


def traits(model: str, overrides: Overrides = (), /) -> Traits:
    """The traits of a model at xAI."""
    found = _of_any(model, overrides)
    return _with_penalties(model, overrides) if found.rules.penalties else found


def _line(custom_id: str, url: str, body: Body, notes: list[Note]) -> Line:
    data = _ENCODER.encode(_Request(custom_id, _Asked(body)))
    return Line(data, once_each(notes) if notes else ())


CHAT = ChatServer(
    traits=traits,
    response=ResponseTraits(reasoning_apart=True),  # seen on the live API
    write=_line,
    body_of=body_of,
)
