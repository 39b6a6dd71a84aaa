"""The parts that serve requests, built when the proxy starts and closed when it ends."""

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import anyio
import anyio.to_thread
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from addon.jobs.async_store import AsyncStore
from addon.jobs.key_vault import BadSecretKey, KeyVault
from addon.jobs.resources import Resources
from addon.jobs.runner import Runner
from addon.jobs.sqlite import SQLiteTooOld
from addon.jobs.store import Store
from addon.jobs.tables import utc_now
from addon.providers.google_auth import GoogleCredentials
from addon.providers.transport import Transport
from addon.proxy.admission import Admission
from addon.proxy.native_batches import NativeBatches
from addon.proxy.operations import Operations
from addon.proxy.options import Settings
from addon.proxy.provider_file_jobs import ProviderFileJobs
from addon.proxy.provider_flows import ProviderFlows
from addon.proxy.provider_selection import network_probe
from addon.storage.s3 import S3


class CannotStart(Exception):
    """A part of the proxy cannot be built; the message is one line that names it and the reason."""


@dataclass(frozen=True, kw_only=True)
class Services:
    operations: Operations
    provider_file_jobs: ProviderFileJobs
    native_batches: NativeBatches
    provider_flows: ProviderFlows
    close: Callable[[], Awaitable[None]]


async def start(settings: Settings, own: set[tuple[str, int]]) -> Services:
    """Open the database and resume unfinished jobs. `own`: the addresses this proxy listens on.

    Raises `CannotStart`.
    """
    async with AsyncExitStack() as stack:
        store = await _store(settings.database)
        stack.push_async_callback(store.close)
        try:
            keys = await anyio.to_thread.run_sync(KeyVault, settings.config.folder)
        except (BadSecretKey, OSError) as error:
            raise CannotStart(str(error)) from error
        google = GoogleCredentials(own)
        transport = Transport(own=own, google=google)
        stack.push_async_callback(transport.close)
        runner = Runner(
            Resources(
                config=settings.config,
                store=store.for_jobs(),
                keys=keys,
                s3=S3(settings.config.s3, own=own),
                transport=transport,
                poll_interval=settings.poll_interval,
                workers=anyio.CapacityLimiter(settings.workers),
                google=google,
            )
        )
        await runner.launch()
        stack.push_async_callback(runner.close)
        admission = Admission(config=settings.config, environment=os.environ, google=google)
        operations = Operations(admission, store, runner, keys, utc_now, probe=network_probe(transport))
        file_jobs = ProviderFileJobs(admission, operations, store, runner, utc_now)
        close = stack.pop_all().aclose
    return Services(
        operations=operations,
        provider_file_jobs=file_jobs,
        native_batches=NativeBatches(admission),
        provider_flows=ProviderFlows(transport),
        close=close,
    )


async def _store(url: str) -> AsyncStore:
    try:
        return AsyncStore(await anyio.to_thread.run_sync(Store, url))
    except SQLiteTooOld as error:
        raise CannotStart(str(error)) from error
    except (SQLAlchemyError, ImportError, OSError) as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise CannotStart(f"batch_database {shown} cannot be opened: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
