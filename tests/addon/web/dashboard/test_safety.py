"""Who sees the dashboard, and what hostile texts do to it."""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from addon.jobs.database.event_store import EventStore
from addon.jobs.database.tables import Tag, utc_now
from addon.jobs.records.documents import Document, ErrorGroup
from addon.web.dashboard.handler import is_own_host
from addon.web.dashboard.text import visible
from tests.addon.web.dashboard.boards import (
    JOB,
    TOKEN,
    Opened,
    a_batch,
    a_dashboard,
    a_job,
    a_shard,
    add,
    documents,
)

HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>\x1b[31m\u202egnp.exe\u2066{{7*7}}"


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    async with a_dashboard(f"sqlite:///{tmp_path}/jobs.db") as dashboard:
        add(dashboard.store, a_job())
        yield dashboard


@pytest.fixture
async def stranger(opened: Opened) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=opened.server.url, trust_env=False, timeout=30) as client:
        yield client


PAGES = ["", "providers", "settings", "changes", f"jobs/{JOB}", f"jobs/{JOB}/records", f"jobs/{JOB}/export"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "bedrock-batch-1=y"}])
async def test_no_page_without_the_token(
    opened: Opened, stranger: httpx.AsyncClient, path: str, headers: Mapping[str, str]
) -> None:
    answer = await stranger.get(f"/batch/{path}", headers=headers)
    assert answer.status_code == 403
    assert "Token needed" in answer.text
    assert "nightly-summaries" not in answer.text
    assert opened.actions.done == []


async def test_the_printed_link_logs_in_once(opened: Opened, stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get(opened.server.link)
    assert answer.status_code == 200
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if TOKEN not in cookie and "-form=" not in cookie)
    assert "httponly" in session.lower()
    assert "samesite=strict" in session.lower()
    assert TOKEN not in answer.text
    assert (await stranger.get(f"/batch/jobs/{JOB}")).status_code == 200


async def test_the_form_logs_in_and_leads_to_the_page_wanted(stranger: httpx.AsyncClient) -> None:
    form = (await stranger.get(f"/batch/jobs/{JOB}")).text
    found = re.search(r'name="_xsrf" value="([^"]+)"', form)
    assert found is not None
    data = {"_xsrf": found[1], "token": "wrong", "path": f"/batch/jobs/{JOB}"}
    wrong = await stranger.post("/batch/login", data=data)
    assert (wrong.status_code, "not the one" in wrong.text) == (403, True)
    for path, leads_to in ((f"/batch/jobs/{JOB}", f"/batch/jobs/{JOB}"), ("https://evil.example", "/batch/")):
        right = await stranger.post("/batch/login", data=data | {"token": TOKEN, "path": path})
        assert (right.status_code, right.headers["location"]) == (303, leads_to)


@pytest.mark.parametrize("path", ["", f"jobs/{JOB}", "static/dashboard.css", "changes"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8082"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
async def test_foreign_hosts_and_origins_are_refused(
    opened: Opened, path: str, headers: Mapping[str, str]
) -> None:
    answer = await opened.client.get(f"/batch/{path}", headers=headers)
    assert answer.status_code == 403
    assert "nightly-summaries" not in answer.text


async def test_own_names_are_served(opened: Opened) -> None:
    for host in ("batch.example.com", "batch.example.com:443", "localhost:1", "[::1]:8082", "10.1.2.3"):
        assert (await opened.client.get("/batch/", headers={"Host": host})).status_code == 200
    assert not is_own_host("", ())
    assert not is_own_host("[::1", ())


async def test_a_post_needs_the_form_of_a_page(opened: Opened, stranger: httpx.AsyncClient) -> None:
    await stranger.get(opened.server.link)
    for path in ("stop", "retry"):
        assert (await stranger.post(f"/batch/jobs/{JOB}/{path}")).status_code == 403
        forged = await stranger.post(f"/batch/jobs/{JOB}/{path}", data={"_xsrf": "forged"})
        assert forged.status_code == 403
    assert opened.actions.done == []
    found = re.search(r'name="_xsrf" value="([^"]+)"', (await stranger.get(f"/batch/jobs/{JOB}")).text)
    assert found is not None
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    data = {"_xsrf": found[1]}
    assert (await stranger.post(f"/batch/jobs/{JOB}/stop", data=data, headers=cross)).status_code == 403
    assert (await stranger.post(f"/batch/jobs/{JOB}/stop", data=data)).status_code == 303
    assert opened.actions.done == [f"stop {JOB}"]


async def test_headers_that_keep_pages_private(opened: Opened) -> None:
    for path in ("/batch/", f"/batch/jobs/{JOB}", "/batch/nothing"):
        headers = (await opened.client.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]


async def test_pages_hold_no_inline_code_and_no_foreign_address(opened: Opened) -> None:
    opened.records.known = {"1": documents()}
    for path in ("", f"jobs/{JOB}", f"jobs/{JOB}/records", f"jobs/{JOB}/records/1", "providers", "settings"):
        page = await opened.page(path)
        assert (
            re.findall(r"<script(?! src=\"/batch/static/dashboard\.js\?v=[0-9a-f]+\" defer></script>)", page)
            == []
        )
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []
        assert re.findall(r"(?:src|href)=\"(?!/batch/|#|\?)[^\"]*", page) == []


async def test_hostile_texts_are_shown_and_do_nothing(database_url: str) -> None:
    long = HOSTILE + "x" * 50_000
    async with a_dashboard(database_url) as opened:
        job = a_job(
            name=HOSTILE[:63],
            provider=HOSTILE[:64],
            model=HOSTILE,
            status="PartiallyCompleted",
            ended=utc_now(),
            message=long,
            refusals=[HOSTILE],
            failed=3,
            fallbacks=[{"provider": HOSTILE}],
            report={HOSTILE: {"count": 1, "example": HOSTILE}},
        )
        job.request = {**job.request, "modelId": HOSTILE, "roleArn": HOSTILE}
        add(opened.store, job, Tag(job_id=JOB, key=HOSTILE[:128], value=HOSTILE))
        add(opened.store, a_job("abcdefghij02", waiting=long))
        add(
            opened.store,
            a_shard(refusal=long),
            a_batch(batch_id=HOSTILE, raw_status=HOSTILE[:64], state="failed"),
        )
        EventStore(opened.store).note(JOB, "refused", long, utc_now(), shard=0, batch=HOSTILE)
        opened.records.groups = [ErrorGroup(400, long, long, 3, 1, HOSTILE)]
        body = b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"
        shown = documents(
            record_id=HOSTILE,
            custom_ids=(HOSTILE,),
            error=(400, long),
            notes=(HOSTILE,),
            input=Document(
                content=httpx.Response(200, json={HOSTILE: [HOSTILE, {"b": long}]}).content, place=HOSTILE
            ),
            sent=Document(content=(HOSTILE + "\x00").encode() * 200_000, place="somewhere"),
            received=Document(content=None, missing=long, place="somewhere"),
            output=Document(content=body, place="somewhere"),
        )
        opened.records.known = {"1": shown}
        paths = ["", "providers", "settings", f"jobs/{JOB}", "jobs/abcdefghij02", f"jobs/{JOB}/records/1"]
        for path in [*paths, f"?q={httpx.QueryParams({'': HOSTILE})}", "?status=<script>&provider=<script>"]:
            page = await opened.page(path)
            assert "<script>" not in page
            assert "<img src=x" not in page
            assert "onerror=alert(2)>" not in page
            assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", page)
            assert len(page) < 1_000_000
        for path in ("", f"jobs/{JOB}", f"jobs/{JOB}/records/1"):
            page = await opened.page(path)
            assert "\\u202egnp.exe" in page
            assert "\\x1b[31m" in page
            assert "49" not in page or "{{7*7}}" in page
        assert "show more" in await opened.page(f"jobs/{JOB}/records/1")


def test_text_that_hides_or_reorders_is_escaped_and_the_rest_is_not() -> None:
    assert visible("a\u202eb\x1b[0m\U000e0041\ufeff") == "a\\u202eb\\x1b[0m\\U000e0041\\ufeff"
    assert visible("half \ud800") == "half \\ud800"
    plain = "Grüße,\n\t\u05e9\u05dc\u05d5\u05dd \N{FAMILY}\u200d\N{HEAVY BLACK HEART} \u65e5\u672c"
    assert visible(plain) == plain
    assert visible(5) == 5
