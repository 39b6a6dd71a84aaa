"""The type of the row in which a provider's folder describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

from msgspec import Raw

from translators.bedrock.converse import Answer, Request
from translators.bedrock.embeddings import EmbeddingAnswer, EmbeddingRequest
from translators.errors import RecordError
from translators.providers.batch_file import Line, Receipt, Unfinished
from translators.providers.conversation import Batches
from translators.providers.direct import Direct
from translators.providers.native.plain_bodies import Plain
from translators.providers.rules.model_rules import NONE_KNOWN, Overrides, RuleTable
from translators.wire import Members, ModelOutput, Wire


class Embeddings(Protocol):
    """Translation of embedding records and of their answers."""

    @property
    def most_inputs(self) -> int | None:
        """Inputs that one line may have; a record with more has several lines. None for any number."""
        ...

    def line(self, custom_id: str, request: EmbeddingRequest, model: str) -> Line:
        """The line that asks for the vectors. Raises `Refused`."""
        ...

    def answer(
        self, row: bytes, asked: Callable[[], EmbeddingRequest]
    ) -> EmbeddingAnswer | RecordError | Unfinished:
        """The vectors in a result row, or the error in their place."""
        ...


class MakeLine[Asked](Protocol):
    """Makes the line that asks for a record's answer: custom id, what is asked, the provider's model, the
    section's changes of the rules of models. Raises `Refused`."""

    def __call__(self, custom_id: str, asked: Asked, model: str, overrides: Overrides = (), /) -> Line: ...


def _any(model: str) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Native:
    """Translation of a body that is in the provider's own format already, and of its answer."""

    line: MakeLine[Raw | Members]
    plain: Plain[Any] | None = None
    """A faster way for bodies that it is about, with the same result."""
    answer: Callable[[bytes], ModelOutput | Answer | RecordError | Unfinished]
    """A result row → the provider's answer as it is; in the hub where its form is not the usual one."""
    following: Callable[[bytes, Raw], bytes] | None = None
    """The provider's answer, the body → the answer without what it repeats of the body, where it does."""
    speaks: Callable[[str], bool] = _any
    """Whether this model of the provider's does."""


@dataclass(frozen=True, kw_only=True)
class OtherEndpoint:
    """Translation of records and answers where they do not go to the provider's usual endpoint."""

    line: MakeLine[Request]
    answer: Callable[[bytes, Callable[[], Request]], Answer | RecordError | Unfinished]


def _usable(model: str) -> str | None:
    return None


def _underivable(vendor: str, model: str) -> str | None:
    return None


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key at most providers."""
    return {"Authorization": f"Bearer {key}"}


def _as_it_is(base_url: str, settings: Mapping[str, str]) -> str:
    return base_url


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Description of a provider for the rest of the product: facts and pure functions."""

    name: str
    """Value of the `x-model-provider` header and name of the config section."""
    documentation: str
    load_batches: Callable[[], Batches]
    """Imports them: they bring an HTTP client along, which translating has no use for."""
    line: MakeLine[Request]
    receipt: Callable[[bytes], Receipt]
    """A result row → its custom id and state. Raises `ValueError` for a row that cannot be read."""
    answer: Callable[[bytes, Callable[[], Request]], Answer | RecordError | Unfinished]
    """A result row → the answer. The second argument gives the record as it was asked, where needed."""
    models: RuleTable = NONE_KNOWN
    """The rules of its models."""
    headers: Callable[[str], dict[str, str]] = bearer
    """The API key → the headers that carry it."""
    base_url: str
    """With the name of an environment variable, `{NAME}`, in the place of what depends on the account."""
    settings: Mapping[str, str] = MappingProxyType({})
    """Further settings of the account in the section → the environment variable that is read without one."""
    address: Callable[[str, Mapping[str, str]], str] = _as_it_is
    """`base_url` and the settings → where the batch API is."""
    probe: str = "/models"
    """Path that can be requested there to check a key."""
    login: Literal["google"] | None = None
    """Credentials of this machine that stand in for a key: Google's application-default credentials."""
    base_url_variables: tuple[str, ...]
    key_variables: tuple[str, ...]
    max_requests: int
    """The provider's own limit for one batch."""
    max_bytes: int
    max_media: int = 20_000_000
    """Bytes of all media of a record that are fetched from S3. A limit of ours, where no page names a smaller
    one: lines with more are refused by most."""
    derived_model: Callable[[str, str], str | None] = _underivable
    """(vendor, bare Bedrock model) → the provider's name of the same model, when the vendor is the same."""
    marks_batches: bool = True
    """Whether a batch can be identified by its marker. Where it cannot, one that is found after a lost answer
    is taken for ours only until its results show otherwise."""
    takes_files: bool = False
    """Whether `create` makes a batch of any file there with `custom_id` and `body` in its lines, and
    `results` fetches any file there."""
    unusable: Callable[[str], str | None] = _usable
    """The provider's model → why no batch can use it, beside its retirement, if that is known."""
    load_direct: Callable[[], Direct] | None = None
    """Imports what sends one record without a batch."""
    embeddings: Embeddings | None = None
    scales_vectors: bool = False
    """Whether embeddings can be asked for as scaled whole numbers (int8, uint8)."""
    native: Mapping[Wire, Native] = MappingProxyType({})
    """The formats of Bedrock bodies that the provider speaks itself, at its usual endpoint."""
    other_endpoints: Mapping[str, OtherEndpoint] = MappingProxyType({})
    """By the name that the configuration gives them."""

    @property
    def batches(self) -> Batches:
        """The batch API, loaded when first used."""
        return self.load_batches()

    @property
    def direct(self) -> Direct | None:
        """The plain API, loaded when first used; None where there is none."""
        return None if self.load_direct is None else self.load_direct()
