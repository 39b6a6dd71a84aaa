"""Embedding records with several inputs, at a provider on a real socket that embeds one at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.addon.jobs.job_setup import JOB, Setup, put, rows, run
from tests.end_to_end.gemini_server import GeminiServer

MEMBERS = {"modelId": "cohere.embed-english-v3", "modelInvocationType": "InvokeModel"}


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    with GeminiServer("a-key") as server:
        yield server


async def test_a_job_of_several_texts_a_record_is_one_row_a_record(
    tmp_path: Path, s3_url: str, bucket: Any, gemini: GeminiServer
) -> None:
    setup = Setup(
        tmp_path / "data",
        s3_url,
        gemini,
        kind="gemini",
        model="gemini-embedding-001",
        max_requests_per_batch=5,
    )
    texts = [["a"], ["b", "c", "d"], ["e", "f"], ["g"] * 9]
    put(bucket, "in/a.jsonl", [{"input_type": "clustering", "texts": given} for given in texts])
    job = await run(setup, members=MEMBERS)
    assert (job.status, job.total, job.succeeded, job.failed) == ("Completed", 4, 4, 0)
    found = rows(bucket, f"out/{JOB}/a.jsonl.out")
    assert [row["modelOutput"]["texts"] for row in found] == texts
    assert [len(row["modelOutput"]["embeddings"]) for row in found] == [1, 3, 2, 9]
    assert sorted(len(batch.asked) for batch in gemini.batches.values()) == [2, 4, 9]
