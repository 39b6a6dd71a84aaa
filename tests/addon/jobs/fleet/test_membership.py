"""Which members take over from which, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from addon.jobs.database.store import Store
from addon.jobs.database.tables import Executor, utc_now
from addon.jobs.fleet.executors import Executors, Member


@pytest.fixture
def store(database_url: str) -> Any:
    store = Store(database_url)
    yield store
    store.close()


def silent(store: Store, executor: str, seconds: float) -> None:
    with store.exclusive() as session:
        seen = utc_now() - timedelta(seconds=seconds)
        session.execute(update(Executor).where(Executor.id == executor).values(seen=seen))


def test_a_member_is_dead_after_four_beats_without_a_sign_of_life(store: Store) -> None:
    executors = Executors(store, heartbeat=10)
    first, second = Member.here("runs", "key"), Member.here("accepts", "key")
    assert first.id != second.id
    executors.beat(first)
    executors.beat(second)
    silent(store, first.id, 45)
    silent(store, second.id, 30)
    assert executors.dead() == [first.id]
    assert [member.id for member in executors.living()] == [second.id]
    executors.beat(first)
    assert executors.dead() == []


def test_a_member_that_was_removed_by_mistake_is_known_again_after_its_next_beat(store: Store) -> None:
    executors = Executors(store, heartbeat=10)
    member = Member.here("runs", "key")
    executors.beat(member)
    executors.remove([member.id])
    assert executors.members() == []
    executors.beat(member, draining=True)
    assert [(found.id, found.draining) for found in executors.members()] == [(member.id, True)]


def test_a_task_of_one_member_at_a_time_excludes_the_others(postgres_url: str) -> None:
    first, second = Store(postgres_url), Store(postgres_url)
    with Executors(first, 10).alone("reaper") as alone, Executors(second, 10).alone("reaper") as not_alone:
        assert (alone, not_alone) == (True, False)
    with Executors(second, 10).alone("reaper") as alone:
        assert alone
    first.close()
    second.close()
