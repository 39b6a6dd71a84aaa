"""Requests for one record at a time, without the provider's batch API.

Lines are the ones that a batch would be made of, rows the ones that it would answer with, so that
everything before and after is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from translators.errors import ProviderError
from translators.providers.conversation import Endpoint

if TYPE_CHECKING:
    import httpx  # slow to load, and translating needs none of it


class Direct(Protocol):
    """A provider's plain API. A provider module offers these as functions."""

    def request(self, endpoint: Endpoint, line: bytes, model: str, group: str) -> httpx.Request:
        """The request that a line of this group stands for; the model is the provider's own."""
        ...

    def custom_id(self, line: bytes) -> str:
        """The custom id in the line."""
        ...

    def row(self, line: bytes, response: httpx.Response) -> bytes:
        """A result row for the response, of whatever status, without its line end."""
        ...

    def error(self, response: httpx.Response, /) -> ProviderError:
        """The error of a response that is no success."""
        ...
