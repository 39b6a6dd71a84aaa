"""The exceptions that translators raise.

Refused         a record cannot be translated; it becomes an error row and the job goes on
ProviderError   the provider answered a batch call with an error
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordError:
    """The error of an output line, in place of `modelOutput`: an HTTP status and a message.

    AWS's sample has a number as `errorCode` (batch-inference-results).
    """

    code: int
    message: str


class Refused(Exception):
    """A record is not valid in its dialect, or cannot be expressed at the provider.

    `field`: the path inside `modelInput` (`messages[0].content[1].video`); `message`: what is wrong and what
    is accepted; `code`: the HTTP status of the record's error.
    """

    def __init__(self, field: str, message: str, code: int = 400) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.code = code

    @property
    def error(self) -> RecordError:
        return RecordError(self.code, str(self))


class Filtered(Refused):
    """The provider's filter stopped the answer before it had a text. `word`: the provider's reason."""

    def __init__(self, word: str = "") -> None:
        why = f" ({word})" if word else ""
        super().__init__("", f"the provider's filter stopped the answer{why}: it has no text")


_QUOTA_EXHAUSTED = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
"""Error codes of a 429 that no retry resolves: the account has no budget left."""


ACCESS_DENIED = frozenset({401, 403})
"""Statuses of refused credentials."""


def is_transient(status: int) -> bool:
    """Whether the same request may succeed later: time-outs, rate limits, and faults of the server."""
    return status in {408, 425, 429} or status >= 500


class ProviderError(Exception):
    """An error response of a provider's batch API.

    `status`: HTTP status; `message`: the provider's message; `code`: its error code, if any; `retry_after`:
    seconds to wait, if it asked for that.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether a retry may succeed: for a transient status, or a conflict with what runs now.

        False for a 429 with a code that states that the account's quota is exhausted.
        """
        return self.code not in _QUOTA_EXHAUSTED and (self.status == 409 or is_transient(self.status))
