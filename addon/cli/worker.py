"""`bedrock-batch worker`: runs jobs without a proxy."""

import asyncio
import logging
import os
import signal
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, override

from addon.cli.errors import CommandError
from addon.cli.visible_text import visible
from addon.jobs.member import CannotStart, Parts, member
from addon.settings.config import BadConfig, Config, load
from addon.web.dashboard.address import Address, CannotListen
from addon.web.dashboard.settings_list import DEFAULT, masked
from addon.web.dashboard.sources import Setting

if TYPE_CHECKING:
    from addon.proxy.dashboard import Dashboard

logger = logging.getLogger(__name__)


class VisibleFormatter(logging.Formatter):
    """Escapes what a provider's words could do to a terminal."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def run_worker(
    database: str, config_path: str, workers: int, poll_interval: float, dashboard: str = ""
) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises `CommandError` if it cannot start."""
    output = logging.StreamHandler()
    output.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[output])
    for library in ("httpx", "httpcore", "botocore", "dbos"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        asyncio.run(_run(database, config_path, workers, poll_interval, dashboard))
    except (BadConfig, CannotListen, CannotStart) as error:
        raise CommandError(str(error)) from error


async def _run(database: str, config_path: str, workers: int, poll_interval: float, dashboard: str) -> None:
    config = load(config_path or None)
    address = _address(dashboard)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    interval = config.jobs.poll_interval or poll_interval
    url = database or config.database
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(member(config, url, workers=workers, poll_interval=interval))
        if address is not None:
            await stack.enter_async_context(_dashboard(config, config_path, parts, address, url))
        logger.info("running jobs as %s", parts.id)
        await ended.wait()
        logger.info("handing over")


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text) if text else None
    except ValueError as error:
        raise CommandError(f"--dashboard {error}") from error


def _dashboard(
    config: Config, config_path: str, parts: Parts, address: Address, database: str
) -> AbstractAsyncContextManager["Dashboard | None"]:
    # imported here: they are the proxy's, which a worker without a dashboard does without
    from addon.proxy.admission import Admission
    from addon.proxy.dashboard import opened
    from addon.proxy.services import operations_of

    admission = Admission(config=config, environment=os.environ, google=parts.google)
    shown = [Setting("database", masked(database), "option" if database != config.database else DEFAULT)]
    return opened(
        config,
        parts,
        operations_of(admission, parts),
        config_file=config_path,
        options=lambda: shown,
        address=address,
    )
