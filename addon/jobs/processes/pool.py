"""Calls in worker processes."""

import os
from collections.abc import Callable
from typing import Any

NICENESS = 10


def at_low_priority[Result](function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function at low priority, so that requests are answered before records are translated."""
    os.nice(NICENESS - os.nice(0))
    return function(*arguments)
