"""Which failures are transient, how often a call is repeated, and the delay before it.

`translators.errors.is_transient` is the table of statuses. Within a call `repeating` sends a request a few
times within a few minutes; what lasts longer is left to the job's workflow, which can wait for days and
survives a restart.
"""

import errno
import random
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
)

from addon.providers.google_auth import TokenUnavailable
from addon.storage.s3 import S3Unavailable
from translators.errors import ProviderError, is_transient
from translators.providers.answers import retry_after

ATTEMPTS = 4
"""How often one request is sent within a call."""
LONGEST_BACKOFF = 8.0
"""Seconds between two attempts within a call, where the provider asks for nothing else."""
LONGEST_WAIT = 120.0
"""Seconds; a response with a longer `Retry-After` is returned, as OpenAI's SDK leaves it to its caller."""


class Unreachable(Exception):
    """No response from the provider; the same call may succeed later.

    Of a request that must not be repeated, also: the provider cannot have received it.
    """


class LostAnswer(Exception):
    """A request that must not be repeated was sent, and whether it took effect is unknown."""


_TRANSIENT = (Unreachable, TokenUnavailable, S3Unavailable)
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_PROCESSED = frozenset({425, 429})


def is_transient_error(error: Exception) -> bool:
    """Whether the same call may succeed later: an outage, a transient status, a full disk."""
    if isinstance(error, ProviderError):
        return error.passing
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    return isinstance(error, _TRANSIENT)


def is_outcome_unknown(status: int) -> bool:
    """Whether a request with this response may have taken effect: gateways also answer 408 when the provider
    behind them took too long."""
    return is_transient(status) and status not in _NOT_PROCESSED


def backoff(attempt: int, longest: float, *, first: float = 0.5) -> float:
    """Seconds: `first`, doubled with each attempt up to `longest`; up to a quarter shorter, so that parallel
    calls do not coincide."""
    return min(first * 2.0 ** min(attempt - 1, 10), longest) * random.uniform(0.75, 1)


def repeating(pause: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
    """Calls a function again while it raises `Unreachable` or returns a transient response; the last outcome
    stands. `pause` sleeps between attempts."""
    return AsyncRetrying(
        sleep=pause,
        stop=stop_after_attempt(ATTEMPTS),
        wait=_delay,
        retry=retry_if_exception_type(Unreachable) | retry_if_result(_is_repeated),
        retry_error_callback=_outcome,
    )


def _is_repeated(response: httpx.Response) -> bool:
    forbidden = response.headers.get("x-should-retry") == "false"
    return is_transient(response.status_code) and not forbidden and _requested_wait(response) <= LONGEST_WAIT


def _delay(state: RetryCallState) -> float:
    assert state.outcome is not None
    requested = 0.0 if state.outcome.failed else _requested_wait(state.outcome.result())
    return requested or backoff(state.attempt_number, LONGEST_BACKOFF)


def _outcome(state: RetryCallState) -> httpx.Response:
    assert state.outcome is not None
    response: httpx.Response = state.outcome.result()
    return response


def _requested_wait(response: httpx.Response) -> float:
    """Seconds; 0 without a usable `Retry-After`. A date counts from now where the response has none."""
    return retry_after(httpx.Headers({"date": formatdate(usegmt=True), **response.headers})) or 0.0
