"""What every task in a worker process begins with. Imports little, since each worker imports it."""

import os
import pickle
from collections.abc import Callable
from typing import Any

from addon import late_imports

NICENESS = 10


def packed(function: Callable[..., Any], *arguments: Any) -> bytes:
    """A call, in a form that loads nothing until `giving_way` says how."""
    return pickle.dumps((function, arguments))


def giving_way(call: bytes) -> Any:
    """Make a call in a worker process: answering requests comes before translating, and translating needs
    no HTTP client."""
    os.nice(NICENESS - os.nice(0))
    late_imports.put_off()
    function, arguments = pickle.loads(call)
    return function(*arguments)
