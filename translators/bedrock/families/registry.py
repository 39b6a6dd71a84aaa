"""The shapes a Bedrock body can have. Adding one is one module and one row here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Raw

from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest
from translators.bedrock.families import claude, converse, nova
from translators.bedrock.model_ids import ModelId
from translators.errors import Refused
from translators.wire import Wire


def _as_it_is(answer: bytes, model_id: str) -> bytes:
    return answer


@dataclass(frozen=True, kw_only=True)
class Family:
    """A dialect of `modelInput` / `modelOutput`."""

    name: str
    has_model: Callable[[ModelId], bool]
    """Whether this Bedrock model speaks the dialect under InvokeModel."""
    has_shape: Callable[[Mapping[str, object]], bool]
    """Whether a body with these top-level members (values: raw JSON) is of the dialect."""
    request: Callable[[Raw], Request]
    """The body → the hub. Raises `Refused` naming the field."""
    answer: Callable[[Answer, str, Raw], bytes]
    """The hub's answer, the job's `modelId`, the body that was asked → JSON of `modelOutput`."""
    wire: Wire | None = None
    """The provider format that the body is in already, but for where model and versions are told."""
    own: Callable[[bytes, str], bytes] = _as_it_is
    """An answer in that format, and the job's `modelId` → JSON of `modelOutput`."""


@dataclass(frozen=True, kw_only=True)
class EmbeddingFamily:
    """A dialect of embedding bodies."""

    name: str
    has_model: Callable[[ModelId], bool]
    has_shape: Callable[[Mapping[str, object]], bool]
    request: Callable[[Raw], EmbeddingRequest]
    """The body → what to embed. Raises `Refused` naming the field."""
    answer: Callable[[EmbeddingAnswer, str, Raw], bytes]
    """The vectors, the job's `modelId`, the body that was asked → JSON of `modelOutput`."""


type AnyFamily = Family | EmbeddingFamily


_ROWS: tuple[AnyFamily, ...] = (
    Family(
        name="claude",
        has_model=claude.has_model,
        has_shape=claude.has_shape,
        request=claude.request,
        answer=claude.answer,
        wire="anthropic.messages",
    ),
    Family(
        name="nova",
        has_model=nova.has_model,
        has_shape=nova.has_shape,
        request=nova.request,
        answer=nova.answer,
    ),
)

CONVERSE = Family(
    name="converse",
    has_model=lambda model: False,
    has_shape=converse.has_shape,
    request=converse.request,
    answer=converse.answer,
)
"""Chosen by `modelInvocationType`, or by shape when a model id says nothing; never by model."""

FAMILIES: Mapping[str, AnyFamily] = MappingProxyType({row.name: row for row in (*_ROWS, CONVERSE)})


def families_of_model(model: ModelId) -> tuple[AnyFamily, ...]:
    """The dialects that this model speaks under InvokeModel: none when the id does not say, several
    where it takes prompts as well as chats."""
    return tuple(row for row in _ROWS if row.has_model(model))


def family_of_body(members: Mapping[str, object], among: Collection[AnyFamily] = ()) -> AnyFamily:
    """The dialect that a body's members show, of these or of all. Raises `Refused` when none fits."""
    for row in among or FAMILIES.values():
        if row.has_shape(members):
            return row
    raise Refused("modelInput", f"is of no known shape; its members are {sorted(members)}")
