"""Calls in worker processes."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

NICENESS = 10


def at_low_priority[Result](function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function at low priority, so that requests are answered before records are translated."""
    os.nice(NICENESS - os.nice(0))
    return function(*arguments)


class Submit(Protocol):
    """Begins a call and returns its future."""

    def __call__[Result](self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]: ...


@dataclass(frozen=True)
class Workers:
    """What a thread hands parts of its work to."""

    submit: Submit
    in_flight: int
    """Calls to begin before the result of the first is taken, so that no worker waits for the next."""


def _call[Result](function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
    future = Future[Result]()
    future.set_result(function(*arguments))
    return future


HERE = Workers(_call, in_flight=1)
"""Makes every call at once, in the calling thread."""
