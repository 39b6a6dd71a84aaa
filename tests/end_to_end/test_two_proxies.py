"""Two proxies on one job database: one runs the jobs, the other stands ready."""

import threading
from pathlib import Path

from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.conftest import POLL_INTERVAL, StartProxy
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, ended, held, jsonl, when

RECORDS = [claude(number) for number in range(1, 6)]


def test_a_job_that_one_accepts_is_run_once_by_the_other(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, tmp_path: Path
) -> None:
    shared = {"jobs": {"folder": str(tmp_path / "shared"), "poll_interval": POLL_INTERVAL}}
    start_proxy(config=shared)
    second = start_proxy(config=shared)
    with bedrock(second, provider="openai") as client:
        request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
        job = ended(client, client.create_model_invocation_job(**request)["jobArn"])
    assert (job["status"], counts(job)) == ("Completed", (5, 5, 5, 0))
    assert len(provider.batches) == 1
    assert "another process runs the jobs" in second.log_text()


def test_the_other_goes_on_with_a_job_when_the_first_is_killed(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, tmp_path: Path
) -> None:
    shared = {"jobs": {"folder": str(tmp_path / "shared"), "poll_interval": POLL_INTERVAL}}
    seen_in_progress = threading.Event()
    provider.at = held("retrieve", seen_in_progress)
    first = start_proxy(config=shared)
    second = start_proxy(config=shared)
    with bedrock(first, provider="openai") as client:
        request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
        arn = client.create_model_invocation_job(**request)["jobArn"]
        when(client, arn, "InProgress")
    first.kill()
    seen_in_progress.set()
    with bedrock(second) as client:
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (5, 5, 5, 0))
    assert len(provider.batches) == 1
    assert [row["recordId"] for row in bucket.rows(arn)] == [record["recordId"] for record in RECORDS]
