"""Benchmarks print ratios; they are run by hand and share the end-to-end tests' processes."""

import pytest

from tests.end_to_end.conftest import (
    bucket,
    one_provider,
    provider,
    s3,
    s3_url,
    start_proxy,
)

__all__ = ["bucket", "one_provider", "provider", "s3", "s3_url", "start_proxy"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--megabytes", default="500", help="size of the large input")
    parser.addoption("--seconds", default="2", help="length of a turn")
    parser.addoption("--records", default="5000", help="records of direct mode")
