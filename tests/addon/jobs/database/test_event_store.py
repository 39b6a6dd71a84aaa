"""The timelines of jobs, on SQLite and PostgreSQL."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from addon.jobs import timeline
from addon.jobs.database import event_store
from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.event_store import EventStore, one_line
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Event
from tests.addon.jobs.database.test_store import NOON, job, shard

JOB = "a" * 12


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    next_one = {"provider": "other", "model": "m2", "kind": "openai", "endpoint": None, "mode": "batch"}
    store.add(job(JOB, fallbacks=[next_one]), {})
    yield store
    store.close()


@pytest.fixture
def events(store: Store) -> EventStore:
    return EventStore(store)


def later(minutes: float) -> Any:
    return NOON + timedelta(minutes=minutes)


def told(events: EventStore) -> list[tuple[str, str, int]]:
    return [(event.kind, event.text, event.count) for event in events.timeline(JOB)]


def test_what_the_store_changes_is_in_the_timeline_with_it(store: Store, events: EventStore) -> None:
    store.plan(JOB, NOON, shards=[shard(JOB, 0)], inputs=[], report={})
    store.advance(JOB, "Validating", later(1))
    store.advance(JOB, "Validating", later(2))
    store.begin(JOB, later(3))
    store.begin(JOB, later(4))
    store.refuse(store.shard(JOB, 0), "no such model", 404)
    store.fall_back(JOB, 0, later(5), "no such model")
    store.stop(JOB, later(6))
    store.stop(JOB, later(7))
    store.end(JOB, "Failed", later(8), "no\nmore")
    store.end(JOB, "Completed", later(9))
    assert told(events) == [
        ("status", "Submitted: to openai, gpt-5.4-mini", 1),
        ("status", "Validating", 1),
        ("status", "InProgress", 1),
        ("refused", "404: no such model", 1),
        ("fallback", "openai: no such model; goes on with other, m2", 1),
        ("stop", "Stopping: requested while InProgress", 1),
        ("status", "Failed: no more", 1),
    ]
    first, validating, *_, last = events.timeline(JOB)
    assert (first.number, first.first, first.last) == (1, NOON, NOON)
    assert (validating.number, validating.first) == (2, later(1))
    assert last.first == later(8)


def test_repetitions_are_counted_also_where_others_came_in_between(events: EventStore) -> None:
    for minute in range(3):
        events.note(JOB, "waiting", "S3 is away", later(minute), shard=0)
        events.note(JOB, "waiting", "the provider is away", later(minute), shard=0, times=5)
    events.note(JOB, "waiting", "S3 is away", later(9), shard=1)
    events.note(JOB, "throttled", "S3 is away", later(9), shard=0)
    events.note(JOB, "waiting", "S3 is away", later(9), shard=0, batch="batch-1")
    _, s3, provider, *others = events.timeline(JOB)
    assert (s3.count, s3.first, s3.last) == (3, later(0), later(2))
    assert (provider.count, provider.shard, provider.batch) == (15, 0, None)
    assert [event.count for event in others] == [1, 1, 1]


def test_what_is_long_ago_happens_again_as_a_new_event(events: EventStore) -> None:
    events.note(JOB, "waiting", "S3 is away", NOON)
    for number in range(event_store.LOOKED_BACK):
        events.note(JOB, "look", f"{number} succeeded", NOON)
    events.note(JOB, "waiting", "S3 is away", NOON)
    assert [event.count for event in events.timeline(JOB) if event.kind == "waiting"] == [1, 1]


def test_a_timeline_is_bounded_and_keeps_room_for_what_is_looked_for(
    store: Store, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_store, "MOST_ROUTINE_EVENTS", 20)
    monkeypatch.setattr(event_store, "MOST_EVENTS", 24)
    for number in range(40):
        events.note(JOB, "look", f"{number} succeeded", later(number))
    store.end(JOB, "Completed", later(50))
    entries = events.timeline(JOB)
    assert [event.number for event in entries] == list(range(1, 22))
    assert [(event.kind, event.count, event.last) for event in entries[-2:]] == [
        ("more", 22, later(39)),
        ("status", 1, later(50)),
    ]
    for number in range(40):
        events.note(JOB, "refused", f"{number} records", later(60))
    assert len(events.timeline(JOB)) == 23
    assert sum(event.count for event in events.timeline(JOB)) == 1 + 40 + 1 + 40


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("one\r\n  two\ttabs\x0b\x1c\u2028end ", "one two tabs end"),
        ("nul \0 and half \ud83d a pair", "nul \ufffd and half ? a pair"),
        ("x" * 10_000_000, "x" * 1_999 + "…"),
        ("\x1b[2J \u202eleft", "\x1b[2J \u202eleft"),
    ],
)
def test_a_text_is_one_line_that_every_database_takes(events: EventStore, given: str, kept: str) -> None:
    events.note(JOB, "look", given, NOON, batch=given)
    event = events.timeline(JOB)[-1]
    assert (event.text, event.batch) == (kept, kept)
    assert one_line(kept) == kept


def test_many_writers_lose_nothing(store: Store, events: EventStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: events.note(JOB, "look", f"{number % 10}", NOON), range(40)))
    found = events.timeline(JOB)
    assert [event.number for event in found] == list(range(1, 12))
    assert sorted(event.count for event in found) == [1, *[4] * 10]


async def test_events_are_read_by_number_while_repetitions_are_counted(
    store: Store, events: EventStore
) -> None:
    asynchronous = AsyncStore(store)
    for minute in (1, 2):
        await asynchronous.note(JOB, "look", "1 succeeded", later(minute), shard=0, batch="b")
    (look,) = await asynchronous.timeline(JOB, after=1)
    assert (look.number, look.count, look.first, look.last) == (2, 2, later(1), later(2))
    assert [event.number for event in await asynchronous.timeline(JOB, limit=1)] == [1]
    asynchronous.views.close()


async def test_a_job_that_is_gone_gets_no_event(store: Store, events: EventStore) -> None:
    events.note("b" * 12, "look", "text", NOON)
    assert events.timeline("b" * 12) == []


def test_a_status_changes_although_its_event_cannot_be_stored(
    store: Store, events: EventStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def add_twice(session: Session, *_: Any, **__: Any) -> None:
        session.add(Event(job_id=JOB, number=1, first=NOON, last=NOON, count=1, kind="status", text="twice"))
        session.flush()

    monkeypatch.setattr(event_store, "_add", add_twice)
    assert store.advance(JOB, "Validating", later(1))
    found = store.job(JOB)
    assert found is not None
    assert found.status == "Validating"
    assert f"job {JOB}: an entry of its timeline is lost: status" in caplog.text
    assert len(events.timeline(JOB)) == 1


async def test_a_failure_to_write_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def note(self, *_: Any, **__: Any) -> None:
            raise OperationalError("INSERT", None, Exception("disk full"))

    await timeline.write(Broken(), JOB, "look", "text", NOON)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == f"job {JOB}: an entry of its timeline is lost: look"
