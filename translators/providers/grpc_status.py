"""Status words and numbers of gRPC as HTTP statuses (google.rpc.Code; Gemini: docs/troubleshooting).

Rows of a batch name gRPC codes: at Gemini, a `1` with "The operation was cancelled." has been seen in the
results of a job that succeeded.
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

CANCELLED = "CANCELLED"
"""The request was not made, or was interrupted: its record was not processed."""

_HTTP: Mapping[str, int] = MappingProxyType(
    {
        CANCELLED: 499,
        "UNKNOWN": 500,
        "INVALID_ARGUMENT": 400,
        "DEADLINE_EXCEEDED": 504,
        "NOT_FOUND": 404,
        "ALREADY_EXISTS": 409,
        "PERMISSION_DENIED": 403,
        "RESOURCE_EXHAUSTED": 429,
        "FAILED_PRECONDITION": 400,
        "ABORTED": 409,
        "OUT_OF_RANGE": 400,
        "UNIMPLEMENTED": 501,
        "INTERNAL": 500,
        "UNAVAILABLE": 503,
        "DATA_LOSS": 500,
        "UNAUTHENTICATED": 401,
    }
)
_WORDS = ("OK", *_HTTP)
"""In the order of their numbers."""


class Status(Struct, frozen=True):
    """A `google.rpc.Status`, or the error object of Google's HTTP APIs, with an HTTP status as its code."""

    code: int = 0
    message: str = ""
    status: str | None = None

    @property
    def word(self) -> str | None:
        """The status word, given or by its number; None for an unknown number."""
        if self.status is not None:
            return self.status
        return _WORDS[self.code] if 0 <= self.code < len(_WORDS) else None

    @property
    def http(self) -> int:
        """The HTTP status."""
        known = _HTTP.get(self.word or "")
        if known is not None:
            return known
        return self.code if 400 <= self.code <= 599 else 500

    @property
    def text(self) -> str:
        """The provider's description of the error."""
        return self.message or self.word or f"code {self.code}"
