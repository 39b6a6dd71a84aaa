"""The shapes a Bedrock body can have. Adding one is one module and one row here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from msgspec import Raw, Struct

from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest
from translators.bedrock.families import (
    chat,
    claude,
    claude_text,
    converse,
    deepseek,
    llama,
    mistral,
    nova,
    nova_embeddings,
    titan,
    titan_embeddings,
)
from translators.bedrock.families.cohere import chat as command_r
from translators.bedrock.families.cohere import command, embed
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
    body: type[Struct]
    """What a body is decoded as."""
    request: Callable[[Any], Request]
    """The body, decoded or not (`Raw`) → the hub. Raises `Refused` naming the field."""
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


CONVERSE = Family(
    name="converse",
    has_model=lambda model: False,
    has_shape=converse.has_shape,
    body=Request,
    request=converse.request,
    answer=converse.answer,
)
"""Chosen by `modelInvocationType`, or by shape when a model id says nothing; never by model."""

_ROWS: tuple[AnyFamily, ...] = (
    Family(
        name="claude-text",
        has_model=claude_text.has_model,
        has_shape=claude_text.has_shape,
        body=claude_text.Body,
        request=claude_text.request,
        answer=claude_text.answer,
    ),
    Family(
        name="claude",
        has_model=claude.has_model,
        has_shape=claude.has_shape,
        body=claude.Body,
        request=claude.request,
        answer=claude.answer,
        wire="anthropic.messages",
    ),
    Family(
        name="nova",
        has_model=nova.has_model,
        has_shape=nova.has_shape,
        body=nova.Body,
        request=nova.request,
        answer=nova.answer,
    ),
    Family(
        name="titan",
        has_model=titan.has_model,
        has_shape=titan.has_shape,
        body=titan.Body,
        request=titan.request,
        answer=titan.answer,
    ),
    Family(
        name="cohere-command",
        has_model=command.has_model,
        has_shape=command.has_shape,
        body=command.Body,
        request=command.request,
        answer=command.answer,
    ),
    Family(
        name="cohere-command-r",
        has_model=command_r.has_model,
        has_shape=command_r.has_shape,
        body=command_r.Body,
        request=command_r.request,
        answer=command_r.answer,
    ),
    EmbeddingFamily(
        name="titan-embeddings-g1",
        has_model=titan_embeddings.is_first,
        has_shape=lambda members: False,  # a part of V2's
        request=titan_embeddings.first_request,
        answer=titan_embeddings.first_answer,
    ),
    EmbeddingFamily(
        name="titan-embeddings-v2",
        has_model=titan_embeddings.is_second,
        has_shape=titan_embeddings.has_shape,
        request=titan_embeddings.request,
        answer=titan_embeddings.answer,
    ),
    EmbeddingFamily(
        name="titan-multimodal-embeddings",
        has_model=titan_embeddings.is_multimodal,
        has_shape=titan_embeddings.has_multimodal_shape,
        request=titan_embeddings.multimodal_request,
        answer=titan_embeddings.multimodal_answer,
    ),
    EmbeddingFamily(
        name="cohere-embed-v3",
        has_model=embed.is_first,
        has_shape=embed.has_first_shape,
        request=embed.first_request,
        answer=embed.first_answer,
    ),
    EmbeddingFamily(
        name="cohere-embed-v4",
        has_model=embed.is_later,
        has_shape=embed.has_later_shape,
        request=embed.request,
        answer=embed.answer,
    ),
    EmbeddingFamily(
        name="nova-embeddings",
        has_model=nova_embeddings.has_model,
        has_shape=nova_embeddings.has_shape,
        request=nova_embeddings.request,
        answer=nova_embeddings.answer,
    ),
    Family(
        name="llama",
        has_model=llama.has_model,
        has_shape=llama.has_shape,
        body=llama.Body,
        request=llama.request,
        answer=llama.answer,
    ),
    Family(
        name="mistral",
        has_model=mistral.has_model,
        has_shape=mistral.has_shape,
        body=mistral.Body,
        request=mistral.request,
        answer=mistral.answer,
    ),
    Family(
        name="deepseek",
        has_model=deepseek.has_model,
        has_shape=deepseek.has_shape,
        body=deepseek.Body,
        request=deepseek.request,
        answer=deepseek.answer,
    ),
    CONVERSE,
    Family(
        name="chat",
        has_model=chat.has_model,
        has_shape=chat.has_shape,
        body=chat.Body,
        request=chat.request,
        answer=chat.answer,
        wire="openai.chat",
    ),
    Family(
        name="chat-gpt-oss",
        has_model=chat.is_gpt_oss,
        has_shape=chat.has_shape,
        body=chat.Body,
        request=chat.request_with_tags,
        answer=chat.gpt_oss_answer,
        wire="openai.chat",
        own=chat.gpt_oss_own,
    ),
    Family(
        name="chat-mistral",
        has_model=chat.is_mistral,
        has_shape=chat.has_shape,
        body=chat.Body,
        request=chat.request,
        answer=chat.mistral_answer,
    ),
    Family(
        name="chat-jamba",
        has_model=chat.is_jamba,
        has_shape=chat.has_shape,
        body=chat.Body,
        request=chat.request,
        answer=chat.jamba_answer,
    ),
    Family(
        name="chat-palmyra",
        has_model=chat.is_palmyra,
        has_shape=chat.has_shape,
        body=chat.Body,
        request=chat.request,
        answer=chat.palmyra_answer,
    ),
)
"""Asked for a body's shape in this order: those that could be taken for another come after it."""

FAMILIES: Mapping[str, AnyFamily] = MappingProxyType({row.name: row for row in _ROWS})


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
