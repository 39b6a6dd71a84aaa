"""Plays the conversations of `translators.providers` over the network."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import httpx

from translators.providers.conversation import Conversation


class Unreachable(Exception):
    """The provider could not be reached; with `once` it surely did not see the request."""


class LostAnswer(Exception):
    """The request may have been seen and its answer is not known."""


class Transport:
    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        own: set[tuple[str, int]] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._pause = pause

    async def play[T](
        self, conversation: Conversation[T], *, folder: Path | None = None, once: bool = False
    ) -> T:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
