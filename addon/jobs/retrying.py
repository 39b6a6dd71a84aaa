"""Waiting out of what temporary failures interrupt: a dead S3, a provider that is down, a full disk, a killed
worker process.

A step does not wait: it ends with the seconds until it is tried again, longer the longer the failures last.
The job shows what it waits for. Only success, a permanent error, a Stop or the deadline end that.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from anyio import sleep

from addon.jobs.database.tables import utc_now
from addon.jobs.errors import Interrupted, NotConfigured, NotYet
from addon.jobs.job_run import JobRun
from addon.jobs.outages import is_database_away, is_worker_lost
from addon.providers.retry_policy import backoff, is_transient_error, jitter
from translators.errors import ProviderError

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


def passes(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    return (
        # a file of the spool, which is made again, was removed by a process that had the job before
        isinstance(error, NotConfigured | NotYet | FileNotFoundError)
        or is_transient_error(error)
        or is_worker_lost(error)
        or is_database_away(error)
    )


@contextmanager
def waited_out(doing: str, curable: Callable[[Exception], bool] = passes) -> Iterator[None]:
    """Raises `NotYet` in place of errors that are `curable`."""
    try:
        yield
    except NotYet:
        raise
    except Exception as error:
        if not curable(error):
            raise
        raise NotYet(doing, error) from error


async def pause_after(
    run: JobRun, error: Exception, failing_since: datetime | None, shard: int | None = None
) -> float:
    """Seconds until a step that failed is tried again, as the job shows. Raises the error if it is
    permanent."""
    if not passes(error):
        raise error
    logger.warning("job %s waits: %s", run.id, error)
    await run.show_waiting(str(error))
    await _note(run, str(error), error, shard)
    lasted = (utc_now() - failing_since).total_seconds() if failing_since is not None else 0.0
    seconds = jitter(min(_longest(run), max(SHORTEST_PAUSE, lasted / 2)))
    return run.until_deadline(max(seconds, getattr(error, "retry_after", None) or 0))


async def until_done[Result](
    run: JobRun,
    doing: str,
    action: Callable[[], Awaitable[Result]],
    *,
    give_up: Callable[[JobRun], bool] = JobRun.is_over,
    shard: int | None = None,
) -> Result:
    """The result of `action`, tried again while its errors pass: for calls that belong to a single step.

    Raises `Interrupted` if the reloaded job is to `give_up` between two tries (by default: if it is over),
    and every error of `action` that does not pass.
    """
    attempt = 0
    while True:
        try:
            result = await action()
        except Exception as error:
            if not passes(error):
                raise
            logger.warning("job %s waits: %s: %s", run.id, doing, error)
            attempt += 1
            await run.show_waiting(f"{doing}: {error}")
            await _note(run, f"{doing}: {error}", error, shard)
            seconds = max(
                backoff(attempt, _longest(run), first=SHORTEST_PAUSE),
                getattr(error, "retry_after", None) or 0,
            )
        else:
            if attempt:
                await run.show_waiting(None)
            return result
        await _sleep(run, run.until_deadline(seconds), give_up)


async def _note(run: JobRun, text: str, error: Exception, shard: int | None) -> None:
    wanted: float | None = getattr(error, "retry_after", None)
    cause = error.__cause__ if isinstance(error, NotYet) else error
    throttled = wanted is not None or (isinstance(cause, ProviderError) and cause.status == 429)
    rest = "" if wanted is None else f" (Retry-After: {wanted:g} s)"
    await run.note("throttled" if throttled else "waiting", f"{text}{rest}", shard=shard)


async def _sleep(run: JobRun, seconds: float, give_up: Callable[[JobRun], bool]) -> None:
    """Sleep. Raises `Interrupted` soon after the job is to give up."""
    piece = min(1.0, run.resources.poll_interval)
    left = seconds
    while True:
        if give_up(await run.reload()):
            raise Interrupted
        if left <= 0:
            return
        await sleep(min(piece, left))
        left -= piece


def _longest(run: JobRun) -> float:
    return min(LONGEST_PAUSE, 200 * (run.resources.config.jobs.poll_interval or LONGEST_PAUSE))
