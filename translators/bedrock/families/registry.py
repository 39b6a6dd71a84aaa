"""The dialects of Bedrock bodies. Adding one is one module and one row here."""

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


def _unchanged(completion: bytes, model_id: str) -> bytes:
    return completion


@dataclass(frozen=True)
class Family:
    """A dialect of `modelInput` / `modelOutput`."""

    name: str
    has_model: Callable[[ModelId], bool]
    """Whether this Bedrock model takes the dialect under InvokeModel."""
    has_shape: Callable[[Mapping[str, object]], bool]
    """Whether a body with these top-level members (values: raw JSON) is of the dialect."""
    body: type[Struct]
    """The type that a body is decoded as."""
    request: Callable[[Any], Request]
    """The body, decoded or not (`Raw`) → the hub's request. Raises `Refused` naming the field."""
    output: Callable[[Answer, str, Raw], bytes]
    """The hub's answer, the job's `modelId`, the record's `modelInput` → JSON of `modelOutput`."""
    wire: Wire | None = None
    """The provider format that the body is in already, apart from the members for model and version."""
    passthrough: Callable[[bytes, str], bytes] = _unchanged
    """A response in that format, the job's `modelId` → JSON of `modelOutput`."""
    common: type[Struct] | None = None
    """A smaller type of which most bodies are; `request` takes it too. They are decoded faster."""


@dataclass(frozen=True)
class EmbeddingFamily:
    """A dialect of embedding bodies; members as in `Family`."""

    name: str
    has_model: Callable[[ModelId], bool]
    has_shape: Callable[[Mapping[str, object]], bool]
    request: Callable[[Raw], EmbeddingRequest]
    output: Callable[[EmbeddingAnswer, str, Raw], bytes]


type AnyFamily = Family | EmbeddingFamily

CONVERSE = Family(
    "converse", lambda model: False, converse.has_shape, Request, converse.request, converse.output
)
"""Chosen by `modelInvocationType`, or by shape where the model id names no vendor; never by model."""

_ROWS: tuple[AnyFamily, ...] = (
    Family(
        "claude-text",
        claude_text.has_model,
        claude_text.has_shape,
        claude_text.Body,
        claude_text.request,
        claude_text.output,
    ),
    Family(
        "claude",
        claude.has_model,
        claude.has_shape,
        claude.Body,
        claude.request,
        claude.output,
        wire="anthropic.messages",
        common=claude.CommonBody,
    ),
    Family(
        "nova",
        nova.has_model,
        nova.has_shape,
        nova.Body,
        nova.request,
        nova.output,
        common=nova.CommonBody,
    ),
    Family("titan", titan.has_model, titan.has_shape, titan.Body, titan.request, titan.output),
    Family(
        "cohere-command", command.has_model, command.has_shape, command.Body, command.request, command.output
    ),
    Family(
        "cohere-command-r",
        command_r.has_model,
        command_r.has_shape,
        command_r.Body,
        command_r.request,
        command_r.output,
    ),
    EmbeddingFamily(
        "titan-embeddings-g1",
        titan_embeddings.is_g1,
        lambda members: False,  # G1's members are a part of V2's
        titan_embeddings.g1_request,
        titan_embeddings.g1_output,
    ),
    EmbeddingFamily(
        "titan-embeddings-v2",
        titan_embeddings.is_v2,
        titan_embeddings.has_v2_shape,
        titan_embeddings.v2_request,
        titan_embeddings.v2_output,
    ),
    EmbeddingFamily(
        "titan-multimodal-embeddings",
        titan_embeddings.is_multimodal,
        titan_embeddings.has_multimodal_shape,
        titan_embeddings.multimodal_request,
        titan_embeddings.multimodal_output,
    ),
    EmbeddingFamily("cohere-embed-v3", embed.is_v3, embed.has_v3_shape, embed.v3_request, embed.v3_output),
    EmbeddingFamily("cohere-embed-v4", embed.is_v4, embed.has_v4_shape, embed.v4_request, embed.v4_output),
    EmbeddingFamily(
        "nova-embeddings",
        nova_embeddings.has_model,
        nova_embeddings.has_shape,
        nova_embeddings.request,
        nova_embeddings.output,
    ),
    Family("llama", llama.has_model, llama.has_shape, llama.Body, llama.request, llama.output),
    Family("mistral", mistral.has_model, mistral.has_shape, mistral.Body, mistral.request, mistral.output),
    Family(
        "deepseek", deepseek.has_model, deepseek.has_shape, deepseek.Body, deepseek.request, deepseek.output
    ),
    CONVERSE,
    Family(
        "chat",
        chat.has_model,
        chat.has_shape,
        chat.Body,
        chat.request,
        chat.output,
        wire="openai.chat",
        common=chat.CommonBody,
    ),
    Family(
        "chat-gpt-oss",
        chat.is_gpt_oss,
        chat.has_shape,
        chat.Body,
        chat.request_with_tags,
        chat.gpt_oss_output,
        wire="openai.chat",
        common=chat.CommonBody,
        passthrough=chat.gpt_oss_passthrough,
    ),
    Family(
        "chat-mistral",
        chat.is_mistral,
        chat.has_shape,
        chat.Body,
        chat.request,
        chat.mistral_output,
        wire="mistral.chat",
        common=chat.CommonBody,
        passthrough=chat.mistral_passthrough,
    ),
    Family(
        "chat-jamba",
        chat.is_jamba,
        chat.has_shape,
        chat.Body,
        chat.request,
        chat.jamba_output,
        common=chat.CommonBody,
    ),
    Family(
        "chat-palmyra",
        chat.is_palmyra,
        chat.has_shape,
        chat.Body,
        chat.request,
        chat.palmyra_output,
        common=chat.CommonBody,
    ),
)
"""In the order in which a body's shape is tested: a dialect that others could be taken for comes later."""

FAMILIES: Mapping[str, AnyFamily] = MappingProxyType({row.name: row for row in _ROWS})


def families_of_model(model: ModelId) -> tuple[AnyFamily, ...]:
    """The dialects that this model takes under InvokeModel: none where the id names no vendor, several
    where it takes prompts as well as chats."""
    return tuple(row for row in _ROWS if row.has_model(model))


def family_of_body(members: Mapping[str, object], among: Collection[AnyFamily] = ()) -> AnyFamily:
    """The first dialect, of these or of all, that a body's members fit. Raises `Refused` when none does."""
    for row in among or FAMILIES.values():
        if row.has_shape(members):
            return row
    raise Refused("modelInput", f"is of no known shape; its members are {sorted(members)}")
