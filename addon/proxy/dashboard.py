"""The dashboard of this process: what its pages read and do, and where they are."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from anyio import to_thread
from mitmproxy import ctx

from addon.jobs.database.tables import utc_now
from addon.jobs.member import Parts
from addon.jobs.records.documents import NoSuchRecord
from addon.jobs.records.export import export
from addon.proxy.operations import Operations
from addon.proxy.retry import NothingToRetry, retry_failed
from addon.settings.config import Config
from addon.web.dashboard.address import DEFAULT_ADDRESS, PREFIX, Address, CannotListen, job_link
from addon.web.dashboard.sources import ActionRefused, Setting, Sources
from translators.bedrock.jobs import AwsError

if TYPE_CHECKING:
    from tornado.web import Application

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """The dashboard while it is open."""

    url: str
    """Its address, without path and token."""

    def job_link(self, job_id: str, record: int | None = None) -> str:
        """The address of a job's page, or of a record of it; the page asks for the token."""
        return job_link(self.url, job_id, record)


class JobActions:
    """What people can do to jobs."""

    def __init__(self, operations: Operations, parts: Parts) -> None:
        self._operations = operations
        self._parts = parts

    async def stop(self, job_id: str) -> None:
        try:
            await self._operations.stop(job_id)
        except AwsError as error:
            raise ActionRefused(str(error)) from error

    async def retry(self, job_id: str) -> str:
        try:
            return (await retry_failed(self._operations, self._parts.records, job_id)).id
        except (AwsError, NothingToRetry) as error:
            raise ActionRefused(str(error)) from error

    async def export(self, job_id: str, folder: Path) -> None:
        try:
            await export(self._parts.records, job_id, folder)
        except NoSuchRecord as error:
            raise ActionRefused(str(error)) from error


@asynccontextmanager
async def opened(
    config: Config,
    parts: Parts,
    operations: Operations,
    *,
    config_file: str,
    options: Callable[[], Sequence[Setting]],
    address: Address | None,
    web: "WebInterface | None" = None,
) -> AsyncIterator[Dashboard | None]:
    """The dashboard in mitmweb, else at its address; None without one. Logs a link that opens it.

    Raises `CannotListen`.
    """
    if web is None and address is None:
        yield None
        return
    # imported here: a process without a dashboard does without its parts
    from addon.web.dashboard.board import Board
    from addon.web.dashboard.changes import Changes
    from addon.web.dashboard.server import mount, serve

    store = parts.store.for_pages()
    changes = Changes(store.views, utc_now)
    sources = Sources(
        config=config,
        config_file=config_file,
        store=store,
        records=parts.records,
        actions=JobActions(operations, parts),
        options=options,
    )
    board = Board(sources=sources, changes=changes, hosts=_own_names(config, address, web))
    server, url, link = None, "", ""
    try:
        if web is not None:
            mount(web.application, board)
            url, link = web.url, web.link
        elif address is not None:
            try:
                server = serve(address, board, _token(config))
            except CannotListen as error:
                if address != Address.parse(DEFAULT_ADDRESS):
                    raise
                logger.warning("There is no dashboard: %s", error)  # nobody asked for one there
                yield None
                return
            url, link = server.url, server.link
        own = config.dashboard.url
        logger.info("Dashboard: %s", link if own is None else link.replace(url, own.rstrip("/")))
        yield Dashboard(url=url if own is None else own)
    finally:
        changes.close()
        if server is not None:
            await server.close()
        await to_thread.run_sync(store.views.close)


@dataclass(frozen=True, kw_only=True)
class WebInterface:
    """mitmweb."""

    application: "Application"
    url: str
    link: str
    """The dashboard's address there, with the token if mitmweb made one."""


def web_interface() -> WebInterface | None:
    """mitmweb, if that is what runs here."""
    from tornado.web import Application

    master = getattr(ctx, "master", None)
    application = getattr(master, "app", None)
    if not isinstance(application, Application):
        return None
    parts = urlsplit(master.web_url)  # type: ignore[union-attr]  # a WebMaster has it
    return WebInterface(
        application=application,
        url=f"{parts.scheme}://{parts.netloc}",
        link=urlunsplit(parts._replace(path=f"{PREFIX}/")),
    )


def _own_names(config: Config, address: Address | None, web: WebInterface | None) -> frozenset[str]:
    """Names by which browsers may ask for the dashboard: what it is configured with, and this machine's."""
    urls = [config.dashboard.url, None if web is None else web.url, None if address is None else address.url]
    names = {urlsplit(url).hostname for url in urls if url is not None}
    return frozenset(name.lower() for name in {*names, socket.gethostname()} if name)


def _token(config: Config) -> str | None:
    """The token as configured. Raises `CannotListen` if its variable is not set."""
    reference = config.dashboard.token
    if reference is None:
        return None
    name = reference.removeprefix("env:")
    token = os.environ.get(name)
    if not token:
        raise CannotListen(f"dashboard.token: {name} is not set")
    return token
