"""Rules for repeating calls: transient failures, number of attempts, and the delay before each.

The table of statuses is `translators.errors.is_transient`. A call repeats requests for a few minutes; after
longer failures the job's workflow waits, for days if need be and across restarts.
"""

import errno
import random
import re
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import httpx
import tenacity

from addon.providers.google_auth import TokenUnavailable
from addon.storage.s3 import S3Unavailable
from translators.errors import ProviderError, is_transient
from translators.providers.api_responses import retry_after

ATTEMPTS = 4
"""Number of times that one request is sent within a call."""
LONGEST_WAIT = 120.0
"""Seconds; a response with a longer `Retry-After` is returned, as OpenAI's SDK leaves it to its caller."""


_CUT_OFF = re.compile(
    r"unexpected (end of (data|file|form|stream|input|json input|body|request|multipart)|eof)"
    r"|error (reading|parsing) (the )?(multipart|body)|multipart: nextpart|premature end"
    r"|incomplete (body|read|request|multipart)",
    re.IGNORECASE,
)


class Unreachable(Exception):
    """No response from the provider; the same call may succeed later.

    Of a request that must not be repeated, also: the provider cannot have received it.
    """


class LostAnswer(Exception):
    """A request that must not be repeated was sent, and whether it took effect is unknown."""


def is_transient_error(error: Exception) -> bool:
    """Whether the same call may succeed later: an outage, a transient status, a full disk."""
    if isinstance(error, ProviderError):
        return error.passing
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, Unreachable | TokenUnavailable | S3Unavailable)


def is_outcome_unknown(status: int) -> bool:
    """Whether the request may have taken effect: gateways also answer 408 when the provider was too slow."""
    return is_transient(status) and status not in {425, 429}


def was_cut_off(response: httpx.Response) -> bool:
    """Whether the server refuses a request because less of it arrived than was sent, in words of Go's, Node's
    and Python's parsers. What is sent from here is whole, so the same request is worth another try."""
    return response.status_code in {400, 422} and _CUT_OFF.search(response.text) is not None


def backoff(attempt: int, longest: float, *, first: float = 0.5) -> float:
    """Seconds: `first`, doubled with each attempt up to `longest`; up to a quarter shorter, so that parallel
    calls do not coincide."""
    return min(first * 2.0 ** min(attempt - 1, 10), longest) * random.uniform(0.75, 1)


def repeating(pause: Callable[[float], Awaitable[None]]) -> tenacity.AsyncRetrying:
    """Calls a function again while it raises `Unreachable` or returns a transient response; the last outcome
    stands. `pause` sleeps between attempts."""
    return tenacity.AsyncRetrying(
        sleep=pause,
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=_delay,
        retry=tenacity.retry_if_exception_type(Unreachable) | tenacity.retry_if_result(_is_repeated),
        retry_error_callback=lambda state: _last(state).result(),
    )


def _is_repeated(response: httpx.Response) -> bool:
    forbidden = response.headers.get("x-should-retry") == "false"
    return is_transient(response.status_code) and not forbidden and _requested_wait(response) <= LONGEST_WAIT


def _delay(state: tenacity.RetryCallState) -> float:
    outcome = _last(state)
    requested = 0.0 if outcome.failed else _requested_wait(outcome.result())
    return requested or backoff(state.attempt_number, longest=8.0)


def _last(state: tenacity.RetryCallState) -> tenacity.Future:
    assert state.outcome is not None
    return state.outcome


def _requested_wait(response: httpx.Response) -> float:
    """Seconds; 0 without a usable `Retry-After`. A date counts from now where the response has none."""
    return retry_after(httpx.Headers({"date": formatdate(usegmt=True), **response.headers})) or 0.0
