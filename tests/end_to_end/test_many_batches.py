"""One job over several provider batches, and the ways in which such a job ends."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.faults import Cut, Half, Point, Refuse
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.jobs.database.store import Store
from addon.jobs.database.tables import utc_now
from tests.end_to_end.harness import Bucket, Client, claude, counts, ended, job_id, jsonl, when

THOUSAND = [claude(number) for number in range(1, 1001)]
TEN = THOUSAND[:10]


def create(client: Client, bucket: Bucket, records: list[dict[str, object]]) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(records)))
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def questions(bucket: Bucket, arn: str) -> list[int]:
    """The numbers of the records in the output, after a look that each has its own answer."""
    found = []
    for row in bucket.rows(arn):
        number = int(row["recordId"].removeprefix("REC"))
        assert f"Question {number}?" in row["modelOutput"]["content"][0]["text"]
        found.append(number)
    return found


def test_a_thousand_records_in_ten_batches_are_one_job(
    provider: BatchServer, routed_to: Callable[[str], Client], bucket: Bucket
) -> None:
    provider.timing = Timing(looks=2)
    client = routed_to("small")
    arn = create(client, bucket, THOUSAND)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (1000, 1000, 1000, 0))
    assert sorted(batch.total for batch in provider.batches.values()) == [100] * 10
    assert questions(bucket, arn) == [*range(1, 1001)]


def test_counts_are_live_and_a_stop_keeps_what_was_done(
    provider: BatchServer, routed_to: Callable[[str], Client], bucket: Bucket
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=30)
    client = routed_to("small")
    arn = create(client, bucket, THOUSAND[:300])
    running = when(client, arn, "InProgress", processed=90)
    assert counts(running) == (300, 90, 90, 0)
    client.stop_model_invocation_job(jobIdentifier=arn)
    job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Stopped", (300, 90, 90, 0))
    found = questions(bucket, arn)
    assert found == sorted(found)
    assert [sum((number - 1) // 100 == shard for number in found) for shard in range(3)] == [30, 30, 30]
    manifest = bucket.manifest(arn)
    assert (manifest["totalRecordCount"], manifest["processedRecordCount"]) == (300, 90)
    assert {batch.status for batch in provider.batches.values()} == {"cancelled"}


def test_a_job_that_runs_out_of_time_is_partially_completed(
    proxy: ProxyProcess, routed: Client, provider: BatchServer, bucket: Bucket
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=4)
    arn = create(routed, bucket, TEN)
    running = when(routed, arn, "InProgress", processed=4)
    assert running["jobExpirationTime"] - running["submitTime"] == timedelta(hours=24)
    with closing(Store(proxy.database)) as store:
        store.change(job_id(arn), utc_now(), deadline=utc_now())
    job = ended(routed, arn)
    assert (job["status"], counts(job)) == ("PartiallyCompleted", (10, 4, 4, 0))
    assert len(questions(bucket, arn)) == 4
    (batch,) = provider.batches.values()
    assert batch.status == "cancelled"


def test_what_the_provider_had_no_time_for_is_sent_again(
    provider: BatchServer, routed: Client, bucket: Bucket
) -> None:
    fates = iter([Outcome(expires_after=4)])
    provider.outcome = lambda number: next(fates, Outcome())
    arn = create(routed, bucket, TEN)
    job = ended(routed, arn)
    assert (job["status"], counts(job)) == ("Completed", (10, 10, 10, 0))
    assert questions(bucket, arn) == [*range(1, 11)]
    assert sorted(batch.total for batch in provider.batches.values()) == [6, 10]


def test_a_job_whose_every_record_failed_is_completed(
    provider: BatchServer, routed: Client, bucket: Bucket
) -> None:
    provider.answer = lambda body: (400, {"error": {"message": "No.", "type": "invalid_request_error"}})
    arn = create(routed, bucket, TEN)
    job = ended(routed, arn)
    assert (job["status"], counts(job)) == ("Completed", (10, 10, 0, 10))
    assert [row["error"] for row in bucket.rows(arn)] == [{"errorCode": 400, "errorMessage": "No."}] * 10


def test_a_key_that_the_provider_refuses_fails_the_job_in_its_words(
    provider: BatchServer, routed_to: Callable[[str], Client], bucket: Bucket
) -> None:
    client = routed_to("wrong")
    job = ended(client, create(client, bucket, TEN))
    assert job["status"] == "Failed"
    assert "Incorrect API key provided" in job["message"]
    assert provider.batches == {}


@pytest.mark.parametrize("point", ["upload:before", "upload:after", "create:before", "create:after"])
def test_a_lost_answer_makes_no_second_batch(
    provider: BatchServer, routed: Client, bucket: Bucket, point: Point
) -> None:
    def cut(at: Point, count: int) -> None:
        if at == point and count == before + 1:
            raise Cut

    before = provider.reached(point)
    provider.at = cut
    arn = create(routed, bucket, TEN)
    assert ended(routed, arn)["status"] == "Completed"
    assert len(provider.batches) == 1
    assert questions(bucket, arn) == [*range(1, 11)]


@pytest.mark.parametrize(
    ("point", "fault"),
    [
        ("upload:before", Refuse(429, "Slow down.", {"Retry-After": "1"}, code="rate_limit_exceeded")),
        ("create:before", Refuse(503, "Overloaded.")),
        ("retrieve", Refuse(500)),
        ("retrieve", Cut()),
        ("content:output", Cut()),
        ("content:output", Half()),
        ("content:output", Refuse(502)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{type(value).__name__}{value.args}",
)
def test_trouble_that_passes_delays_a_job_and_changes_nothing(
    provider: BatchServer, routed: Client, bucket: Bucket, point: Point, fault: Exception
) -> None:
    def trouble(at: Point, count: int) -> None:
        if at == point and count <= before + 2:
            raise fault

    before = provider.reached(point)
    provider.at = trouble
    arn = create(routed, bucket, TEN)
    assert ended(routed, arn)["status"] == "Completed"
    assert len(provider.batches) == 1
    assert questions(bucket, arn) == [*range(1, 11)]
