"""Why a record, a batch or a call was refused: the only exceptions translators raise.

Refused         this record cannot be expressed; it becomes an error row, the job goes on
ProviderError   the provider answered a batch call with an error
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordError:
    """What stands in an output line instead of `modelOutput`: an HTTP number and a text.

    AWS's sample shows `errorCode` as a number (facts: batch-inference-results, output records).
    """

    code: int
    message: str


class Refused(Exception):
    """A record that the dialect does not know or the provider cannot take.

    `field` is the path inside `modelInput` (`messages[0].content[1].video`), `message` says what is
    wrong and what is accepted.
    """

    def __init__(self, field: str, message: str, code: int = 400) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.code = code

    @property
    def error(self) -> RecordError:
        return RecordError(self.code, str(self))


_NO_MONEY_LEFT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
"""Error codes of providers that go with a 429 and do not pass with time."""


def is_transient(status: int) -> bool:
    """Whether the same request may succeed later: time-outs, rate limits, and faults of the server."""
    return status in {408, 425, 429} or status >= 500


class ProviderError(Exception):
    """An answer of a provider's batch API that is not a success.

    `status` is the HTTP status, `message` the provider's own words, `code` its error code when it
    gave one, `retry_after` the seconds it asked to wait.
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
        """Whether the same call may succeed later: a transient status, or a conflict with what runs now.

        A 429 for an account that has no money left is not passing.
        """
        return self.code not in _NO_MONEY_LEFT and (self.status == 409 or is_transient(self.status))
