"""Several processes on one PostgreSQL database: every job is run by one of them, whatever happens to it."""

import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.jobs.database.event_store import EventStore
from addon.jobs.database.store import Store
from tests import postgres
from tests.end_to_end.conftest import prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, held, job_id, jsonl, when
from tests.end_to_end.worker_process import WorkerProcess
from tests.waiting import wait_until

RECORDS = [claude(number) for number in range(1, 4)]
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
FAST = {"poll_interval": 0.5, "heartbeat": 0.5, "create_limit": 4, "search_seconds": 1}


class Fleet:
    """Starts members on one database, with one configuration."""

    def __init__(self, url: str, folder: Path, s3_url: str, provider: BatchServer, stack: ExitStack) -> None:
        self.url = url
        self._folder = folder
        self._s3_url = s3_url
        self._provider = provider
        self._stack = stack
        self._members = 0

    def proxy(self, *, workers: int = 2, **jobs: float) -> ProxyProcess:
        member = prepared(
            self._next(),
            self._s3_url,
            self._provider,
            settings={"batch_database": self.url, "batch_workers": str(workers)},
            config={"jobs": {**FAST, **jobs}},
            environment={"BEDROCK_BATCH_SECRET_KEY": SECRET},
        )
        return self._stack.enter_context(member)

    def worker(self, like: ProxyProcess) -> WorkerProcess:
        """A worker with the configuration of a proxy, which has joined the fleet."""
        member = WorkerProcess(self._next(), like.folder / "bedrock-batch.toml", self.url, like.environment)
        self._stack.enter_context(member)
        wait_until(lambda: member.runs, "the worker's start")
        return member

    def _next(self) -> Path:
        self._members += 1
        return self._folder / f"member-{self._members}"


@pytest.fixture
def fleet(postgres_url: str, tmp_path: Path, s3_url: str, provider: BatchServer) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(postgres_url, tmp_path, s3_url, provider, stack)


def create(client: Client, bucket: Bucket, name: str = "in.jsonl", records: Any = RECORDS) -> str:
    arn: str = client.create_model_invocation_job(**bucket.request(bucket.put(name, jsonl(records))))[
        "jobArn"
    ]
    return arn


def check(bucket: Bucket, provider: BatchServer, arns: list[str], names: list[str]) -> None:
    """Every record of the jobs once in the output, and one batch for each job."""
    for arn, name in zip(arns, names, strict=True):
        assert [row["recordId"] for row in bucket.rows(arn, name)] == [
            record["recordId"] for record in RECORDS
        ]
    markers = Counter(batch.json()["metadata"]["bedrock_batch"] for batch in provider.batches.values())
    assert markers == {f"{job_id(arn)}-0-0": 1 for arn in arns}


def completed(client: Client, arns: list[str]) -> None:
    for arn in arns:
        job = ended(client, arn)
        assert (job["status"], counts(job)) == ("Completed", (3, 3, 3, 0))


def test_a_second_member_repeats_no_step_and_answers_for_the_jobs_of_the_first(
    fleet: Fleet, provider: BatchServer, bucket: Bucket
) -> None:
    provider.outcome = lambda number: Outcome(stalls_after=1)
    first = fleet.proxy()
    with bedrock(first, provider="openai") as client:
        arn = create(client, bucket)
        when(client, arn, "InProgress", processed=1)
    second = fleet.proxy()
    with bedrock(second, provider="openai", on="*") as client:
        time.sleep(3 * FAST["heartbeat"])
        listed = client.list_model_invocation_jobs(nameContains="a-job")["invocationJobSummaries"]
        assert [job["jobArn"] for job in listed] == [arn]
        client.stop_model_invocation_job(jobIdentifier=arn)
        assert ended(client, arn)["status"] == "Stopped"
    posts = Counter(seen.path for seen in provider.seen if seen.method == "POST")
    assert {count for path, count in posts.items() if "cancel" not in path} == {1}


def test_the_jobs_of_a_killed_member_are_finished_by_another(
    fleet: Fleet, provider: BatchServer, bucket: Bucket
) -> None:
    goes_on = threading.Event()
    provider.at = held("retrieve", goes_on)
    first = fleet.proxy()
    names = [f"{number}.jsonl" for number in range(4)]
    with bedrock(first, provider="openai") as client:
        arns = [create(client, bucket, name) for name in names]
        for arn in arns:
            when(client, arn, "InProgress")
    second = fleet.proxy()
    first.kill()
    goes_on.set()
    with bedrock(second) as client:
        completed(client, arns)
    check(bucket, provider, arns, names)
    store = Store(fleet.url)
    for arn in arns:
        assert "takeover" in {event.kind for event in EventStore(store).timeline(job_id(arn))}
    store.close()


def test_a_member_that_ends_hands_its_jobs_over_at_once(
    fleet: Fleet, provider: BatchServer, bucket: Bucket
) -> None:
    provider.timing = Timing(looks=3)
    accepts = fleet.proxy(workers=0, heartbeat=60)  # nothing is noticed by silence here
    first = fleet.worker(accepts)
    with bedrock(accepts, provider="openai") as client:
        goes_on = threading.Event()
        provider.at = held("retrieve", goes_on)
        arn = create(client, bucket)
        when(client, arn, "InProgress")
        second = fleet.worker(accepts)
        first.send(signal.SIGTERM)
        goes_on.set()
        assert first.wait() == 0
        completed(client, [arn])
    assert "handing over" in first.log.read_text()
    assert second.runs
    check(bucket, provider, [arn], ["in.jsonl"])


def test_a_member_that_was_paused_before_its_create_makes_no_second_batch(
    fleet: Fleet, provider: BatchServer, bucket: Bucket
) -> None:
    accepts = fleet.proxy(workers=0)
    first = fleet.worker(accepts)
    slow_down_renewals(fleet.url)
    with bedrock(accepts, provider="openai") as client:
        arn = create(client, bucket)
        wait_until(lambda: is_renewing(fleet.url), "the moment before the create")
        first.send(signal.SIGSTOP)
        fleet.worker(accepts)
        completed(client, [arn])
        first.send(signal.SIGCONT)
        time.sleep(3)
    check(bucket, provider, [arn], ["in.jsonl"])


def slow_down_renewals(url: str) -> None:
    """Have the database take a second to extend a claim, which comes right before the call."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.owner = OLD.owner AND NEW.lease <> OLD.lease THEN PERFORM pg_sleep(1); END IF;
            RETURN NEW; END $$"""
        )
        connection.execute(
            "CREATE TRIGGER slow BEFORE UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION slow()"
        )


def is_renewing(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        return connection.execute(query).fetchone() is not None


def test_a_database_that_restarts_is_waited_for(
    tmp_path: Path, s3_url: str, provider: BatchServer, bucket: Bucket
) -> None:
    server = postgres.Server(Path(tempfile.mkdtemp()) / "postgres")
    provider.timing = Timing(looks=4)
    with ExitStack() as stack, server.database() as url:
        proxy = Fleet(url, tmp_path, s3_url, provider, stack).proxy()
        with bedrock(proxy, provider="openai", retries={"total_max_attempts": 10}) as client:
            arns = [create(client, bucket, f"{number}.jsonl") for number in range(2)]
            when(client, arns[0], "InProgress")
            server.stop()
            with (
                bedrock(proxy, on="*") as impatient,
                pytest.raises(impatient.exceptions.ServiceUnavailableException) as refused,
            ):
                impatient.get_model_invocation_job(jobIdentifier=arns[0])
            assert "sql" not in str(refused.value).lower()
            time.sleep(5)
            server.start()
            completed(client, arns)
        check(bucket, provider, arns, ["0.jsonl", "1.jsonl"])


def test_members_with_different_secrets_do_not_start(fleet: Fleet) -> None:
    first = fleet.proxy()
    other = WorkerProcess(
        first.folder.parent / "other",
        first.folder / "bedrock-batch.toml",
        fleet.url,
        {**first.environment, "BEDROCK_BATCH_SECRET_KEY": SECRET.replace("c2Vj", "C2Vj")},
    )
    other.start()
    assert other.wait() == 1
    (line,) = other.log.read_text().splitlines()
    assert "set BEDROCK_BATCH_SECRET_KEY to the same value" in line


def test_members_that_are_killed_at_random_lose_and_double_nothing(
    fleet: Fleet, provider: BatchServer, bucket: Bucket, kills: Callable[[int], int]
) -> None:
    provider.timing = Timing(looks=2)
    accepts = fleet.proxy(workers=0)
    workers = [fleet.worker(accepts) for _ in range(3)]
    names = [f"{number}.jsonl" for number in range(12)]
    with bedrock(accepts, provider="openai") as client:
        arns = [create(client, bucket, name) for name in names]
        for _ in range(kills(8)):
            victim = random.choice(workers)
            time.sleep(random.uniform(0, 1.5))
            victim.kill()
            victim.start()
        completed(client, arns)
    check(bucket, provider, arns, names)
