"""Retrying of what temporary failures interrupt: a dead S3, a provider that is down, a full disk.

The job shows what it waits for; only success, a permanent error, a Stop or the deadline end the retries.
"""

import logging
from collections.abc import Awaitable, Callable

from addon.jobs.errors import Interrupted, NotConfigured
from addon.jobs.job_run import JobRun
from addon.providers.retry_policy import backoff, is_transient_error

logger = logging.getLogger(__name__)


def passes(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, NotConfigured) or is_transient_error(error)


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
    longest = min(60.0, 200 * (run.resources.config.jobs.poll_interval or 60))
    attempt = 0
    while True:
        try:
            result = await action()
        except Exception as error:
            if not curable(error):
                raise
            logger.warning("job %s waits: %s: %s", run.id, doing, error)
            attempt += 1
            await run.show_waiting(f"{doing}: {error}")
            seconds = max(backoff(attempt, longest, first=1.0), getattr(error, "retry_after", None) or 0)
        else:
            if attempt:
                await run.show_waiting(None)
            return result
        if give_up(await run.reload()):
            raise Interrupted(doing)
        await run.sleep(seconds)
        if give_up(await run.reload()):
            raise Interrupted(doing)
