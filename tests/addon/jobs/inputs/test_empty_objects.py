"""Folders in which objects without a record lie between, before and behind those that have some."""

import json
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.server import BatchServer
from tests.addon.jobs.job_setup import CONVERSE, JOB, Setup, keys, rows, run

EMPTY = {
    "no byte": b"",
    "blank lines": b"\n\r\n  \n",
    "a mark": b"\xef\xbb\xbf",
    "a mark and a blank line": b"\xef\xbb\xbf\r\n",
}


def folder(kinds: list[str]) -> dict[str, bytes]:
    """Objects by key: `2` stands for one with two records, other kinds for those in `EMPTY`."""
    return {f"in/part-{n:02d}.jsonl": EMPTY.get(kind) or content(n, kind) for n, kind in enumerate(kinds)}


def content(number: int, kind: str) -> bytes:
    count = 0 if kind in EMPTY else int(kind)
    records = [{"recordId": f"{number}-{n}", "modelInput": CONVERSE} for n in range(count)]
    return "\n".join(map(json.dumps, records)).encode()


async def published(setup: Setup, bucket: Any, objects: dict[str, bytes]) -> list[list[str]]:
    """The record ids in every output object."""
    for key, data in objects.items():
        bucket.put_object(Key=key, Body=data)
    job = await run(setup)
    assert (job.status, job.message) == ("Completed", None)
    assert job.succeeded == job.total == sum(data.count(b"recordId") for data in objects.values())
    names = [key.replace("in/", f"out/{JOB}/", 1) + ".out" for key in objects]
    assert keys(bucket) == sorted([*names, f"out/{JOB}/manifest.json.out"])
    return [[row["recordId"] for row in rows(bucket, name)] for name in names]


@pytest.mark.parametrize("requests", [2, 1000])
async def test_an_object_without_a_record_gives_an_empty_output_object(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer, requests: int
) -> None:
    setup = Setup(tmp_path / "data", s3_url, provider, max_requests_per_batch=requests)
    kinds = ["no byte", "2", "blank lines", "a mark", "a mark and a blank line", "3", "no byte", "1"]
    found = await published(setup, bucket, folder([*kinds, "a mark"]))
    assert [len(ids) for ids in found] == [0, 2, 0, 0, 0, 3, 0, 1, 0]


async def test_a_folder_of_such_objects_alone_fails_the_job(
    setup: Setup, bucket: Any, provider: BatchServer
) -> None:
    for key, data in folder(list(EMPTY)).items():
        bucket.put_object(Key=key, Body=data)
    job = await run(setup)
    assert (job.status, job.message) == ("Failed", "s3://a-bucket/in/: there is no record in it")
    assert provider.seen == []
