"""Waiting for a condition, with one limit for all tests."""

import time
from collections.abc import Callable

PATIENCE = 100.0
"""Seconds after which a condition that is not met fails the test. A machine with two cores and four times
as much to do needs a tenth of it; pytest's own limit leaves a test room for several such waits."""


LONGEST_PAUSE = 0.2
"""Seconds between two looks in the end: each may be a call through a proxy, and costs the machine."""


def wait_until(condition: Callable[[], object], expected: str = "the condition") -> None:
    """Return as soon as the condition is met; `expected` names it in the failure."""
    limit, pause = time.monotonic() + PATIENCE, 0.02
    while not condition():
        assert time.monotonic() < limit, f"{expected} was not met within {PATIENCE:.0f} s"
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, 1.3 * pause)
