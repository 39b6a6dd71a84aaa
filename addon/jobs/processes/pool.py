"""What every task in a worker process begins with."""

import os
from collections.abc import Callable
from typing import Any

NICENESS = 10


def at_low_priority[Result](function: Callable[..., Result], *arguments: Any) -> Result:
    """Make a call in a worker process: answering requests comes before translating."""
    os.nice(NICENESS - os.nice(0))
    return function(*arguments)
