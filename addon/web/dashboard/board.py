"""What all of the dashboard's handlers share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from addon.jobs.database.tables import utc_now
from addon.web.dashboard.address import PREFIX
from addon.web.dashboard.changes import Changes
from addon.web.dashboard.sources import Sources


@dataclass(frozen=True, kw_only=True)
class Board:
    """The dashboard of a process."""

    sources: Sources
    changes: Changes
    hosts: frozenset[str] = frozenset()
    """Names in the Host header that are ours, beside addresses and localhost."""
    clock: Callable[[], datetime] = utc_now
    path: str = field(default=f"{PREFIX}/", init=False)
