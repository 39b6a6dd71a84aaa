"""The dashboard in a real browser, over a proxy that runs jobs."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from addon.demo.fake_provider.batch import Outcome, Timing
from addon.demo.fake_provider.chat_completions import FAIL
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess, free_port
from tests.end_to_end.browser import chromium, visiting
from tests.end_to_end.conftest import SHARED, StartProxy, prepared
from tests.end_to_end.harness import Bucket, bedrock, claude, ended, job_id, jsonl
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown_proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    settings = {"batch_dashboard": "127.0.0.1:0"}
    folder = tmp_path_factory.mktemp("shown")
    with prepared(folder, s3_url, one_provider, settings=settings, config=SHARED) as proxy:
        yield proxy


def link_of(proxy: ProxyProcess) -> str:
    """The address that the proxy printed."""
    found = re.findall(r"Dashboard: (http://\S+)", proxy.log_text())
    assert found, proxy.log_text()
    return str(found[-1])


def submitted(proxy: ProxyProcess, bucket: Bucket, records: int, failing: int = 0, **changes: str) -> str:
    """The ARN of a job of so many records, of which the last ones fail."""
    texts = [FAIL if number > records - failing else None for number in range(1, records + 1)]
    lines = jsonl(claude(number, text) for number, text in enumerate(texts, 1))
    request = bucket.request(bucket.put("in.jsonl", lines), **changes)
    with bedrock(proxy, provider="openai") as client:
        arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def over(proxy: ProxyProcess, arn: str) -> None:
    with bedrock(proxy) as client:
        ended(client, arn)


def test_from_the_start_page_to_the_reason_of_a_failed_record_in_two_clicks(
    browser: Browser, shown_proxy: ProxyProcess, provider: BatchServer, bucket: Bucket
) -> None:
    arn = submitted(shown_proxy, bucket, 1000, failing=30, jobName="nightly-summaries")
    over(shown_proxy, arn)
    with visiting(browser, link_of(shown_proxy)) as visit:
        page = visit.page
        assert "token" not in page.url
        expect(page.get_by_text("970 of 1,000 succeeded")).to_be_visible()
        visit.picture("jobs")

        page.get_by_role("link", name="nightly-summaries").click()
        errors = page.get_by_role("region", name="Why records failed")
        expect(errors.get_by_role("row")).to_have_count(2)
        expect(errors.get_by_role("cell", name="30", exact=True)).to_be_visible()
        visit.picture("job")

        errors.get_by_role("link", name="record 971").click()
        expect(page.locator("#reason")).to_contain_text("400")
        for title in ("Your record", "Sent to the provider", "Received from the provider", "Written to S3"):
            expect(page.get_by_role("group", name=title)).to_be_visible()
        assert page.locator(".missing").count() == 0
        expect(page.get_by_role("group", name="Your record")).to_contain_text(FAIL)
        expect(page.get_by_role("group", name="Sent to the provider")).to_contain_text("gpt-5.4-mini")
        visit.picture("record")

        page.goto(f"http://{visit.host}/batch/jobs/{job_id(arn)}#record-971")
        page.wait_for_url("**/records/971")
        page.goto(f"http://{visit.host}/batch/jobs/{job_id(arn)}/records?outcome=failed")
        expect(page.locator("tbody tr")).to_have_count(30)
        visit.picture("failed-records")
        for name in ("providers", "settings"):
            page.get_by_role("link", name=name.capitalize()).click()
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            visit.picture(name)
    _pictures_of_other_screens(browser, shown_proxy, arn)


def _pictures_of_other_screens(browser: Browser, proxy: ProxyProcess, arn: str) -> None:
    link = link_of(proxy)
    job = f"/batch/jobs/{job_id(arn)}"
    screens: dict[str, dict[str, Any]] = {
        "dark": {"color_scheme": "dark"},
        "narrow": {"viewport": {"width": 390, "height": 844}},
    }
    for screen, options in screens.items():
        with visiting(browser, link, **options) as visit:
            for name, path in {"jobs": "/batch/", "job": job, "record": f"{job}/records/971"}.items():
                visit.page.goto(f"http://{visit.host}{path}")
                visit.picture(f"{name}-{screen}")
                overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert visit.page.evaluate(overflow) <= 0


def test_progress_moves_without_reload_and_stop_works_by_keyboard_alone(
    browser: Browser, shown_proxy: ProxyProcess, provider: BatchServer, bucket: Bucket
) -> None:
    provider.timing = Timing(looks=10)
    provider.outcome = lambda number: Outcome(stalls_after=60)
    arn = submitted(shown_proxy, bucket, 100, jobName="a-job-to-stop")
    with visiting(browser, link_of(shown_proxy)) as visit:
        page = visit.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("a-job-to-stop")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=a-job-to-stop**")
        _tab_to(page, "a-job-to-stop")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/jobs/{job_id(arn)}")
        page.evaluate("window.isTheSame = true")

        expect(page.locator("#head")).to_contain_text("60 %")
        visit.picture("job-running")
        assert page.evaluate("window.isTheSame") is True

        _tab_to(page, "Stop")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#head h1 .status")).to_have_text("Stopped")
    over(shown_proxy, arn)


def _tab_to(page: Page, text: str) -> None:
    """Press the tab key until what has this text is focused."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    pytest.fail(f"{text!r} cannot be reached by the tab key")


def test_the_pages_are_in_mitmweb_behind_its_password(
    browser: Browser, start_proxy: StartProxy, provider: BatchServer, bucket: Bucket
) -> None:
    port = str(free_port())
    settings = {"web_port": port, "web_open_browser": "false", "batch_dashboard": "127.0.0.1:8082"}
    proxy = start_proxy(settings=settings, arguments=["--web"])
    link = link_of(proxy)
    assert urlsplit(link).netloc == f"127.0.0.1:{port}"
    provider.outcome = lambda number: Outcome(stalls_after=2)
    arn = submitted(proxy, bucket, 10)
    assert httpx.get(f"http://127.0.0.1:{port}/batch/", trust_env=False).status_code == 403
    with visiting(browser, link) as visit:
        page: Page = visit.page
        page.get_by_role("link", name="a-job").click()
        expect(page.locator("#live")).to_be_visible()
        page.locator("summary", has_text="Stop").click()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#head h1 .status")).to_have_text("Stopped")
        visit.picture("job-in-mitmweb")
    over(proxy, arn)


def test_two_proxies_on_one_machine_both_have_a_dashboard(start_proxy: StartProxy) -> None:
    default = {"batch_dashboard": "127.0.0.1:8082"}
    links = [link_of(start_proxy(settings=default)) for _ in range(2)]
    assert urlsplit(links[0]).port != urlsplit(links[1]).port
    for link in links:
        assert httpx.get(link, trust_env=False).status_code == 200
