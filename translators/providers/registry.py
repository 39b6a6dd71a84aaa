"""The providers a job can be sent to. Adding one is one module, one row here and its recordings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal, override

from msgspec import Raw

from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest
from translators.errors import RecordError
from translators.providers import (
    anthropic,
    azure,
    cohere,
    fireworks,
    gemini,
    groq,
    mistral,
    openai,
    together,
    vertex,
    xai,
)
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.rows import Line, Receipt, Unfinished
from translators.wire import Members, ModelOutput, Wire


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """How a provider embeds."""

    line: Callable[[str, EmbeddingRequest, str], Line]
    """custom id, what to embed, the provider's model → the line. Raises `Refused`."""
    answer: Callable[[bytes, Callable[[], EmbeddingRequest]], EmbeddingAnswer | RecordError | Unfinished]


def _any(model: str) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Native:
    """How a body that is in the provider's own format already is sent and answered."""

    line: Callable[[str, Raw | Members, str], Line]
    """custom id, the body, the provider's model → the line. Raises `Refused`."""
    answer: Callable[[bytes], ModelOutput | RecordError | Unfinished]
    """A result row → the provider's answer as it is."""
    speaks: Callable[[str], bool] = _any
    """Whether this model of the provider's does."""


@dataclass(frozen=True, kw_only=True)
class OtherEndpoint:
    """How records are asked and answered where they do not go to the provider's usual endpoint."""

    line: Callable[[str, Request, str], Line]
    answer: Callable[[bytes, Callable[[], Request]], Answer | RecordError | Unfinished]


def _usable(model: str) -> str | None:
    return None


def _as_it_is(base_url: str, settings: Mapping[str, str]) -> str:
    return base_url


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What the rest of the product needs to know of a provider: facts and pure functions."""

    name: str
    """Value of the `x-model-provider` header and name of the config section."""
    documentation: str
    batches: Batches
    line: Callable[[str, Request, str], Line]
    """custom id, record, the provider's model → the line. Raises `Refused`."""
    receipt: Callable[[bytes], Receipt]
    """A result row → whose it is. Raises `ValueError` for a row that cannot be read."""
    answer: Callable[[bytes, Callable[[], Request]], Answer | RecordError | Unfinished]
    """A result row → the answer. The second argument gives the record as it was asked, where needed."""
    headers: Callable[[str], dict[str, str]]
    """The API key → the headers that carry it."""
    base_url: str
    """Where it depends on the account, with the environment variable that says it: `{NAME_OF_IT}`."""
    settings: Mapping[str, str] = MappingProxyType({})
    """What else the section says of the account, with the environment variable that says it otherwise."""
    address: Callable[[str, Mapping[str, str]], str] = _as_it_is
    """`base_url` and the settings → where the batch API is."""
    probe: str = "/models"
    """What can be asked for there to see whether a key is good."""
    login: Literal["google"] | None = None
    """Whose credentials of this machine stand in for a key: Google's application-default credentials."""
    base_url_variables: tuple[str, ...]
    key_variables: tuple[str, ...]
    max_requests: int
    """The provider's own limit for one batch."""
    max_bytes: int
    derived_model: Callable[[str, str], str | None]
    """(vendor, bare Bedrock model) → the provider's name of the same model, when the vendor is the same."""
    marks_batches: bool = True
    """Whether a batch can be told by its marker. Where it cannot, one that is found after a lost answer is
    taken for ours only until its results say otherwise."""
    takes_files: bool = False
    """Whether `create` makes a batch of any file there whose lines have `custom_id` and `body`, and `results`
    fetches any file there."""
    unusable: Callable[[str], str | None] = _usable
    """The provider's model → why no batch can use it (retired on a date), if that is known."""
    direct: Direct | None = None
    """How one record is asked for without a batch."""
    embeddings: Embeddings | None = None
    native: Mapping[Wire, Native] = MappingProxyType({})
    """The formats of Bedrock bodies that the provider speaks itself, at its usual endpoint."""
    other_endpoints: Mapping[str, OtherEndpoint] = MappingProxyType({})
    """By the name that the configuration gives them."""


class UnknownProvider(LookupError):
    """No row of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{name!r} is not a known provider; known: {', '.join(known)}")


def _like_openai() -> Direct:
    return Direct(
        request=openai.direct.request,
        custom_id=openai.direct.custom_id,
        row=openai.direct.row,
        error=openai.direct.error,
    )


_ROWS: Mapping[str, Callable[[], Provider]] = {
    "anthropic": lambda: Provider(
        name="anthropic",
        documentation="https://platform.claude.com/docs/en/build-with-claude/batch-processing",
        batches=anthropic.batches,
        line=anthropic.line,
        receipt=anthropic.receipt,
        answer=anthropic.answer,
        headers=anthropic.headers,
        base_url="https://api.anthropic.com",
        base_url_variables=("ANTHROPIC_BASE_URL",),
        key_variables=("ANTHROPIC_API_KEY",),
        max_requests=100_000,
        max_bytes=anthropic.MOST_BYTES - anthropic.ENVELOPE,
        marks_batches=False,
        derived_model=anthropic.derived_model,
        unusable=anthropic.unusable,
        native=MappingProxyType(
            {"anthropic.messages": Native(line=anthropic.native.line, answer=anthropic.native.answer)}
        ),
        direct=Direct(
            request=anthropic.direct.request,
            custom_id=anthropic.direct.custom_id,
            row=anthropic.direct.row,
            error=anthropic.direct.error,
        ),
    ),
    "azure": lambda: Provider(
        name="azure",
        documentation="https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch",
        batches=azure.batches,
        line=azure.line,
        receipt=openai.receipt,
        answer=openai.answer,
        headers=azure.headers,
        base_url="{AZURE_OPENAI_ENDPOINT}",
        base_url_variables=(),
        key_variables=("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"),
        max_requests=100_000,
        max_bytes=200_000_000,
        takes_files=True,
        derived_model=openai.derived_model,
        embeddings=Embeddings(line=openai.embeddings.line, answer=openai.embeddings.answer),
        direct=replace(_like_openai(), request=azure.direct.request),
        native=MappingProxyType({"openai.chat": Native(line=azure.native_line, answer=openai.native.answer)}),
    ),
    "cohere": lambda: Provider(
        name="cohere",
        documentation="https://docs.cohere.com/reference/create-batch",
        batches=cohere.batches,
        line=cohere.line,
        receipt=cohere.receipt,
        answer=cohere.answer,
        headers=cohere.headers,
        base_url="https://api.cohere.com",
        base_url_variables=("CO_API_URL",),
        key_variables=("CO_API_KEY", "COHERE_API_KEY"),
        max_requests=cohere.MOST_REQUESTS,
        max_bytes=cohere.MOST_BYTES,
        derived_model=cohere.derived_model,
        embeddings=Embeddings(line=cohere.embeddings.line, answer=cohere.embeddings.answer),
    ),
    "fireworks": lambda: Provider(
        name="fireworks",
        documentation="https://docs.fireworks.ai/guides/batch-inference",
        batches=fireworks.batches,
        line=fireworks.line,
        receipt=fireworks.receipt,
        answer=fireworks.answer,
        headers=openai.headers,
        base_url="https://api.fireworks.ai/v1/accounts/{FIREWORKS_ACCOUNT_ID}",
        base_url_variables=(),
        key_variables=("FIREWORKS_API_KEY",),
        max_requests=fireworks.batches.MOST_REQUESTS,
        max_bytes=fireworks.batches.MOST_BYTES,
        derived_model=openai.derived_model,
        direct=Direct(
            request=fireworks.direct.request,
            custom_id=fireworks.direct.custom_id,
            row=fireworks.direct.row,
            error=openai.direct.error,
        ),
        native=MappingProxyType(
            {"openai.chat": Native(line=fireworks.native_line, answer=fireworks.native_answer)}
        ),
    ),
    "gemini": lambda: Provider(
        name="gemini",
        documentation="https://ai.google.dev/gemini-api/docs/batch-api",
        batches=gemini.batches,
        line=gemini.line,
        receipt=gemini.receipt,
        answer=gemini.answer,
        headers=gemini.headers,
        base_url="https://generativelanguage.googleapis.com",
        base_url_variables=("GOOGLE_GEMINI_BASE_URL",),
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        max_requests=gemini.MOST_REQUESTS,
        max_bytes=2_000_000_000,
        derived_model=gemini.derived_model,
        embeddings=Embeddings(line=gemini.embeddings.line, answer=gemini.embeddings.answer),
        direct=Direct(
            request=gemini.direct.request,
            custom_id=gemini.direct.custom_id,
            row=gemini.direct.row,
            error=gemini.direct.error,
        ),
    ),
    "groq": lambda: Provider(
        name="groq",
        documentation="https://console.groq.com/docs/batch",
        batches=openai.batches,
        line=groq.line,
        receipt=openai.receipt,
        answer=groq.answer,
        headers=openai.headers,
        base_url="https://api.groq.com/openai/v1",
        base_url_variables=(),
        key_variables=("GROQ_API_KEY",),
        max_requests=50_000,
        max_bytes=groq.MOST_BYTES,
        takes_files=True,
        derived_model=openai.derived_model,
        direct=_like_openai(),
        native=MappingProxyType({"openai.chat": Native(line=groq.native_line, answer=openai.native.answer)}),
    ),
    "mistral": lambda: Provider(
        name="mistral",
        documentation="https://docs.mistral.ai/studio-api/batch-processing",
        batches=mistral.batches,
        line=mistral.line,
        receipt=mistral.receipt,
        answer=mistral.answer,
        headers=mistral.headers,
        base_url="https://api.mistral.ai",
        base_url_variables=(),
        key_variables=("MISTRAL_API_KEY",),
        max_requests=100_000,
        max_bytes=512_000_000,
        takes_files=True,
        derived_model=mistral.derived_model,
        unusable=mistral.unusable,
        embeddings=Embeddings(line=mistral.embeddings.line, answer=mistral.embeddings.answer),
        direct=Direct(
            request=mistral.direct.request,
            custom_id=mistral.direct.custom_id,
            row=mistral.direct.row,
            error=mistral.direct.error,
        ),
    ),
    "openai": lambda: Provider(
        name="openai",
        documentation="https://platform.openai.com/docs/guides/batch",
        batches=openai.batches,
        line=openai.line,
        receipt=openai.receipt,
        answer=openai.answer,
        headers=openai.headers,
        base_url="https://api.openai.com/v1",
        base_url_variables=("OPENAI_BASE_URL",),
        key_variables=("OPENAI_API_KEY",),
        max_requests=50_000,
        max_bytes=200_000_000,
        takes_files=True,
        derived_model=openai.derived_model,
        direct=_like_openai(),
        embeddings=Embeddings(line=openai.embeddings.line, answer=openai.embeddings.answer),
        native=MappingProxyType(
            {"openai.chat": Native(line=openai.native.line, answer=openai.native.answer)}
        ),
        other_endpoints=MappingProxyType(
            {"responses": OtherEndpoint(line=openai.responses.line, answer=openai.responses_output.answer)}
        ),
    ),
    "together": lambda: Provider(
        name="together",
        documentation="https://docs.together.ai/docs/inference/batch/overview",
        batches=together.batches,
        line=together.line,
        receipt=openai.receipt,
        answer=together.answer,
        headers=openai.headers,
        base_url="https://api.together.xyz/v1",
        base_url_variables=(),
        key_variables=("TOGETHER_API_KEY",),
        max_requests=50_000,
        max_bytes=100_000_000,
        takes_files=True,
        derived_model=openai.derived_model,
        direct=_like_openai(),
        native=MappingProxyType(
            {"openai.chat": Native(line=together.native_line, answer=openai.native.answer)}
        ),
    ),
    "vertex": lambda: Provider(
        name="vertex",
        documentation="https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/capabilities/batch-inference",
        batches=vertex.batches,
        line=vertex.line,
        receipt=vertex.receipt,
        answer=vertex.answer,
        headers=vertex.headers,
        base_url="",  # the location's own
        base_url_variables=("GOOGLE_VERTEX_BASE_URL",),
        settings=MappingProxyType(
            {
                "project": "GOOGLE_CLOUD_PROJECT",
                "location": "GOOGLE_CLOUD_LOCATION",
                "staging": "BEDROCK_BATCH_STAGING",
            }
        ),
        address=vertex.address,
        probe="/batchPredictionJobs?pageSize=1",
        key_variables=("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"),
        login="google",
        max_requests=vertex.batches.MOST_REQUESTS,
        max_bytes=vertex.batches.MOST_BYTES,
        derived_model=vertex.derived_model,
        unusable=vertex.unusable,
        native=MappingProxyType(
            {
                "anthropic.messages": Native(
                    line=vertex.native_line, answer=vertex.native_answer, speaks=vertex.is_claude
                )
            }
        ),
    ),
    "xai": lambda: Provider(
        name="xai",
        documentation="https://docs.x.ai/docs/guides/batch-api",
        batches=xai.batches,
        line=xai.line,
        receipt=xai.receipt,
        answer=xai.answer,
        headers=openai.headers,
        base_url="https://api.x.ai/v1",
        base_url_variables=(),
        key_variables=("XAI_API_KEY",),
        max_requests=xai.batches.MOST_REQUESTS,
        max_bytes=xai.batches.MOST_BYTES,
        derived_model=openai.derived_model,
        direct=Direct(
            request=xai.direct.request,
            custom_id=xai.direct.custom_id,
            row=xai.direct.row,
            error=openai.direct.error,
        ),
        native=MappingProxyType({"openai.chat": Native(line=xai.native_line, answer=xai.native_answer)}),
    ),
}
"""Made when they are asked for: a process that needs one provider need not load all."""


@cache
def _row(name: str) -> Provider:
    return _ROWS[name]()


class _Providers(Mapping[str, Provider]):
    @override
    def __getitem__(self, name: str) -> Provider:
        return _row(name)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(_ROWS)

    @override
    def __len__(self) -> int:
        return len(_ROWS)


PROVIDERS: Mapping[str, Provider] = _Providers()


def provider(name: str) -> Provider:
    """The row of this name. Raises `UnknownProvider`."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProvider(name, tuple(PROVIDERS)) from None
