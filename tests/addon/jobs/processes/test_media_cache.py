"""Media in S3 that a worker process puts into records: fetched once, bounded, with errors that stay."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from msgspec import Raw

from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.s3_media import Media
from addon.settings.config import S3Section
from addon.storage.s3 import Access, S3Unavailable
from translators.bedrock.records import InputRecord
from translators.errors import RecordError


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(server: ThreadedMotoServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return boto3.resource("s3", endpoint_url=url(server), region_name="us-east-1").create_bucket(
        Bucket="media"
    )


@pytest.fixture
def store(server: ThreadedMotoServer, bucket: Any, tmp_path: Path) -> MediaStore:
    return MediaStore(
        section=S3Section(endpoint_url=url(server)),
        own=frozenset(),
        access=Access(region="us-east-1"),
        folder=tmp_path / "media",
        most_bytes=100,
    )


def url(server: ThreadedMotoServer) -> str:
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def record(*keys: str) -> InputRecord:
    images = [
        {"image": {"format": "png", "source": {"s3Location": {"uri": f"s3://media/{key}"}}}} for key in keys
    ]
    return InputRecord(Raw(json.dumps({"messages": [{"role": "user", "content": images}]}).encode()))


def filled(media: Media, *keys: str) -> list[bytes] | str:
    """The bytes in the place of the locations, or the error."""
    found = media.filled(record(*keys))
    if isinstance(found, RecordError):
        return found.message
    assert isinstance(found, InputRecord)
    content = json.loads(bytes(found.model_input))["messages"][0]["content"]
    return [base64.b64decode(block["image"]["source"]["bytes"]) for block in content]


def test_object_is_fetched_once(store: MediaStore, bucket: Any) -> None:
    bucket.put_object(Key="a", Body=b"first")
    with Media(store) as media:
        assert filled(media, "a", "a") == [b"first", b"first"]
        bucket.put_object(Key="a", Body=b"second")
        assert filled(media, "a") == [b"first"]
    with Media(store) as later:
        assert filled(later, "a") == [b"first"]


def test_error_stays_the_same(store: MediaStore, bucket: Any) -> None:
    with Media(store) as media:
        missing = filled(media, "missing")
        assert isinstance(missing, str)
        assert missing.startswith("messages[0].content[0].image.source.s3Location: s3://media/missing: ")
        bucket.put_object(Key="missing", Body=b"now there")
        assert filled(media, "missing") == missing
        bucket.Object("missing").delete()


def test_media_of_a_record_are_bounded_together(store: MediaStore, bucket: Any) -> None:
    bucket.put_object(Key="x", Body=bytes(60))
    bucket.put_object(Key="y", Body=bytes(60))
    bucket.put_object(Key="z", Body=bytes(101))
    with Media(store) as media:
        assert filled(media, "x") == [bytes(60)]
        assert "content[1].image.source.s3Location: all media are 120 bytes" in str(filled(media, "x", "y"))
        assert "has 101 bytes, at most 100 can be sent" in str(filled(media, "z"))


def test_oldest_go_where_there_is_no_room(store: MediaStore, bucket: Any) -> None:
    for key in "abc":
        bucket.put_object(Key=key, Body=key.encode() * 40)
    with Media(replace(store, kept=90)) as media:
        for key in "abcab":
            assert filled(media, key) == [key.encode() * 40]
    assert sum(path.stat().st_size for path in store.folder.iterdir()) <= 90


def test_server_that_is_down_is_no_error_of_the_record(store: MediaStore) -> None:
    down = replace(store, section=S3Section(endpoint_url="http://127.0.0.1:9"))
    with Media(down) as media, pytest.raises(S3Unavailable):
        media.filled(record("never"))
    assert not any(store.folder.glob("*.refused"))


def test_without_a_store_records_stay() -> None:
    given = record("a")
    with Media(None) as media:
        assert media.filled(given) is given
