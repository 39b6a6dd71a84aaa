"""Where the search for a batch of ours in a provider's list ends."""

from datetime import UTC, datetime

import pytest

from translators.providers.batch_calls import is_older


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(
    ("first", "last", "ends"),
    [
        (at(120), at(99), True),
        (at(99), at(99), True),
        (at(120), at(100), False),
        (at(98), at(99), False),
        (None, at(99), False),
        (at(120), None, False),
    ],
)
def test_search_ends_at_a_page_that_is_sorted_and_reaches_what_is_too_old(
    first: datetime | None, last: datetime | None, ends: bool
) -> None:
    assert is_older(first, last, since=100) is ends
