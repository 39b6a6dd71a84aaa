"""The parts of a process that runs or accepts jobs, with a proxy or without one."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.sqlite import SQLiteTooOld
from addon.jobs.database.store import Store
from addon.jobs.fleet.executors import Member
from addon.jobs.key_vault import BadSecretKey, KeyVault
from addon.jobs.records.reader import RecordReader
from addon.jobs.resources import Resources
from addon.jobs.runner import OtherSecret, Runner
from addon.providers.google_auth import GoogleCredentials
from addon.providers.transport import Transport
from addon.settings.config import Config
from addon.storage.s3 import S3


class CannotStart(Exception):
    """A part of the process cannot be built; the message is one line that names it and the reason."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a process has as a member."""

    id: str
    """Its executor id."""
    store: AsyncStore
    keys: KeyVault
    transport: Transport
    google: GoogleCredentials
    runner: Runner
    records: RecordReader


@asynccontextmanager
async def member(
    config: Config,
    database: str,
    *,
    workers: int,
    poll_interval: float,
    own: AbstractSet[tuple[str, int]] = frozenset(),
) -> AsyncIterator[Parts]:
    """Open the database and, with worker processes, run unfinished jobs. `own`: the addresses this process
    listens on.

    Raises `CannotStart`.
    """
    async with AsyncExitStack() as stack:
        opened = await _opened(database)
        store = AsyncStore(opened)
        stack.push_async_callback(store.close)
        try:
            keys = await anyio.to_thread.run_sync(KeyVault, config.folder)
        except (BadSecretKey, OSError) as error:
            raise CannotStart(str(error)) from error
        google = GoogleCredentials(own)
        transport = Transport(own=own, google=google)
        stack.push_async_callback(transport.close)
        here = Member.here("runs" if workers else "accepts", keys.fingerprint)
        resources = Resources(
            config=config,
            executor=here.id,
            store=store.for_jobs(),
            keys=keys,
            s3=S3(config.s3, own=own),
            transport=transport,
            poll_interval=poll_interval,
            workers=anyio.CapacityLimiter(workers),
            google=google,
        )
        runner = Runner(resources, opened, here)
        try:
            await runner.launch()
        except OtherSecret as error:
            raise CannotStart(str(error)) from error
        stack.push_async_callback(runner.close)
        yield Parts(
            id=here.id,
            store=store,
            keys=keys,
            transport=transport,
            google=google,
            runner=runner,
            records=RecordReader(replace(resources, store=store)),
        )


async def _opened(url: str) -> Store:
    try:
        return await anyio.to_thread.run_sync(Store, url)
    except SQLiteTooOld as error:
        raise CannotStart(str(error)) from error
    except (SQLAlchemyError, ImportError, OSError) as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise CannotStart(f"batch_database {shown} cannot be opened: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
