"""A real S3 server with a bucket of the test's own, a provider on a real socket, a runner between both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from addon.demo.fake_provider.server import BatchServer
from tests.addon.jobs.job_setup import Setup


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    s3 = boto3.resource("s3", endpoint_url=s3_url, region_name="us-east-1")
    bucket = s3.create_bucket(Bucket="a-bucket")
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    with BatchServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", server.key)
        yield server


@pytest.fixture
def setup(tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer) -> Setup:
    return Setup(tmp_path / "data", s3_url, provider)
