"""What mitmproxy's interfaces show of jobs while the proxy runs: followed flows, and own calls as flows."""

from dataclasses import dataclass
from typing import Any

from mitmproxy import ctx
from mitmproxy.http import HTTPFlow

from addon.proxy.options import Settings
from addon.proxy.services import Services
from addon.storage.calls import CalledFor, called_for
from addon.web.flows import labels
from addon.web.flows.call_flows import CallFlows
from addon.web.flows.flow_list import flow_list
from addon.web.flows.job_follower import JobFollower, StoredJobs

MOST_RESUMED = 100
"""Running jobs of earlier starts that are followed."""


@dataclass
class _Started:
    services: Services
    follower: JobFollower


class ShownFlows:
    """A mitmproxy addon that `BedrockBatch` starts and closes, when it has its services."""

    name = "bedrock_batch_flows"

    def __init__(self) -> None:
        self._calls = CallFlows()
        self._started: _Started | None = None

    def running(self) -> None:
        bind_key()

    async def start(self, services: Services, settings: Settings) -> None:
        """Begin to show calls and the jobs that run already."""
        follower = JobFollower(StoredJobs(services.store))
        self._started = _Started(services, follower)
        self.set(settings)
        if flow_list() is not None:
            for job_id in (await services.store.unfinished())[-MOST_RESUMED:]:
                follower.follow(job_id)

    def set(self, settings: Settings) -> None:
        """Show calls as the options say now."""
        self._calls.shown = settings.show_calls
        if self._started is not None:
            self._started.services.observe(None if settings.show_calls == "none" else self._calls.observe)

    def follow(self, job_id: str, flow: HTTPFlow) -> None:
        if self._started is not None:
            self._started.follower.follow(job_id, flow)

    async def timeline(self, job_id: str) -> HTTPFlow | None:
        """The timeline of a job; None if there is no such job, or while nothing is started."""
        return None if self._started is None else await self._started.follower.timeline(job_id)

    def close(self) -> None:
        if self._started is not None:
            self._started.services.observe(None)
            self._started.follower.close()
            self._started = None


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
