import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from addon.jobs.database.event_store import EventStore
from addon.jobs.database.tables import Tag, utc_now
from addon.jobs.records.documents import Document, ErrorGroup
from addon.settings.config import Config, ProviderSection
from tests.addon.web.dashboard.boards import (
    JOB,
    Opened,
    a_batch,
    a_dashboard,
    a_job,
    a_shard,
    add,
    documents,
    ended,
)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    async with a_dashboard(f"sqlite:///{tmp_path}/jobs.db") as dashboard:
        yield dashboard


async def test_the_list_shows_and_the_job_page_tells_what_became_of_a_job(database_url: str) -> None:
    async with a_dashboard(database_url) as opened:
        when = utc_now() - timedelta(minutes=1)
        job = ended(
            JOB, "Completed", when, succeeded=970, failed=30, input_tokens=12_000, output_tokens=3_456
        )
        add(opened.store, job, Tag(job_id=JOB, key="team", value="search"))
        add(
            opened.store,
            a_shard(joined=True, finished=True, notes={"dropped top_k": {"count": 3, "example": "R9"}}),
        )
        add(opened.store, a_batch(state="completed", succeeded=970, failed=30))
        EventStore(opened.store).note(JOB, "create", "batch_0 was created", when, shard=0, batch="batch_0")
        opened.records.groups = [
            ErrorGroup(429, "Rate limit …", "Rate limit reached for gpt", 30, 17, "CALL0000017")
        ]

        jobs = await opened.page()
        assert f'<a href="/batch/jobs/{JOB}">nightly-summaries</a>' in jobs
        assert "970 of 1,000 succeeded" in jobs
        assert "gpt-5.4-mini" in jobs

        page = await opened.page(f"jobs/{JOB}")
        for text in ("Rate limit reached for gpt", f"/batch/jobs/{JOB}/records/17", "batch_0 was created"):
            assert text in page
        for text in ("dropped top_k", "search", "3,456 out", "s3://bucket/out/"):
            assert text in page
        assert "Retry failed" in page
        assert 'action="/batch/jobs/abcdefghij01/stop"' not in page

        assert "openai" in await opened.page("providers")


async def test_a_job_is_never_at_100_percent_before_its_end(opened: Opened) -> None:
    add(opened.store, a_job(succeeded=1000), a_shard(), a_batch(state="completed"))
    page = await opened.page(f"jobs/{JOB}")
    assert "99 %" in page
    assert "Fetching results" in page
    assert "100 %" not in page
    assert "Stop" in page


@pytest.mark.parametrize(
    ("shard", "batch", "words"),
    [
        (None, None, "Validating"),
        ({}, {"batch_id": None, "creation": "planned"}, "Uploading"),
        ({}, {}, "At the provider"),
        ({}, {"state": "completed"}, "Fetching results"),
        ({"finished": True}, {"state": "completed", "saved": ["a"]}, "Writing"),
    ],
)
async def test_phases_say_what_a_job_does(
    opened: Opened, shard: dict[str, Any] | None, batch: dict[str, Any] | None, words: str
) -> None:
    add(opened.store, a_job())
    if shard is not None and batch is not None:
        add(opened.store, a_shard(**shard), a_batch(**batch))
    assert words in await opened.page()


async def test_filters_and_pages_of_the_list(opened: Opened) -> None:
    now = utc_now()
    add(
        opened.store,
        *(a_job(f"job{n:09}", name=f"night-{n}", submitted=now - timedelta(hours=n)) for n in range(60)),
    )
    add(opened.store, ended("failedjob001", "Failed", now, name="Weekly 100%_sure", provider="small"))
    first = await opened.page()
    assert first.count('class="name"') == 50
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = (await opened.client.get(f"/batch/{older}")).text
    assert second.count('class="name"') == 11
    assert "night-59" in second
    for query in ("status=failed", "provider=small", "q=weekly+100%25_", "q=failedjob001"):
        found = await opened.page(f"?{query}")
        assert found.count('class="name"') == 1
        assert "failedjob001" in found
    assert "No job matches" in await opened.page("?q=100x_sure")
    assert (await opened.page("?before=rubbish&status=rubbish")).count('class="name"') == 50


async def test_a_page_of_records_reads_that_page_only(opened: Opened) -> None:
    add(opened.store, ended(JOB, "Completed", utc_now(), total=1_000_000))
    opened.records.total = 1_000_000
    page = await opened.page(f"jobs/{JOB}/records?first=500001")
    assert page.count("<tr id=") == 100
    assert "first=500101" in page
    await opened.page(f"jobs/{JOB}/records?outcome=failed")
    await opened.page(f"jobs/{JOB}")
    assert opened.records.asked == [(500_001, 101, None), (1, 101, "failed")]


async def test_a_record_shows_its_four_documents(opened: Opened) -> None:
    add(opened.store, ended(JOB, "Completed", utc_now()))
    text = b'{"recordId":"A","modelInput":{"prompt":"Dear reader,\\nread this.","top_k":5}}'
    record = documents(
        number=17,
        outcome="failed",
        error=(429, "Rate limit reached"),
        notes=("dropped top_k",),
        input=Document(content=text, place="s3://bucket/in.jsonl line 17"),
    )
    opened.records.known = {"17": record, "CALL0000001": record}
    page = await opened.page(f"jobs/{JOB}/records/17")
    for words in (
        "Rate limit reached",
        "dropped top_k",
        "s3://bucket/in.jsonl line 17",
        "Dear reader,\nread this.",
    ):
        assert words in page
    assert "the provider keeps it no longer" in page
    found = await opened.client.get(f"/batch/jobs/{JOB}/records", params={"wanted": "CALL0000001"})
    assert found.headers["location"] == f"/batch/jobs/{JOB}/records/17"
    whole = await opened.client.get(f"/batch/jobs/{JOB}/records/17/input")
    assert whole.content == text
    assert whole.headers["content-disposition"].startswith("attachment")
    gone = await opened.client.get(f"/batch/jobs/{JOB}/records/17/received")
    assert (gone.status_code, "keeps it no longer" in gone.text) == (404, True)
    missing = await opened.client.get(f"/batch/jobs/{JOB}/records/18")
    assert (missing.status_code, "There is no such record" in missing.text) == (404, True)


async def test_actions(opened: Opened) -> None:
    add(opened.store, a_job())
    stopped = await opened.client.post(f"/batch/jobs/{JOB}/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (303, f"/batch/jobs/{JOB}")
    retried = await opened.client.post(f"/batch/jobs/{JOB}/retry")
    assert retried.headers["location"] == "/batch/jobs/retriedjob01"
    exported = await opened.client.get(f"/batch/jobs/{JOB}/export")
    assert zipfile.ZipFile(io.BytesIO(exported.content)).namelist() == [f"job-{JOB}/report.json"]
    assert opened.actions.done == [f"stop {JOB}", f"retry {JOB}", f"export {JOB}"]
    opened.actions.refuses = "It is over <already>."
    for path in ("stop", "retry"):
        refused = await opened.client.post(f"/batch/jobs/{JOB}/{path}")
        assert (refused.status_code, "It is over &lt;already&gt;." in refused.text) == (409, True)
    assert (await opened.client.post("/batch/jobs/nosuchjob001/stop")).status_code == 404
    assert (await opened.client.get(f"/batch/jobs/{JOB}/stop")).status_code == 405


async def test_pages_that_are_not_there(opened: Opened) -> None:
    for path in (
        "/batch/jobs/nosuchjob001",
        "/batch/nothing",
        "/favicon.ico",
        "/batch/jobs/nosuchjob001/records",
    ):
        assert (await opened.client.get(path)).status_code == 404
    assert (await opened.client.get("/")).headers["location"] == "/batch/"


async def test_settings_name_their_origin_and_show_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-of-aws")
    monkeypatch.setenv("MY_KEY", "the-secret-of-mine")
    section = ProviderSection(kind="openai", base_url="http://user:pass-word@host/v1", api_key="env:MY_KEY")
    config = Config(providers={"mine": section})
    async with a_dashboard(f"sqlite:///{tmp_path}/jobs.db", config) as opened:
        settings, providers = await opened.page("settings"), await opened.page("providers")
    for words in ("batch_provider", "env:MY_KEY", "providers.mine.base_url", "env:AWS_SECRET_ACCESS_KEY"):
        assert words in settings
    assert "present" in providers
    assert "MY_KEY" in providers
    for secret in ("the-secret-of-aws", "the-secret-of-mine", "pass-word"):
        assert secret not in settings + providers


async def test_open_pages_hear_of_changes_by_one_look_for_all(opened: Opened) -> None:
    add(opened.store, a_job())
    assert opened.board.changes.looks == 0

    async def first_two(path: str, heard: asyncio.Queue[str]) -> None:
        async with opened.client.stream("GET", path) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            seen = 0
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    heard.put_nowait(path)
                    seen += 1
                    if seen == 2:
                        return

    heard: asyncio.Queue[str] = asyncio.Queue()
    paths = ["/batch/changes", f"/batch/changes/{JOB}", f"/batch/changes/{JOB}"]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(first_two(path, heard))
        assert sorted([await heard.get() for _ in paths]) == sorted(paths)
        opened.store.change(JOB, utc_now(), succeeded=5)
    async with asyncio.timeout(60):
        await opened.board.changes.idle()
    looks = opened.board.changes.looks
    await asyncio.sleep(0.1)  # ten intervals
    assert opened.board.changes.looks == looks
