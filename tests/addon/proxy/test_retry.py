"""What is refused to be retried, and what the new job has of the old one. Whole retries are end to end."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job, Shard, utc_now
from addon.jobs.records.reader import RecordReader, record_reader
from addon.proxy.admission import Admission
from addon.proxy.operations import Operations
from addon.proxy.retry import LONGEST_NAME, NothingToRetry, retry_failed
from addon.settings.config import Config
from tests.addon.cli.programs import a_job
from tests.addon.proxy.proxying import nobody_refuses
from translators.bedrock.jobs import AwsError, create_request


@dataclass
class Started:
    """Stands in for the runner: which jobs were handed to it."""

    jobs: list[str] = field(default_factory=list[str])

    async def submit(self, job_id: str) -> None:
        self.jobs.append(job_id)

    def nudge(self, job_id: str) -> None:
        raise AssertionError


@dataclass
class Retrying:
    store: Store
    operations: Operations
    reader: RecordReader
    runner: Started

    def add(self, tags: dict[str, str] | None = None, **columns: object) -> Job:
        values: dict[str, Any] = {
            "status": "Completed",
            "ended": utc_now(),
            "total": 2,
            "failed": 0,
            **columns,
        }
        job = self.store.add(a_job(**values), tags or {})
        shard = Shard(
            job_id=job.id, number=0, first_record=0, records=2, lines=2, object=0, offset=0, line_number=1
        )
        inputs = [{"key": "records/a.jsonl", "size": 10, "etag": None, "records": 2}]
        self.store.plan(job.id, utc_now(), shards=[shard], inputs=inputs, report={})
        self.store.change_shard(job.id, 0, joined=True, succeeded=2, finished=True)
        return job

    async def retry(self, job: Job) -> Job:
        return await retry_failed(self.operations, self.reader, job.id)


@asynccontextmanager
async def retrying(folder: Path) -> AsyncIterator[Retrying]:
    config = Config.model_validate({"jobs": {"folder": folder}})
    store = Store(f"sqlite:///{folder / 'jobs.db'}")
    runner = Started()
    async with record_reader(config, store) as reader:
        resources = reader.resources
        admission = Admission(config=config, environment={**os.environ, "OPENAI_API_KEY": "sk-1"})
        operations = Operations(
            admission, resources.store, runner, resources.keys, utc_now, probe=nobody_refuses
        )
        yield Retrying(store, operations, reader, runner)
    store.close()


@pytest.mark.parametrize(
    ("columns", "tags", "why"),
    [
        ({"status": "InProgress", "ended": None}, {}, "is not over: it is InProgress"),
        ({"brought_key": True}, {}, "its caller brought the key for openai, which was deleted"),
        ({}, {"file_id": "file-1", "endpoint": "/v1/chat/completions"}, "its input is a file at openai"),
    ],
)
async def test_what_cannot_be_retried_says_why(
    tmp_path: Path, columns: dict[str, Any], tags: dict[str, str], why: str
) -> None:
    async with retrying(tmp_path) as ours:
        with pytest.raises(AwsError, match=why):
            await ours.retry(ours.add(tags, **columns))
        assert ours.runner.jobs == []


async def test_there_may_be_nothing_to_retry(tmp_path: Path) -> None:
    async with retrying(tmp_path) as ours:
        with pytest.raises(NothingToRetry, match="no record of job job000000001 failed or was left out"):
            await ours.retry(ours.add())
        with pytest.raises(AwsError, match="There is no job"):
            await retry_failed(ours.operations, ours.reader, "nosuchjob123")


async def test_a_job_that_was_retried_is_not_retried_twice(tmp_path: Path) -> None:
    async with retrying(tmp_path) as ours:
        job = ours.add(submitted=utc_now() - timedelta(days=1))
        other = a_job(2, client_request_token=f"retry-{job.id}", retry_of=job.id)
        ours.store.add(other, {})
        assert (await ours.retry(job)).id == other.id
        assert ours.store.retries(job.id) == [other.id]


@pytest.mark.parametrize("name", ["a", "a" * LONGEST_NAME, "a" * 56 + "-.b+c.d", "nightly-2026.11.30+x"])
def test_the_new_job_passes_admission_with_the_old_ones_request(name: str) -> None:
    import json

    from addon.proxy.retry import _caller, _request

    job = a_job(name=name, fallbacks=[{"provider": "anthropic"}, {"provider": "gemini"}])
    asked = {"timeoutDurationInHours": 30, "modelInvocationType": "Converse", "jobName": name}
    vpc = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    job.request = {**job.request, **asked, "vpcConfig": vpc}
    request = create_request(json.dumps(_request(job, "s3://out-bucket/x/retry.jsonl", {"a": "b"})).encode())
    assert len(request.job_name) <= LONGEST_NAME
    assert request.job_name.endswith("-retry")
    again = request.asked()
    for member in ("modelId", "roleArn", "outputDataConfig", "vpcConfig", "modelInvocationType"):
        assert again[member] == job.request[member]
    assert (request.hours, request.tags is not None) == (30, True)
    caller = _caller(job)
    assert (caller.provider, caller.fallbacks) == ("openai", ("anthropic", "gemini"))
