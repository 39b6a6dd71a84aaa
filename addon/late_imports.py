"""Imports that wait until something in them is used, for commands that people wait for.

The registry of providers brings every provider's batch API along, and with them an HTTP client and its
models: half a second that translating has no use for.
"""

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import override

_PUT_OFF = re.compile(r"httpx|translators\.providers\.\w+(\.(batches|direct|errors))?")


class _Later(MetaPathFinder):
    @override
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _PUT_OFF.fullmatch(name):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def put_off() -> None:
    """From now on, load batch APIs and their HTTP client when they are first used."""
    if any(isinstance(finder, _Later) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Later())
    # httpx's own command line, which httpx imports where it can: rich, pygments, click.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: the import system's "is not there"
