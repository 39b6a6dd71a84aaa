"""What every task in a worker process begins with. Imports nothing, since each worker imports it."""

import os
from collections.abc import Callable
from typing import Any

NICENESS = 10


def giving_way[Result](function: Callable[..., Result], *arguments: Any) -> Result:
    """Run a function in a worker process: answering requests comes before translating."""
    os.nice(NICENESS - os.nice(0))
    return function(*arguments)
