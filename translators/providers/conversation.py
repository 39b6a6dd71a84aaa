"""Calls of a provider's batch API without I/O: generators of requests.

A conversation yields `httpx.Request` and is sent the `httpx.Response`, as `httpx.Auth.auth_flow`; its return
value is the outcome. The addon plays conversations over the network, tests play them over recordings.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal, Protocol, override

if TYPE_CHECKING:
    import httpx  # slow to load, and translating needs none of it

type Conversation[Outcome] = Generator[httpx.Request, httpx.Response, Outcome]

SAVE = "save_as"
"""Request extension: stream the response's body to the results file of this name instead of reading it.

The conversation then receives a response with empty content unless the status is an error.
"""

LINES = "lines_of"
"""Request extension beside `SAVE`, a `Lines`: what is saved are these lines of the body. For results that a
provider gives inside another document, and few of them: the body is read whole."""

type Lines = Callable[[bytes], Iterable[bytes]]
"""A body → the result rows in it, without line ends. Raises `ProviderError`."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Address and credentials of a provider."""

    base_url: str
    """As the provider's SDK spells it, without a trailing slash."""
    headers: dict[str, str] = field(repr=False)
    """The authentication headers; never logged."""
    staging: str = ""
    """The folder for files of batches, at providers that keep none: `gs://bucket/folder`."""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Name of a batch of ours, to find it by when the response to its creation was lost."""

    job: str
    """The job's 12-character id."""
    shard: int
    round: int

    @override
    def __str__(self) -> str:
        return f"{self.job}-{self.shard}-{self.round}"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Input of one batch."""

    marker: Marker
    model: str
    """The provider's own name of the model."""
    group: str
    """Common value of all its lines that the provider gets once per batch: an endpoint, a set of betas."""
    lines: int
    """Number of lines."""
    input_id: str = ""
    """The outcome of `upload`."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """Limits to a search for a lost batch."""

    since: float
    """Unix seconds before which it cannot have been created."""
    claimed: frozenset[str]
    """Batches of this account that are known to be others."""


type State = Literal["running", "ended", "failed", "expired", "cancelled"]
"""`running` until the provider is done, and for a status that is not known: a provider may add one, and the
job's own time-out ends it. Then `ended` (all processed, with or without errors), `failed` (refused as a
whole, nothing ran), `expired`, `cancelled`."""


_NO_ROOM = frozenset({"token_limit_exceeded", "RESOURCE_EXHAUSTED"})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch as the provider reports it."""

    id: str
    state: State
    raw_status: str
    """The provider's own status."""
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    errors: tuple[str, ...] = ()
    """Reasons for a failure of the whole batch, in the provider's words, with line numbers where given."""
    result_files: tuple[str, ...] = ()
    """Provider's ids or URLs of what `results` reads."""
    code: str | None = None
    """The provider's code for a batch that failed as a whole (`token_limit_exceeded`)."""

    @property
    def had_no_room(self) -> bool:
        """Whether it was refused because too much is queued already: later it may be accepted."""
        return self.state == "failed" and self.code in _NO_ROOM


class Batches(Protocol):
    """A provider's batch API. All conversations raise `ProviderError`."""

    def upload(self, endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[str]:
        """Upload the lines; the outcome is the provider's id of the input, empty where `create` takes the
        lines itself. Costs nothing."""
        ...

    def create(self, endpoint: Endpoint, submission: Submission, lines: IO[bytes]) -> Conversation[Batch]:
        """Create the batch. The only call that spends money: never sent twice without `find` in between."""
        ...

    def find(self, endpoint: Endpoint, submission: Submission, search: Search) -> Conversation[Batch | None]:
        """The batch that an earlier `create` of this submission made, or None."""
        ...

    def retrieve(self, endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
        """State of the batch."""
        ...

    def cancel(self, endpoint: Endpoint, batch_id: str) -> Conversation[Batch]:
        """Request the batch's end; the outcome is its state, also where it is over already."""
        ...

    def results(self, endpoint: Endpoint, batch: Batch) -> Conversation[tuple[str, ...]]:
        """Download the result files, each with `SAVE`; the outcome is the names they were saved under."""
        ...

    def delete(self, endpoint: Endpoint, batch: Batch, input_id: str) -> Conversation[None]:
        """Delete what a batch that is over leaves at the provider: its result files, and the uploaded input
        unless the id is empty. What is gone already is no error."""
        ...
