"""Retrying of what temporary failures interrupt: a dead S3, a provider that is down, a full disk.

The job shows what it waits for; only success, a permanent error, a Stop or the deadline end the retries.
"""

import errno
import logging
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat

from addon.jobs.errors import Interrupted, NotConfigured
from addon.jobs.job_run import JobRun
from addon.providers.google_auth import LoginUnavailable
from addon.providers.transport import Unreachable
from addon.storage.s3 import S3Unavailable
from translators.errors import ProviderError

logger = logging.getLogger(__name__)


def passes(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, ProviderError):
        return error.passing
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, S3Unavailable | Unreachable | LoginUnavailable | NotConfigured)


async def until_done[Result](
    run: JobRun,
    doing: str,
    action: Callable[[], Awaitable[Result]],
    *,
    curable: Callable[[Exception], bool] = passes,
    give_up: Callable[[JobRun], bool] = JobRun.is_over,
) -> Result:
    """The result of `action`, tried again while its errors are `curable`.

    Raises `Interrupted` if the reloaded job is to `give_up` between two tries (by default: if it is over),
    and every error of `action` that is not curable.
    """
    waited = False
    for seconds in _pauses(run):
        try:
            result = await action()
        except Exception as error:
            if not curable(error):
                raise
            logger.warning("job %s waits: %s: %s", run.id, doing, error)
            waited = True
            await run.show_waiting(f"{doing}: {error}")
            seconds = max(seconds, getattr(error, "retry_after", None) or 0)
        else:
            if waited:
                await run.show_waiting(None)
            return result
        if give_up(await run.reload()):
            raise Interrupted(doing)
        await run.sleep(seconds)
        if give_up(await run.reload()):
            raise Interrupted(doing)
    raise AssertionError("the pauses never end")


def _pauses(run: JobRun) -> Iterator[float]:
    longest = min(60.0, 200 * (run.resources.config.jobs.poll_interval or 60))
    return chain((min(step, longest) for step in (1.0, 2.0, 5.0, 15.0, 30.0)), repeat(longest))
