"""The parts that serve requests, built when the proxy starts and closed when it ends."""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from mitmproxy import ctx

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.tables import utc_now
from addon.jobs.member import CannotStart as CannotStart
from addon.jobs.member import Parts, member
from addon.jobs.records.documents import ErrorGroup, RecordDocuments
from addon.proxy.admission import Admission
from addon.proxy.dashboard import Dashboard, opened, web_interface
from addon.proxy.operations import Operations
from addon.proxy.options import Settings, in_force
from addon.proxy.provider_calls.native_batches import NativeBatches
from addon.proxy.provider_calls.provider_file_jobs import ProviderFileJobs
from addon.proxy.provider_calls.provider_flows import ProviderFlows
from addon.proxy.provider_selection import network_probe
from addon.settings.config import Config
from addon.storage.calls import Observer
from addon.storage.s3 import S3
from addon.web.dashboard.address import CannotListen


class Records(Protocol):
    """Reads records of jobs."""

    async def documents(self, job_id: str, wanted: str) -> RecordDocuments: ...

    async def errors(self, job_id: str) -> Sequence[ErrorGroup]: ...


def operations_of(admission: Admission, parts: Parts) -> Operations:
    """Bedrock's operations on the jobs of this process's database."""
    probe = network_probe(parts.transport)
    return Operations(admission, parts.store, parts.runner, parts.keys, utc_now, probe=probe)


@dataclass(frozen=True, kw_only=True)
class Services:
    operations: Operations
    provider_file_jobs: ProviderFileJobs
    native_batches: NativeBatches
    provider_flows: ProviderFlows
    records: Records
    dashboard: Dashboard | None
    close: Callable[[], Awaitable[None]]
    config: Config
    store: AsyncStore
    s3: S3
    observe: Callable[[Observer | None], None]
    """Sets who gets the calls that this process makes itself."""


async def start(settings: Settings, own: set[tuple[str, int]]) -> Services:
    """Open the database and resume unfinished jobs. `own`: the addresses this proxy listens on.

    Raises `CannotStart`.
    """
    async with AsyncExitStack() as stack:
        config = settings.config
        parts = await stack.enter_async_context(
            member(
                config,
                settings.database,
                workers=settings.workers,
                poll_interval=settings.poll_interval,
                own=own,
            )
        )
        admission = Admission(config=config, environment=os.environ, google=parts.google)
        operations = operations_of(admission, parts)
        file_jobs = ProviderFileJobs(
            admission,
            operations,
            parts.store,
            parts.runner,
            utc_now,
            executor=parts.id,
            limit=config.jobs.create_limit,
        )

        def observe(observer: Observer | None) -> None:
            parts.transport.observer = parts.s3.observer = observer

        try:
            board = await stack.enter_async_context(
                opened(
                    config,
                    parts,
                    operations,
                    config_file=settings.config_file,
                    options=lambda: in_force(ctx.options),
                    address=settings.dashboard,
                    web=web_interface(),
                )
            )
        except CannotListen as error:
            raise CannotStart(f"batch_dashboard: {error}") from error
        close = stack.pop_all().aclose
    return Services(
        operations=operations,
        provider_file_jobs=file_jobs,
        native_batches=NativeBatches(admission),
        provider_flows=ProviderFlows(parts.transport),
        dashboard=board,
        records=parts.records,
        close=close,
        config=config,
        store=parts.store,
        s3=parts.s3,
        observe=observe,
    )
