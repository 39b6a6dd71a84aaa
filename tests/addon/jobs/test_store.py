"""The job store, on a real SQLite file."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from addon.jobs.store import OtherVersion, Store, TokenReused, fingerprint
from addon.jobs.tables import Job, Shard
from translators.bedrock.jobs import TERMINAL

NOON = datetime(2026, 11, 1, 12)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path}/jobs.db")


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


def test_a_token_is_remembered_by_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    first = Store(url)
    first.add(job("aaaaaaaaaaaa", token="again"), {})
    first.close()
    assert Store(url).add(job("bbbbbbbbbbbb", token="again"), {}).id == "aaaaaaaaaaaa"


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
        ({"providers": ("other",)}, ["b"]),
        ({"status": "Failed"}, ["c"]),
        ({"name_contains": "night"}, ["c", "a"]),
        ({"name_contains": "%"}, []),
        ({"submitted_after": NOON}, ["c", "b"]),
        ({"submitted_before": NOON + timedelta(hours=1)}, ["a"]),
        ({"after": (NOON + timedelta(hours=1), "b" * 12)}, ["a"]),
        ({"after": (NOON + timedelta(hours=1), "b" * 12), "ascending": True}, ["c"]),
    ],
)
def test_jobs_are_found_by_what_list_can_ask(
    store: Store, asked: dict[str, Any], expected: list[str]
) -> None:
    store.add(job("a" * 12), {})
    store.add(job("b" * 12, submitted=NOON + timedelta(hours=1), provider="other", name="day"), {})
    store.add(job("c" * 12, submitted=NOON + timedelta(hours=2), status="Failed"), {})
    assert [found.id[0] for found in store.jobs(**asked)] == expected


def test_jobs_of_the_same_moment_are_paged_without_loss(store: Store) -> None:
    for letter in "abcd":
        store.add(job(letter * 12), {})
    first = store.jobs(limit=3)
    rest = store.jobs(after=(first[-1].submitted, first[-1].id))
    assert sorted(found.id[0] for found in [*first, *rest]) == ["a", "b", "c", "d"]


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


def test_a_database_of_an_earlier_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    Store(url).close()
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as database:
        database.execute("ALTER TABLE jobs DROP COLUMN endpoint")
    with pytest.raises(OtherVersion, match=r"its table jobs has no endpoint, .* earlier version"):
        Store(url)
