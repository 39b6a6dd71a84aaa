"""Downloads of inputs: how many at a time, and what happens without room for them."""

import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest

from addon.demo.fake_provider.server import BatchServer
from addon.jobs.inputs.s3_folder import S3Folder
from addon.jobs.job_run import JobRun
from addon.storage.s3 import InputObject
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, is_over, put


async def test_few_of_many_jobs_download_at_the_same_time(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = most = 0
    fetch = S3Folder.fetch

    async def watched(source: S3Folder, run: JobRun, entry: InputObject, path: Path) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.01)
        await fetch(source, run, entry, path)
        running -= 1

    monkeypatch.setattr(S3Folder, "fetch", watched)
    setup = Setup(tmp_path / "data", s3_url, provider, jobs={"downloads": 3})
    put(bucket, "in/a.jsonl", [CONVERSE])
    jobs = [f"job{number:09d}" for number in range(12)]
    async with setup.open() as runner:
        for job_id in jobs:
            setup.add(job_id=job_id)
            await runner.submit(job_id)
        while not all(is_over(setup.job(job_id)) for job_id in jobs):  # noqa: ASYNC110 - of a database
            await anyio.sleep(0.05)
    assert {setup.job(job_id).status for job_id in jobs} == {"Completed"}
    assert most == 3


async def test_a_job_waits_for_room_on_the_disk(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    everything = shutil.disk_usage(tmp_path).total
    setup = Setup(tmp_path / "data", s3_url, provider, jobs={"keep_free": everything})
    put(bucket, "in/a.jsonl", [CONVERSE])
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        job = await setup.until(lambda job: job.waiting is not None)
        assert "bytes are free" in (job.waiting or "")
        assert job.status == "Validating"
        assert not list((setup.config.spool / JOB).glob("input/*"))
    setup = Setup(tmp_path / "data", s3_url, provider)
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.waiting) == ("Completed", None)
