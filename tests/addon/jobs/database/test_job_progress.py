from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from addon.jobs.database.event_store import EventStore
from addon.jobs.database.job_progress import changes_of, newest, progress_of
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job, utc_now
from addon.jobs.timeline import Kind


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield opened
    opened.close()


def a_stored_job(store: Store, job_id: str = "abcdefghijkl") -> Job:
    now = utc_now()
    job = Job(
        id=job_id,
        arn=f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}",
        name="a-job",
        provider="openai",
        model="gpt-5.4-mini",
        kind="openai",
        request={"modelId": "gpt-5.4-mini"},
        region="us-east-1",
        account="123456789012",
        fingerprint=job_id,
        status="Submitted",
        submitted=now,
        modified=now,
        deadline=now + timedelta(hours=24),
    )
    return store.add(job, {})


def an_event_in(store: Store, job_id: str, kind: Kind, text: str) -> None:
    EventStore(store).note(job_id, kind, text, utc_now())


def test_a_change_is_a_new_column_or_a_new_event(store: Store) -> None:
    for job_id in ("a" * 12, "b" * 12):
        a_stored_job(store, job_id)
    ids = ["a" * 12, "b" * 12, "nosuchjob000"]
    before = changes_of(store, ids)
    assert before.keys() == {"a" * 12, "b" * 12}
    an_event_in(store, "a" * 12, "status", "Validating")
    after = changes_of(store, ids)
    assert after["a" * 12][1] == before["a" * 12][1] + 1
    assert after["b" * 12] == before["b" * 12]
    store.change("b" * 12, utc_now() + timedelta(seconds=1), total=5)
    assert changes_of(store, ids)["b" * 12] != before["b" * 12]


def test_progress_has_the_newest_batches(store: Store) -> None:
    job = a_stored_job(store)
    for shard in range(25):
        store.batch(job.id, shard, 0)
        store.change_batch(job.id, shard, 0, batch_id=f"batch_{shard}")
    (progress,) = progress_of(store, [job.id, "nosuchjob000"])
    assert progress.batches[:2] == ("batch_24", "batch_23")
    assert len(progress.batches) == 20
    assert [found.id for found in newest(store, 5)] == [job.id]
