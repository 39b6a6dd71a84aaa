"""The job store, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import inspect, text

from addon.jobs.database.connections import open_engine
from addon.jobs.database.job_views import Filters, Views
from addon.jobs.database.store import Store, TokenReused, fingerprint
from addon.jobs.database.tables import Job, Shard
from translators.bedrock.jobs import TERMINAL

NOON = datetime(2026, 11, 1, 12)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    yield store
    store.close()


@pytest.fixture
def views(store: Store) -> Iterator[Views]:
    views = store.views()
    yield views
    views.close()


def job(job_id: str, *, token: str | None = None, submitted: datetime = NOON, **values: Any) -> Job:
    request = {"modelId": "m", "jobName": values.pop("name", "nightly")}
    return Job(
        id=job_id,
        arn=f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}",
        name=request["jobName"],
        provider=values.pop("provider", "openai"),
        model="gpt-5.4-mini",
        kind="openai",
        request=request,
        region="us-east-1",
        account="123456789012",
        client_request_token=token,
        fingerprint=fingerprint("openai", values.pop("parameters", request)),
        status=values.pop("status", "Submitted"),
        submitted=submitted,
        modified=submitted,
        deadline=submitted + timedelta(hours=24),
        **values,
    )


def shard(job_id: str, number: int, records: int = 2) -> Shard:
    return Shard(
        job_id=job_id,
        number=number,
        first_record=number * records,
        records=records,
        lines=records,
        object=0,
        offset=0,
        line_number=1,
    )


def test_a_token_makes_one_job_however_many_callers_use_it_at_once(store: Store) -> None:
    ids = [f"job{number:09d}" for number in range(20)]
    with ThreadPoolExecutor(20) as threads:
        arns = set(threads.map(lambda one: store.add(job(one, token="again"), {}).arn, ids))
    assert len(arns) == 1
    assert [found.arn for found in store.jobs()] == list(arns)


def test_a_token_with_other_parameters_is_refused(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa", token="again"), {})
    with pytest.raises(TokenReused, match="aaaaaaaaaaaa"):
        store.add(job("bbbbbbbbbbbb", token="again", parameters={"other": 1}), {})


def test_a_token_is_remembered_by_the_database(database_url: str) -> None:
    for job_id in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        store = Store(database_url)
        assert store.add(job(job_id, token="again"), {}).id == "aaaaaaaaaaaa"
        store.close()


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_job_that_is_over_never_changes_again(store: Store, status: Any) -> None:
    store.add(job("aaaaaaaaaaaa"), {})
    assert store.end("aaaaaaaaaaaa", status, NOON, "why")
    assert not store.end("aaaaaaaaaaaa", "Completed", NOON)
    assert not store.advance("aaaaaaaaaaaa", "InProgress", NOON)
    assert not store.change("aaaaaaaaaaaa", NOON, waiting="for nothing")
    assert store.stop("aaaaaaaaaaaa", NOON) == status
    found = store.job("aaaaaaaaaaaa")
    assert found is not None
    assert (found.status, found.message, found.waiting) == (status, "why", None)


def test_a_job_that_is_stopping_does_not_move_back(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {})
    assert store.stop("aaaaaaaaaaaa", NOON) == "Submitted"
    assert not store.advance("aaaaaaaaaaaa", "InProgress", NOON)
    assert store.stop("aaaaaaaaaaaa", NOON) == "Stopping"


def test_a_stop_answered_while_the_output_is_written_ends_stopped(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {})
    store.stop("aaaaaaaaaaaa", NOON)
    store.end("aaaaaaaaaaaa", "Completed", NOON)
    assert [found.status for found in store.jobs()] == ["Stopped"]


def test_the_callers_key_is_gone_when_the_job_is_over(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {}, encrypted_key=b"sealed")
    assert store.encrypted_key("aaaaaaaaaaaa") == b"sealed"
    store.end("aaaaaaaaaaaa", "Failed", NOON)
    assert store.encrypted_key("aaaaaaaaaaaa") is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["c", "b", "a"]),
        ({"ascending": True}, ["a", "b", "c"]),
        ({"limit": 2}, ["c", "b"]),
        ({"limit": 2, "ascending": True}, ["a", "b"]),
        ({"providers": ("other",)}, ["b"]),
        ({"providers": ("openai",), "limit": 1}, ["c"]),
        ({"providers": ()}, []),
        ({"status": "Failed"}, ["c"]),
        ({"name_contains": "ight"}, ["c", "a"]),
        ({"name_contains": "NIGHT"}, []),
        ({"name_contains": "%"}, []),
        ({"name_contains": "nig_t"}, []),
        ({"submitted_after": NOON}, ["c", "b"]),
        ({"submitted_before": NOON + timedelta(hours=1)}, ["a"]),
        ({"after": (NOON + timedelta(hours=1), "b" * 12)}, ["a"]),
        ({"after": (NOON + timedelta(hours=1), "b" * 12), "ascending": True}, ["c"]),
    ],
)
async def test_jobs_are_found_by_what_list_can_ask(
    store: Store, views: Views, asked: dict[str, Any], expected: list[str]
) -> None:
    store.add(job("a" * 12), {})
    store.add(job("b" * 12, submitted=NOON + timedelta(hours=1), provider="other", name="Day"), {})
    store.add(job("c" * 12, submitted=NOON + timedelta(hours=2), status="Failed"), {})
    filters = {**asked}
    providers = filters.pop("providers", ("openai", "other"))
    found = await views.jobs(providers, Filters(**filters))
    assert [view.id[0] for view in found] == expected


async def test_jobs_of_the_same_moment_are_paged_without_loss(store: Store, views: Views) -> None:
    for letter in "abcd":
        store.add(job(letter * 12), {})
    first = await views.jobs(("openai",), Filters(limit=3))
    rest = await views.jobs(("openai",), Filters(after=(first[-1].submitted, first[-1].id)))
    assert sorted(found.id[0] for found in [*first, *rest]) == ["a", "b", "c", "d"]


async def test_a_view_shows_the_job_as_it_is_now(store: Store, views: Views) -> None:
    assert await views.job("a" * 12) is None
    store.add(job("a" * 12, token="again"), {})
    first = await views.job("a" * 12)
    store.end("a" * 12, "Failed", NOON + timedelta(hours=1), "why")
    then = await views.job("a" * 12)
    assert first is not None
    assert then is not None
    assert (first.status, first.message, first.ended) == ("Submitted", None, None)
    assert (then.status, then.message, then.ended) == ("Failed", "why", NOON + timedelta(hours=1))
    assert then.request == {"modelId": "m", "jobName": "nightly"}
    assert (then.client_request_token, then.total) == ("again", 0)


def test_the_newest_jobs_of_a_name_are_listed_without_what_is_large(store: Store) -> None:
    store.add(job("a" * 12, inputs=[{"key": "k"}], report={"dropped": 1}), {})
    store.add(job("b" * 12, submitted=NOON + timedelta(hours=1)), {})
    store.add(job("c" * 12, name="other"), {})
    found = store.jobs(name="nightly")
    assert [row.id[0] for row in found] == ["b", "a"]
    assert {"inputs", "report"} <= inspect(found[1]).unloaded
    assert [row.id[0] for row in store.jobs(limit=1, provider="openai", status="Submitted")] == ["b"]


def test_only_batches_that_may_be_found_are_claimed(store: Store) -> None:
    for letter, ended in (("a", None), ("b", NOON), ("c", NOON + timedelta(hours=2))):
        store.add(job(letter * 12), {})
        store.batch(letter * 12, 0, 0)
        store.change_batch(letter * 12, 0, 0, batch_id=f"batch-{letter}")
        if ended is not None:
            store.end(letter * 12, "Completed", ended)
    since = NOON + timedelta(hours=1)
    assert store.claimed("openai", since) == {"batch-a", "batch-c"}
    assert store.claimed("other", since) == frozenset()


def test_a_block_of_answers_is_stored_once(store: Store) -> None:
    store.add(job("a" * 12), {})
    rows = [b'{"one": 1}\n', b'{"two": 2}\n']
    for _ in range(2):
        store.keep_answers("a" * 12, 0, 0, [("later", rows)])
    store.keep_answers("a" * 12, 0, 0, [("earlier", rows[:1])])
    assert list(store.answer_blocks("a" * 12, 0, 0)) == ["earlier", "later"]
    assert list(store.answer_blocks("a" * 12, 0, 1)) == []
    assert store.answer_rows("a" * 12, 0, 0, "later") == b"".join(rows)


def test_a_job_moves_to_its_next_provider_without_what_was_made_for_the_first(store: Store) -> None:
    next_one = {"provider": "other", "model": "m2", "kind": "openai", "endpoint": None, "mode": "batch"}
    store.add(job("a" * 12, fallbacks=[next_one]), {}, encrypted_key=b"sealed")
    store.plan("a" * 12, NOON, shards=[shard("a" * 12, 0)], inputs=[], report={})
    store.batch("a" * 12, 0, 0)
    store.keep_answers("a" * 12, 0, 0, [("1", [b"row\n"])])
    for _ in range(2):  # repeated after a lost answer of the database
        store.fall_back("a" * 12, 0, NOON, "no")
    found = store.job("a" * 12)
    assert found is not None
    assert (found.provider, found.model, found.attempt, found.refusals) == ("other", "m2", 1, ["openai: no"])
    assert (list(store.shards("a" * 12)), list(store.batches("a" * 12))) == ([], [])
    assert list(store.answer_blocks("a" * 12, 0, 0)) == []
    assert store.encrypted_key("a" * 12) is None


def test_an_intent_survives_power_loss(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/jobs.db")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    engine.dispose()


def test_a_plan_is_made_once(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {})
    for shards in (2, 3):
        store.plan(
            "aaaaaaaaaaaa",
            NOON,
            shards=[shard("aaaaaaaaaaaa", number) for number in range(shards)],
            inputs=[],
            report={},
        )
    assert [row.number for row in store.shards("aaaaaaaaaaaa")] == [0, 1]


def test_counts_begin_with_the_first_batch_and_become_exact_when_joined(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {})
    store.plan(
        "aaaaaaaaaaaa",
        NOON,
        shards=[shard("aaaaaaaaaaaa", 0, 10), shard("aaaaaaaaaaaa", 1, 10)],
        inputs=[],
        report={},
    )
    planned = store.job("aaaaaaaaaaaa")
    assert planned is not None
    assert planned.total == 0
    store.begin("aaaaaaaaaaaa", NOON)
    for number in (0, 1):
        store.batch("aaaaaaaaaaaa", number, 0)
        store.change_batch("aaaaaaaaaaaa", number, 0, succeeded=7, failed=1)
    store.change_shard("aaaaaaaaaaaa", 0, joined=True, succeeded=6, failed=4, output_tokens=60)
    store.count("aaaaaaaaaaaa", NOON)
    counted = store.job("aaaaaaaaaaaa")
    assert counted is not None
    assert (counted.status, counted.total, counted.succeeded, counted.failed, counted.output_tokens) == (
        "InProgress",
        20,
        13,
        5,
        60,
    )


def test_tags_change_and_keep_within_their_limit(store: Store) -> None:
    store.add(job("aaaaaaaaaaaa"), {"team": "a"})
    assert store.set_tags("aaaaaaaaaaaa", {"team": "b", "run": "1"}, limit=2)
    assert not store.set_tags("aaaaaaaaaaaa", {"third": ""}, limit=2)
    store.remove_tags("aaaaaaaaaaaa", ["team", "unknown"])
    assert store.tags("aaaaaaaaaaaa") == {"run": "1"}


@pytest.mark.parametrize("write", ["plan", "batch", "tags"])
def test_several_processes_may_write_the_same_at_the_same_time(database_url: str, write: str) -> None:
    stores = [Store(database_url) for _ in range(6)]
    stores[0].add(job("a" * 12), {})
    begin = Barrier(len(stores))

    def written(store: Store) -> object:
        begin.wait()
        match write:
            case "plan":
                shards = [shard("a" * 12, number) for number in range(20)]
                store.plan("a" * 12, NOON, shards=shards, inputs=[], report={})
                return len(store.shards("a" * 12))
            case "batch":
                return store.batch("a" * 12, 0, 0).round
            case _:
                return store.set_tags("a" * 12, {"team": "one", "cost": "two"}, 2)

    with ThreadPoolExecutor(len(stores)) as threads:
        results = list(threads.map(written, stores))
    assert results == [{"plan": 20, "batch": 0, "tags": True}[write]] * len(stores)
    for store in stores:
        store.close()
