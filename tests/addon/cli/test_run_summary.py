"""The last lines of `bedrock-batch run`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from addon.cli import run_summary
from addon.cli.run_summary import calls_in, host_line, job_lines
from addon.jobs.database.store import Store
from tests.addon.cli.programs import a_job


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield store
    store.close()


def seen(folder: Path, *entries: dict[str, str]) -> Path:
    path = folder / "seen"
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    return path


def test_calls_are_read_by_kind(tmp_path: Path) -> None:
    calls = calls_in(
        seen(
            tmp_path,
            {"host": "bedrock.us-east-1.amazonaws.com:443"},
            {"bedrock": "called"},
            {"host": "bedrock-runtime.us-east-1.amazonaws.com:443"},
            {"job": a_job().arn},
        )
    )
    assert (calls.bedrock, calls.jobs) == (True, (a_job().arn,))
    assert calls.hosts == ("bedrock-runtime.us-east-1.amazonaws.com:443",)


def test_a_program_that_called_nothing_leaves_no_file(tmp_path: Path) -> None:
    calls = calls_in(tmp_path / "seen")
    assert (calls.bedrock, calls.jobs, calls.hosts) == (False, (), ())
    assert host_line(calls.hosts) is None


def test_each_job_is_a_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"total": 50, "succeeded": 48, "failed": 2, "input_tokens": 700, "output_tokens": 90}
    store.add(a_job(1, status="Completed", **counts), {})
    store.add(a_job(2, status="Failed", message="no bucket\x1b[2J\nhere"), {})
    store.add(a_job(3, status="Validating", waiting="asking S3"), {})
    arns = [a_job(number).arn for number in range(1, 5)]
    first, second, third, fourth = job_lines(store, arns)
    assert first == (
        "job nightly-1 (job000000001): Completed; 48 succeeded, 2 failed of 50 records; 700 tokens in, 90 out"
    )
    assert second == r"job nightly-2 (job000000002): Failed; no bucket\x1b[2J\x0ahere"
    assert third == "job nightly-3 (job000000003): Validating; asking S3"
    assert fourth == f"job {arns[3]} was left to Bedrock"
    monkeypatch.setattr(run_summary, "MOST_JOBS", 1)
    assert [*job_lines(store, arns)] == [first, "3 more jobs: bedrock-batch jobs"]


def test_hosts_are_told_once_and_not_all_of_many() -> None:
    hosts = [f"bucket-{number:02d}.s3.amazonaws.com:443" for number in range(12)]
    told = host_line([*hosts, *hosts, "a\x1b.amazonaws.com:8443"])
    assert told is not None
    assert told.startswith("other AWS hosts that the program called, with its AWS account: ")
    assert r"a\x1b.amazonaws.com:8443, bucket-00.s3.amazonaws.com, " in told
    assert told.endswith(" and 3 more")
