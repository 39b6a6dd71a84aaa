"""What mitmproxy's interfaces show of jobs while the proxy runs: followed flows, and own calls as flows."""

from collections.abc import Callable
from typing import Any

from mitmproxy import ctx
from mitmproxy.http import HTTPFlow

from addon.jobs.database.async_store import AsyncStore
from addon.storage.calls import CalledFor, Observer, called_for
from addon.web.flows import labels
from addon.web.flows.call_flows import CallFlows, Shown
from addon.web.flows.flow_list import flow_list
from addon.web.flows.job_follower import JobFollower, StoredJobs

MOST_RESUMED = 100
"""Running jobs of earlier starts that are followed."""


type Observe = Callable[[Observer | None], None]
"""Sets who gets the calls that this process makes itself."""


class ShownFlows:
    """A mitmproxy addon that `BedrockBatch` starts and closes, when it has its services."""

    name = "bedrock_batch_flows"

    def __init__(self) -> None:
        self._calls = CallFlows()
        self._follower: JobFollower | None = None
        self._observe: Observe = _no_calls

    def running(self) -> None:
        bind_key()

    async def start(self, store: AsyncStore, observe: Observe) -> None:
        """Begin to show calls and the jobs that run already."""
        self._follower, self._observe = JobFollower(StoredJobs(store)), observe
        self.show_calls(self._calls.shown)
        if flow_list() is not None:
            for job_id in (await store.unfinished())[-MOST_RESUMED:]:
                self._follower.follow(job_id)

    def show_calls(self, shown: Shown) -> None:
        """Show calls as the option says now."""
        self._calls.shown = shown
        self._observe(None if shown == "none" else self._calls.observe)

    def follow(self, job_id: str, flow: HTTPFlow) -> None:
        if self._follower is not None:
            self._follower.follow(job_id, flow)

    async def timeline(self, job_id: str) -> HTTPFlow | None:
        """The timeline of a job; None if there is no such job, or while nothing is started."""
        return None if self._follower is None else await self._follower.timeline(job_id)

    async def close(self) -> None:
        if self._follower is not None:
            self._observe(None)
            await self._follower.close()
            self._follower = None


def _no_calls(observer: Observer | None) -> None:
    """Before the start."""


def call_for(flow: HTTPFlow) -> None:
    """Have further calls of this task be shown as ones for the flow's job."""
    metadata: dict[str, Any] = flow.metadata
    called_for.set(CalledFor(metadata.get(labels.JOB, ""), metadata.get(labels.PROVIDER, "")))


def bind_key() -> None:
    """Bind `B` in the console's list of flows, unless the user bound it; `keys.yaml` is read before."""
    commands = ctx.master.commands
    if "console.key.bind" not in commands.commands:
        return
    keymap = getattr(ctx.master, "keymap", None)
    if keymap is None or keymap.get("flowlist", "B") is None:
        commands.call("console.key.bind", ["flowlist"], "B", "batch.show", "@focus")
