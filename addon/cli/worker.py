"""`bedrock-batch worker`: runs jobs without a proxy."""

import asyncio
import logging
import signal
from typing import override

from addon.cli.errors import CommandError
from addon.cli.visible_text import visible
from addon.jobs.member import CannotStart, member
from addon.settings.config import BadConfig, load

logger = logging.getLogger(__name__)


class VisibleFormatter(logging.Formatter):
    """Escapes what a provider's words could do to a terminal."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def run_worker(database: str, config_path: str, workers: int, poll_interval: float) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises `CommandError` if it cannot start."""
    output = logging.StreamHandler()
    output.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[output])
    for library in ("httpx", "httpcore", "botocore", "dbos"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        asyncio.run(_run(database, config_path, workers, poll_interval))
    except (BadConfig, CannotStart) as error:
        raise CommandError(str(error)) from error


async def _run(database: str, config_path: str, workers: int, poll_interval: float) -> None:
    config = load(config_path or None)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    interval = config.jobs.poll_interval or poll_interval
    async with member(config, database or config.database, workers=workers, poll_interval=interval) as parts:
        logger.info("running jobs as %s", parts.id)
        await ended.wait()
        logger.info("handing over")
