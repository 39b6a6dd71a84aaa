import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from translators.providers.batch_details import BatchDetails, batch_details
from translators.providers.registry import PROVIDERS

RECORDINGS = Path(__file__).parents[3] / "recordings"


def answers(provider: str) -> list[bytes]:
    """What the provider answered to `retrieve` in recordings of jobs that came to an end."""
    exchanges = json.loads((RECORDINGS / provider / "whole-job" / "exchange.json").read_bytes())
    told = json.loads((RECORDINGS / provider / "whole-job" / "meta.json").read_bytes())
    assert "retrieve" in {conversation["name"] for conversation in told["conversations"]}
    bodies = [
        exchange["response"]["body"] for exchange in exchanges if exchange["request"]["method"] == "GET"
    ]
    return [json.dumps(body).encode() for body in bodies if isinstance(body, dict)]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_provider_says_when_a_batch_was_made(provider: str) -> None:
    assert any(batch_details(body).created is not None for body in answers(provider))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"created_at": 1767323045, "completed_at": None, "failed_at": 1767323046.5, "model": "m"},
            BatchDetails(
                created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                ended=datetime(2026, 1, 2, 3, 4, 6, 500000, tzinfo=UTC),
                model="m",
            ),
        ),
        (
            {
                "name": "batches/b",
                "metadata": {"createTime": "2026-01-02T04:04:05+01:00", "model": "models/m"},
            },
            BatchDetails(created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), model="models/m"),
        ),
        (
            {"job": {"created_at": "2026-01-02T03:04:05.000000000Z", "input_file_id": "file-1"}},
            BatchDetails(created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), input_id="file-1"),
        ),
        (
            {"created_at": "2026-01-02T03:04:05", "metadata": ["no object"]},
            BatchDetails(created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ),
        ({"created_at": "soon", "model": "", "completed_at": 1e30, "expires_at": True}, BatchDetails()),
        (["no object"], BatchDetails()),
    ],
)
def test_what_is_said_in_a_known_way_is_read(body: object, said: BatchDetails) -> None:
    assert batch_details(json.dumps(body).encode()) == said


def test_what_is_no_json_says_nothing() -> None:
    assert batch_details(b"<html>") == BatchDetails()
