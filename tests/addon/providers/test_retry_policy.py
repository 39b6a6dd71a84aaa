"""Which failures are transient, and the delays between attempts."""

import errno

import pytest

from addon.providers.google_auth import CredentialsRefused, TokenUnavailable
from addon.providers.retry_policy import (
    LostAnswer,
    Unreachable,
    backoff,
    is_outcome_unknown,
    is_transient_error,
)
from addon.storage.s3 import S3Refused, S3Unavailable
from translators.errors import ProviderError


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (Unreachable(), True),
        (TokenUnavailable(), True),
        (S3Unavailable(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (ProviderError(409, "the file is in use"), True),
        (ProviderError(425, "too early"), True),
        (ProviderError(529, "overloaded"), True),
        (ProviderError(429, "no money left", code="insufficient_quota"), False),
        (ProviderError(404, "no such batch"), False),
        (OSError(errno.EIO, "Input/output error"), False),
        (LostAnswer(), False),
        (S3Refused(), False),
        (CredentialsRefused(), False),
    ],
)
def test_outages_are_transient_and_refusals_are_not(error: Exception, transient: bool) -> None:
    assert is_transient_error(error) is transient


def test_the_outcome_is_unknown_after_a_time_out_or_a_fault_of_the_server_only() -> None:
    statuses = (200, 400, 401, 404, 408, 409, 425, 429, 500, 502, 503, 504, 529)
    assert [*filter(is_outcome_unknown, statuses)] == [408, 500, 502, 503, 504, 529]


@pytest.mark.parametrize(
    ("attempt", "first", "longest"), [(1, 0.5, 0.5), (2, 0.5, 1), (3, 1, 4), (9, 0.5, 60), (9_999, 1, 60)]
)
def test_delays_double_up_to_a_limit(attempt: int, first: float, longest: float) -> None:
    assert 0.75 * longest <= backoff(attempt, 60, first=first) <= longest
