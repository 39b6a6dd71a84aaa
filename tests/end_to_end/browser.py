"""A real browser for tests: the Chromium of the system, watched for what no page of ours may do."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.waiting import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCREENSHOTS = Path(__file__).parent / "screenshots"
"""Ignored by git; kept as an artefact where tests run for a change."""


def browser_path() -> str:
    """The browser; without one the test is skipped, but fails where every test has to run."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    missing = f"no browser is installed: none of {', '.join(NAMES)} is on the PATH"
    if os.environ.get("CI") or os.environ.get("BEDROCK_BATCH_CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    path = browser_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            chromium_sandbox=os.geteuid() != 0,  # it has none for root
            args=["--no-proxy-server"],
            timeout=PATIENCE * 1000,
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A window of the browser, and what went wrong in it."""

    page: Page
    host: str
    errors: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:
    """A window of its own at an address. At the end no script may have failed, and nothing may have been
    asked of another host."""
    context = browser.new_context(**{"viewport": {"width": 1360, "height": 900}, **options})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    visit = Visit(page, urlsplit(url).netloc)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.errors.append(message.text)

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != visit.host:
            visit.foreign.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("request", on_request)
    try:
        page.goto(url)
        yield visit
        assert visit.errors == []
        assert visit.foreign == []
    finally:
        context.close()
