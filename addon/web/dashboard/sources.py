"""What the dashboard reads and does: everything its pages need, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.records.documents import ErrorGroup, RecordDocuments, RecordLine
from addon.settings.config import Config


class Records(Protocol):
    """Reads records of jobs."""

    async def documents(self, job_id: str, wanted: str) -> RecordDocuments:
        """Raises `NoSuchRecord`."""
        ...

    async def errors(self, job_id: str) -> Sequence[ErrorGroup]: ...

    async def page(
        self, job_id: str, first: int, count: int, outcome: Literal["failed"] | None
    ) -> Sequence[RecordLine]: ...


class ActionRefused(Exception):
    """An action cannot be done; the message says why."""


class Actions(Protocol):
    """What the dashboard can do to a job. Each raises `ActionRefused`."""

    async def stop(self, job_id: str) -> None:
        """Ask for the job's end."""
        ...

    async def retry(self, job_id: str) -> str:
        """Create a job of the failed records; its id."""
        ...

    async def export(self, job_id: str, folder: Path) -> None:
        """Write everything about the job into a folder."""
        ...


class Setting(NamedTuple):
    """A setting in force."""

    name: str
    value: str
    origin: str
    """What set it: the default, a file, an option, an environment variable."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the pages come from."""

    config: Config
    config_file: str
    """Its path as given; empty for the usual places."""
    store: AsyncStore
    """With threads of its own."""
    records: Records
    actions: Actions
    options: Callable[[], Sequence[Setting]]
    """The options of this process as they are now."""
