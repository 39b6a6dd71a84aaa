"""Asking a provider for one record at a time, without its batch API: what a provider module tells about it.

Lines are the ones that a batch would be made of, rows the ones that it would answer with, so that
everything before and after is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from translators.errors import ProviderError
from translators.providers.conversation import Endpoint

if TYPE_CHECKING:
    import httpx  # slow to load, and translating needs none of it


@dataclass(frozen=True, kw_only=True)
class Direct:
    """A provider's plain API."""

    request: Callable[[Endpoint, bytes, str, str], httpx.Request]
    """where, the line, the provider's model, the line's group → the call that answers it."""
    custom_id: Callable[[bytes], str]
    """The line → the custom id in it."""
    row: Callable[[bytes, httpx.Response], bytes]
    """The line and the answer, of whatever status → a result row, without its line end."""
    error: Callable[[httpx.Response], ProviderError]
    """An answer that is no success → what it says."""
