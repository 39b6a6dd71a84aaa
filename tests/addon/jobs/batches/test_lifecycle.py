"""Which looks at a batch are news."""

from typing import Any

import pytest

from addon.jobs.batches.lifecycle import has_news
from addon.jobs.database.tables import BatchRow
from translators.providers.conversation import Batch

BEFORE = {"raw_status": "in_progress", "succeeded": 98, "failed": 1}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"succeeded": 99, "failed": 0}, False),  # of a running batch: as many are done
        ({"succeeded": 99}, True),  # the hundredth of 2,000: a twentieth
        ({"raw_status": "finalizing"}, True),
        ({"state": "ended"}, False),
        ({"state": "ended", "failed": 0}, True),
    ],
)
def test_a_look_is_news_with_another_status_or_another_twentieth(
    values: dict[str, Any], expected: bool
) -> None:
    batch = Batch(**{"id": "batch-1", "state": "running", **BEFORE, **values})
    assert has_news(BatchRow(**BEFORE), batch, 2_000) == expected


def test_of_a_small_batch_every_record_is_news() -> None:
    batch = Batch(id="batch-1", state="running", raw_status="in_progress", succeeded=1)
    row = BatchRow(raw_status="in_progress", succeeded=0, failed=0)
    assert has_news(row, batch, 10)
    assert has_news(row, batch, 0)


def test_a_batch_of_many_looks_writes_few_entries() -> None:
    written, row = 0, BatchRow(raw_status="in_progress", succeeded=0, failed=0)
    for done in range(1, 50_001, 17):
        batch = Batch(id="batch-1", state="running", raw_status="in_progress", succeeded=done)
        written += has_news(row, batch, 50_000)
        row.succeeded = done
    assert written == 19
