"""S3 as the jobs use it: against moto's server where behaviour counts, against a socket where bytes do."""

import hashlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import certifi
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from addon.settings.config import S3Section
from addon.storage.calls import Call
from addon.storage.object_store import PART, SLICE
from addon.storage.s3 import S3, Access, InputObject, Location, S3Refused, S3Unavailable

ACCESS = Access(region="us-east-1")
ROLE = "arn:aws:iam::123456789012:role/batch"
SECRET = "wJalrXUtnFEMIexamplesecret"
TOKEN = "example-session-token"
EMPTY_LISTING = b"<ListBucketResult></ListBucketResult>"
STS_REFUSAL = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error>"
    b"</ErrorResponse>"
)
STS_ANSWER = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>OFTHEROLE</AccessKeyId>"
    b"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    b"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def client(moto: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=moto, region_name="us-east-1", config=Config(s3={"addressing_style": "path"})
    )


@pytest.fixture
def bucket(client: Any) -> str:
    name = f"bucket-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3(moto: str) -> S3:
    return S3(S3Section(endpoint_url=moto))


class Listener:
    """A server that records requests and sends given responses, one request per connection."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request and (data := connection.recv(65536)):
                    request += data
                if request == b"":
                    return  # `close` knocked
                head, _, body = request.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                missing = int(length[1]) - len(body) if length is not None else 0
                while missing > 0:
                    missing -= len(connection.recv(65536))
                self.requests.append(head + b"\r\n")
                connection.sendall(self._answer(head))

    def close(self) -> None:
        socket.create_connection(self.address).close()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[bytes], bytes]], Listener]]:
    listeners: list[Listener] = []

    def start(answer: Callable[[bytes], bytes]) -> Listener:
        listeners.append(Listener(answer))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


type Listen = Callable[[Callable[[bytes], bytes]], Listener]


def response(status: str, body: bytes = b"", /, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def empty(request: bytes) -> bytes:
    """A bucket with nothing in it."""
    return response("200 OK", b"" if request.startswith(b"HEAD") else EMPTY_LISTING)


def refusal(status: str, code: str, more: str = "") -> Callable[[bytes], bytes]:
    body = f"<Error><Code>{code}</Code><Message>No &quot;you&quot; may not</Message>{more}</Error>".encode()
    return lambda request: response(status, b"" if request.startswith(b"HEAD") else body)


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://bucket/in.jsonl", "bucket", "in.jsonl"),
        ("s3://bucket/a/b/", "bucket", "a/b/"),
    ],
)
def test_location_is_read_from_its_uri(uri: str, bucket: str, key: str) -> None:
    assert Location.parse(uri) == Location(bucket, key)


@pytest.mark.parametrize("uri", ["bucket/key", "https://bucket/key", "s3://", "s3:///key"])
def test_what_is_not_an_s3_uri_is_refused_by_name(uri: str) -> None:
    with pytest.raises(ValueError, match="is not of the form s3://bucket/key"):
        Location.parse(uri)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("in/a.jsonl", ["in/a.jsonl"]),
        ("in", ["in/a.jsonl", "in/b.jsonl", "in/deep/er/c.jsonl"]),
        ("in/", ["in/a.jsonl", "in/b.jsonl", "in/deep/er/c.jsonl"]),
        ("in/deep", ["in/deep/er/c.jsonl"]),
        ("", ["in/a.jsonl", "in/b.jsonl", "in/deep/er/c.jsonl", "input/d.jsonl", "odd.jsonl/e.jsonl"]),
        ("odd.jsonl", ["odd.jsonl/e.jsonl"]),
        ("in/notes.txt", []),
        ("nothing/here.jsonl", []),
        ("nothing", []),
    ],
)
async def test_input_is_one_object_or_every_jsonl_below_a_folder(
    s3: S3, client: Any, bucket: str, key: str, found: list[str]
) -> None:
    for existing in (
        "in/b.jsonl",
        "in/a.jsonl",
        "in/",
        "in/notes.txt",
        "in/deep/",
        "in/deep/er/c.jsonl",
        "input/d.jsonl",
        "odd.jsonl/e.jsonl",
    ):
        client.put_object(Bucket=bucket, Key=existing, Body=b"" if existing.endswith("/") else b"{}\n")
    inputs = await s3.inputs(Location(bucket, key), ACCESS)
    assert [(item.key, item.size) for item in inputs] == [(name, 3) for name in found]


async def test_more_inputs_than_fit_in_one_listing_are_all_found(s3: S3, client: Any, bucket: str) -> None:
    keys = [f"in/{number:04}.jsonl" for number in range(1005)]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    assert [item.key for item in await s3.inputs(Location(bucket, "in"), ACCESS)] == keys


@pytest.mark.parametrize("size", [0, 5, SLICE, 2 * SLICE + 1])
async def test_download_is_the_object_byte_for_byte(
    s3: S3, client: Any, bucket: str, tmp_path: Path, size: int
) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    client.put_object(Bucket=bucket, Key="in/a b+c%20é.jsonl", Body=content)
    (source,) = await s3.inputs(Location(bucket, "in"), ACCESS)
    await s3.download(bucket, source, ACCESS, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    assert os.listdir(tmp_path) == ["copy"]


async def test_an_object_that_changed_after_it_was_listed_is_refused(
    s3: S3, client: Any, bucket: str, tmp_path: Path
) -> None:
    client.put_object(Bucket=bucket, Key="in.jsonl", Body=b"{}")
    (source,) = await s3.inputs(Location(bucket, "in.jsonl"), ACCESS)
    client.put_object(Bucket=bucket, Key="in.jsonl", Body=b"[]")
    with pytest.raises(S3Refused, match=rf"s3://{bucket}/in.jsonl: the object has changed"):
        await s3.download(bucket, source, ACCESS, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


async def test_an_object_that_has_gone_is_refused_with_the_message_of_s3(
    s3: S3, bucket: str, tmp_path: Path
) -> None:
    gone = InputObject("in.jsonl", 2, None)
    with pytest.raises(S3Refused, match=rf"s3://{bucket}/in.jsonl: NoSuchKey: The specified key"):
        await s3.download(bucket, gone, ACCESS, tmp_path / "copy")


async def test_an_object_shorter_than_listed_is_not_taken_for_whole(
    s3: S3, client: Any, bucket: str, tmp_path: Path
) -> None:
    client.put_object(Bucket=bucket, Key="in.jsonl", Body=b"{}")
    with pytest.raises(S3Unavailable, match="2 bytes came instead of 3"):
        await s3.download(bucket, InputObject("in.jsonl", 3, None), ACCESS, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


async def test_a_download_goes_on_where_the_connection_was_cut(tmp_path: Path, listen: Listen) -> None:
    content = b"0123456789" * 1000

    def half(request: bytes) -> bytes:
        if request.startswith(b"HEAD"):
            return response("200 OK")
        first, last = request.split(b"range: bytes=")[1].split(b"\r\n")[0].split(b"-")
        piece = content[int(first) : int(last) + 1]
        headers = {"ETag": '"1"', "Last_Modified": "Sat, 21 Nov 2026 20:00:00 GMT"}
        headers["Content_Range"] = f"bytes {first.decode()}-{last.decode()}/{len(content)}"
        whole = response("206 Partial Content", piece, **headers)
        return whole[:-5000] if len(piece) > 5000 else whole

    server = listen(half)
    s3 = S3(S3Section(endpoint_url=server.url))
    await s3.download("bucket", InputObject("in.jsonl", len(content), '"1"'), ACCESS, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content


@pytest.mark.parametrize(
    "sizes",
    [[], [0], [3, 0, 4], [PART], [PART, 1], [1, PART, PART, 7]],
    ids=["no file", "empty file", "small", "one part", "one part and a byte", "parts of several files"],
)
async def test_files_are_written_as_one_object_in_their_order(
    s3: S3, client: Any, bucket: str, tmp_path: Path, sizes: list[int]
) -> None:
    paths = [tmp_path / str(number) for number in range(len(sizes))]
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        path.write_bytes(bytes([65 + number]) * size)
    await s3.upload(bucket, "out/a.jsonl.out", ACCESS, paths)
    written = client.get_object(Bucket=bucket, Key="out/a.jsonl.out")
    assert written["Body"].read() == b"".join(path.read_bytes() for path in paths)
    assert written["ContentType"] == "application/octet-stream"


@pytest.mark.parametrize("size", [1, PART + 1])
async def test_what_is_written_is_encrypted_with_the_key_of_the_job(
    s3: S3, client: Any, bucket: str, tmp_path: Path, size: int
) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    (tmp_path / "part").write_bytes(b"x" * size)
    await s3.upload(bucket, "out", Access(region="us-east-1", kms_key=key), [tmp_path / "part"])
    head = client.head_object(Bucket=bucket, Key="out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


async def test_bytes_are_written_as_an_object(s3: S3, client: Any, bucket: str) -> None:
    await s3.put(bucket, "out/manifest.json.out", ACCESS, b"{}")
    written = client.get_object(Bucket=bucket, Key="out/manifest.json.out")
    assert (written["Body"].read(), written["ContentType"]) == (b"{}", "application/octet-stream")


async def test_an_upload_whose_file_cannot_be_read_leaves_nothing_behind(
    s3: S3, client: Any, bucket: str, tmp_path: Path
) -> None:
    big, unreadable = tmp_path / "big", tmp_path / "folder"
    big.write_bytes(b"x" * (PART + 1))
    unreadable.mkdir()
    with pytest.raises(IsADirectoryError):
        await s3.upload(bucket, "out", ACCESS, [big, unreadable])
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


async def test_credentials_are_renewed_during_an_upload(
    tmp_path: Path, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.storage.s3._CREDENTIALS_LIFETIME", timedelta(minutes=1))

    def slow(request: bytes) -> bytes:
        if request.startswith(b"PUT"):
            time.sleep(0.2)  # obstore uses credentials for a tenth of a second before it renews them
            return response("200 OK", ETag='"1"')
        name, member = ("Initiate", "UploadId") if b"uploads" in request else ("Complete", "ETag")
        body = f"<{name}MultipartUploadResult><{member}>1</{member}></{name}MultipartUploadResult>"
        return response("200 OK", b"" if request.startswith(b"HEAD") else body.encode())

    server = listen(slow)
    (tmp_path / "out").write_bytes(b"x" * (4 * PART))
    await S3(S3Section(endpoint_url=server.url)).upload("bucket", "out", ACCESS, [tmp_path / "out"])
    assert sum(request.startswith(b"PUT") for request in server.requests) == 4


async def every_call(s3: S3, bucket: str, folder: Path) -> list[Exception]:
    """What each method raises."""
    big = folder / "big"
    big.write_bytes(b"x" * (PART + 1))
    calls = (
        s3.inputs(Location(bucket, "in.jsonl"), ACCESS),
        s3.inputs(Location(bucket, "in"), ACCESS),
        s3.download(bucket, InputObject("in.jsonl", 1, None), ACCESS, folder / "copy"),
        s3.upload(bucket, "out", ACCESS, [big]),
        s3.put(bucket, "out", ACCESS, b""),
        s3.reachable(Location(bucket, "in"), ACCESS),
    )
    raised: list[Exception] = []
    for call in calls:
        with pytest.raises((S3Refused, S3Unavailable)) as caught:
            await call
        raised.append(caught.value)
    return raised


async def test_a_missing_bucket_is_refused_by_name_whatever_is_asked(s3: S3, tmp_path: Path) -> None:
    for error in await every_call(s3, "no-such-bucket", tmp_path):
        assert isinstance(error, S3Refused)
        assert "s3://no-such-bucket/" in str(error)
        assert "NoSuchBucket: The specified bucket does not exist" in str(error)


async def test_a_dead_port_is_unavailable_whatever_is_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for error in await every_call(S3(S3Section(endpoint_url=dead)), "bucket", tmp_path):
        assert isinstance(error, S3Unavailable)
        assert "s3://bucket/" in str(error)
        assert dead.removeprefix("http://") in str(error)


async def test_a_connection_that_breaks_off_is_unavailable(listen: Listen) -> None:
    server = listen(lambda request: response("200 OK") if request.startswith(b"HEAD") else b"")
    with pytest.raises(S3Unavailable, match="s3://bucket/in: HTTP error: error sending request, Request"):
        await S3(S3Section(endpoint_url=server.url)).reachable(Location("bucket", "in"), ACCESS)


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        ("403 Forbidden", "AccessDenied", S3Refused),
        ("403 Forbidden", "InvalidAccessKeyId", S3Refused),
        ("400 Bad Request", "KMS.DisabledException", S3Refused),
        ("400 Bad Request", "ExpiredToken", S3Unavailable),
        ("403 Forbidden", "RequestTimeTooSkewed", S3Unavailable),
        ("409 Conflict", "OperationAborted", S3Unavailable),
        ("503 Service Unavailable", "SlowDown", S3Unavailable),
    ],
)
async def test_permanent_and_transient_errors_are_distinguished_and_quote_s3(
    listen: Listen, status: str, code: str, raised: type[Exception]
) -> None:
    server = listen(
        refusal(status, code, more=f"<Token-0>{TOKEN}</Token-0><AWSAccessKeyId>AKIA</AWSAccessKeyId>")
    )
    s3 = S3(S3Section(endpoint_url=server.url))
    for call in (
        s3.inputs(Location("bucket", "in.jsonl"), ACCESS),
        s3.inputs(Location("bucket", "in"), ACCESS),
        s3.put("bucket", "in", ACCESS, b""),
    ):
        with pytest.raises(raised) as caught:
            await call
        assert str(caught.value).endswith(f': {code}: No "you" may not')


async def test_a_response_without_a_message_is_reported_with_its_status(listen: Listen) -> None:
    s3 = S3(S3Section(endpoint_url=listen(lambda request: response("405 Method Not Allowed")).url))
    with pytest.raises(S3Refused, match="s3://bucket/out: HTTP 405 Method Not Allowed"):
        await s3.put("bucket", "out", ACCESS, b"")


async def test_an_error_shows_no_credentials_even_with_its_causes(listen: Listen) -> None:
    server = listen(refusal("400 Bad Request", "ExpiredToken", more=f"<Token-0>{TOKEN}</Token-0>"))
    with pytest.raises(S3Unavailable) as caught:
        await S3(S3Section(endpoint_url=server.url)).reachable(Location("bucket", ""), ACCESS)
    shown = str(caught.getrepr(chain=True))
    assert TOKEN not in shown
    assert SECRET not in shown


async def test_a_folder_with_a_key_that_cannot_be_spelled_is_refused_but_reachable(
    s3: S3, client: Any, bucket: str
) -> None:
    client.put_object(Bucket=bucket, Key="in//a.jsonl", Body=b"{}")
    with pytest.raises(S3Refused, match=r'invalid path: Path "in//a\.jsonl"'):
        await s3.inputs(Location(bucket, "in"), ACCESS)
    await s3.reachable(Location(bucket, "in"), ACCESS)


async def test_an_empty_bucket_is_reachable(s3: S3, bucket: str) -> None:
    await s3.reachable(Location(bucket, "out/"), ACCESS)


async def test_the_owner_that_the_caller_named_is_confirmed_by_a_signed_header(
    listen: Listen, tmp_path: Path
) -> None:
    def answer(request: bytes) -> bytes:
        if b"list-type=2" in request:
            return empty(request)
        meta = {"ETag": '"1"', "Last_Modified": "Sat, 21 Nov 2026 20:00:00 GMT"}
        if request.startswith(b"POST"):
            done = b"<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>"
            begun = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            return response("200 OK", begun if b"?uploads" in request else done, **meta)
        ranged = b"range:" in request
        return (
            response("206 OK", b"x", Content_Range="bytes 0-0/1", **meta)
            if ranged
            else response("200 OK", **meta)
        )

    server = listen(answer)
    s3 = S3(S3Section(endpoint_url=server.url))
    access = Access(region="us-east-1", bucket_owner="123456789012")
    big = tmp_path / "big"
    big.write_bytes(b"x" * (PART + 1))
    calls = {
        "exact object": s3.inputs(Location("bucket", "in.jsonl"), access),
        "folder": s3.inputs(Location("bucket", "in"), access),
        "download": s3.download("bucket", InputObject("in.jsonl", 1, '"1"'), access, tmp_path / "copy"),
        "put": s3.put("bucket", "out", access, b""),
        "multipart": s3.upload("bucket", "out", access, [big]),
        "reachable": s3.reachable(Location("bucket", "in"), access),
    }
    for name, call in calls.items():
        before = len(server.requests)
        await call
        sent = [request.decode().lower() for request in server.requests[before:] if b"AWS4-HMAC" in request]
        signing = [request.split("signedheaders=")[1].split(",")[0].split(";") for request in sent]
        named = ["x-amz-expected-bucket-owner: 123456789012\r\n" in request for request in sent]
        assert any(named), name
        assert named == ["x-amz-expected-bucket-owner" in headers for headers in signing], name
        assert named[0], name


async def test_a_bucket_of_someone_else_is_refused_with_the_message_of_s3(listen: Listen) -> None:
    server = listen(refusal("403 Forbidden", "AccessDenied"))
    s3 = S3(S3Section(endpoint_url=server.url))
    with pytest.raises(S3Refused, match='s3://bucket/: AccessDenied: No "you" may not'):
        await s3.reachable(Location("bucket", ""), Access(region="us-east-1", bucket_owner="123456789012"))


async def test_no_owner_is_sent_unless_the_caller_named_one(listen: Listen) -> None:
    server = listen(empty)
    await S3(S3Section(endpoint_url=server.url)).reachable(Location("bucket", ""), ACCESS)
    assert b"expected-bucket-owner" not in server.requests[-1]


@pytest.mark.parametrize(("told", "signed_for"), [("eu-west-3", "eu-west-3"), (None, "us-east-1")])
async def test_requests_are_signed_for_the_region_of_the_bucket_where_s3_reports_it(
    listen: Listen, told: str | None, signed_for: str
) -> None:
    def answer(request: bytes) -> bytes:
        if not request.startswith(b"HEAD"):
            return empty(request)
        return response("403 Forbidden") if told is None else response("403 No", x_amz_bucket_region=told)

    server = listen(answer)
    s3 = S3(S3Section(endpoint_url=server.url))
    await s3.reachable(Location("bucket", ""), ACCESS)
    assert f"/{signed_for}/s3/aws4_request".encode() in server.requests[-1]
    assert server.requests[-1].startswith(b"GET /bucket?list-type=2")


async def test_the_region_of_a_bucket_is_asked_for_once(listen: Listen) -> None:
    server = listen(
        lambda request: response(
            "200 OK", b"" if request.startswith(b"HEAD") else EMPTY_LISTING, x_amz_bucket_region="eu-west-3"
        )
    )
    s3 = S3(S3Section(endpoint_url=server.url))
    for _ in range(3):
        await s3.reachable(Location("bucket", ""), ACCESS)
    assert [request[:4] for request in server.requests] == [b"HEAD", b"GET ", b"GET ", b"GET "]


@pytest.mark.parametrize("variables", [("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), ("AWS_ENDPOINT_URL",)])
async def test_the_endpoint_comes_from_the_environment_of_aws_tools(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, variables: tuple[str, ...]
) -> None:
    servers = [listen(empty) for _ in variables]
    for name, server in zip(variables, servers, strict=True):
        monkeypatch.setenv(name, server.url)
    await S3(S3Section()).reachable(Location("bucket", ""), ACCESS)
    assert [len(server.requests) for server in servers] == [2, *([0] * (len(servers) - 1))]


async def test_the_endpoint_of_the_config_wins_over_the_environment(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured, elsewhere = listen(empty), listen(empty)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", elsewhere.url)
    await S3(S3Section(endpoint_url=configured.url)).reachable(Location("bucket", ""), ACCESS)
    assert (len(configured.requests), len(elsewhere.requests)) == (2, 0)


@pytest.mark.parametrize("assume_role", [False, True])
async def test_missing_credentials_of_the_server_are_reported(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, assume_role: bool
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    s3 = S3(S3Section(endpoint_url=listen(empty).url, assume_role=assume_role))
    with pytest.raises(S3Refused, match="s3://bucket/in: the proxy has no AWS credentials"):
        await s3.reachable(Location("bucket", "in"), Access(region="us-east-1", role_arn=ROLE))


async def test_a_profile_that_does_not_exist_is_refused_by_name(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(S3Refused, match="nobody"):
        await S3(S3Section(endpoint_url=listen(empty).url)).reachable(Location("bucket", ""), ACCESS)


@pytest.mark.parametrize(("assume_role", "signed_by"), [(False, "AKIAIOSFODNN7EXAMPLE"), (True, "ASIA")])
async def test_the_role_of_the_job_is_assumed_only_when_configured(
    moto: str, listen: Listen, monkeypatch: pytest.MonkeyPatch, assume_role: bool, signed_by: str
) -> None:
    server = listen(empty)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    s3 = S3(S3Section(endpoint_url=server.url, assume_role=assume_role))
    for _ in range(2):
        await s3.reachable(Location("bucket", ""), Access(region="us-east-1", role_arn=ROLE))
    first, second = (request.decode() for request in server.requests if request.startswith(b"GET"))
    key = first.split("Credential=")[1].split("/")[0]
    assert key.startswith(signed_by)
    assert f"Credential={key}/" in second
    assert (TOKEN in first) is not assume_role


@pytest.mark.parametrize(
    ("status", "raised"), [("403 Forbidden", S3Refused), ("503 Service Unavailable", S3Unavailable)]
)
async def test_a_role_that_cannot_be_assumed_is_reported_with_the_message_of_sts(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, status: str, raised: type[Exception]
) -> None:
    body = b"<ErrorResponse><Error><Code>Sorry</Code><Message>Not this role</Message></Error></ErrorResponse>"
    sts = listen(lambda request: response(status, body))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
    s3 = S3(S3Section(endpoint_url=listen(empty).url, assume_role=True))
    with pytest.raises(raised, match="s3://bucket/: Sorry: Not this role"):
        await s3.reachable(Location("bucket", ""), Access(region="us-east-1", role_arn=ROLE))


async def test_no_call_goes_through_a_proxy_that_is_this_process(
    moto: str, listen: Listen, monkeypatch: pytest.MonkeyPatch, bucket: str, tmp_path: Path
) -> None:
    ourselves = listen(lambda request: response("502 Bad Gateway"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, ourselves.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    for endpoint in (moto, moto.replace("127.0.0.1", "localhost")):
        s3 = S3(S3Section(endpoint_url=endpoint, assume_role=True), own={ourselves.address})
        access = Access(region="us-east-1", role_arn=ROLE)
        await s3.put(bucket, "in.jsonl", access, b"{}")
        (source,) = await s3.inputs(Location(bucket, ""), access)
        await s3.download(bucket, source, access, tmp_path / "copy")
    assert ourselves.requests == []


async def test_calls_go_through_a_proxy_that_is_another_process(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = listen(empty)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    s3 = S3(S3Section(endpoint_url="http://s3.example"), own={("127.0.0.1", 1)})
    await s3.reachable(Location("bucket", ""), ACCESS)
    assert [request.split(b"?")[0] for request in (r.split(b"\r\n")[0] for r in proxy.requests)] == [
        b"HEAD http://s3.example/bucket HTTP/1.1",
        b"GET http://s3.example/bucket",
    ]


async def test_a_bundle_of_certificates_for_aws_tools_is_trusted_beside_the_usual_roots(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", certifi.where())
    await S3(S3Section(endpoint_url=listen(empty).url)).reachable(Location("bucket", ""), ACCESS)


async def test_a_missing_bundle_of_certificates_is_named(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(FileNotFoundError, match=r"missing\.pem"):
        await S3(S3Section(endpoint_url=listen(empty).url)).reachable(Location("bucket", ""), ACCESS)


def write_keys(path: Path, key: str) -> None:
    """Replace the shared credentials file, as tools that rotate keys do."""
    written = path.with_suffix(".new")
    written.write_text(
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n"
    )
    written.replace(path)


def knows_only(key: str, code: str) -> Callable[[bytes], bytes]:
    """S3, to which every other key is one of this error."""
    refused = refusal("403 Forbidden", code)
    return lambda request: (
        empty(request)
        if request.startswith(b"HEAD") or f"Credential={key}/".encode() in request
        else refused(request)
    )


@pytest.fixture
def only_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The shared credentials file, the only source of keys there is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path / "credentials"


async def test_a_credentials_file_that_was_rotated_is_read_again(listen: Listen, only_files: Path) -> None:
    s3 = S3(S3Section(endpoint_url=listen(knows_only("NEW", "ExpiredToken")).url))
    write_keys(only_files, "OLD")
    with pytest.raises(S3Unavailable, match="ExpiredToken"):
        await s3.reachable(Location("bucket", ""), ACCESS)
    write_keys(only_files, "NEW")
    await s3.reachable(Location("bucket", ""), ACCESS)


async def test_variables_that_changed_are_read_again(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = S3(S3Section(endpoint_url=listen(knows_only("NEW", "ExpiredToken")).url))
    with pytest.raises(S3Unavailable, match="ExpiredToken"):
        await s3.reachable(Location("bucket", ""), ACCESS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "NEW")
    await s3.reachable(Location("bucket", ""), ACCESS)


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
async def test_a_credential_process_is_asked_again_for_a_key_that_is_refused(
    listen: Listen, only_files: Path, tmp_path: Path, code: str
) -> None:
    keys = tmp_path / "keys.json"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {keys}\n")

    def issue(key: str) -> None:
        keys.write_text(json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s"}))

    s3 = S3(S3Section(endpoint_url=listen(knows_only("NEW", code)).url))
    issue("OLD")
    with pytest.raises((S3Unavailable, S3Refused)):
        await s3.reachable(Location("bucket", ""), ACCESS)
    issue("NEW")
    await s3.reachable(Location("bucket", ""), ACCESS)


async def test_a_key_that_was_replaced_while_it_was_in_use_is_worth_another_try(
    listen: Listen, only_files: Path
) -> None:
    def rotate(request: bytes) -> bytes:
        if b"Credential=OLD/" in request:
            write_keys(only_files, "NEW")
        return knows_only("NEW", "InvalidAccessKeyId")(request)

    s3 = S3(S3Section(endpoint_url=listen(rotate).url))
    write_keys(only_files, "OLD")
    with pytest.raises(S3Unavailable, match="InvalidAccessKeyId"):
        await s3.reachable(Location("bucket", ""), ACCESS)
    await s3.reachable(Location("bucket", ""), ACCESS)


async def test_a_role_is_assumed_with_the_rotated_key(
    moto: str, listen: Listen, only_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sts(request: bytes) -> bytes:
        if b"Credential=OLD/" in request:
            return response("403 Forbidden", STS_REFUSAL, content_type="text/xml")
        return response("200 OK", STS_ANSWER, content_type="text/xml")

    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", listen(sts).url)
    server = listen(empty)
    s3 = S3(S3Section(endpoint_url=server.url, assume_role=True))
    write_keys(only_files, "OLD")
    role = Access(region="us-east-1", role_arn=ROLE)
    with pytest.raises(S3Unavailable, match="ExpiredToken"):
        await s3.reachable(Location("bucket", ""), role)
    write_keys(only_files, "NEW")
    await s3.reachable(Location("bucket", ""), role)
    assert "Credential=OFTHEROLE/" in server.requests[-1].decode()


async def test_calls_are_observed_with_sizes_hashes_and_errors(
    s3: S3, client: Any, bucket: str, tmp_path: Path
) -> None:
    calls = list[Call]()
    s3.observer = calls.append
    client.put_object(Bucket=bucket, Key="in/a.jsonl", Body=b"line\n")
    (source,) = await s3.inputs(Location(bucket, "in/"), ACCESS)
    await s3.download(bucket, source, ACCESS, tmp_path / "a.jsonl")
    await s3.upload(bucket, "out/a b.out", ACCESS, [tmp_path / "a.jsonl"])
    await s3.put(bucket, "out/manifest", ACCESS, b"{}")
    assert await s3.beginning(Location(bucket, "in/"), ACCESS, 3) == b"lin"
    with pytest.raises(S3Refused):
        await s3.fetch(Location(bucket, "nothing.jsonl"), ACCESS, tmp_path / "nothing", 100)
    with pytest.raises(S3Refused):
        await s3.put("no-such-bucket-here", "key", ACCESS, b"x")
    base = str(s3.section.endpoint_url)
    hashed = hashlib.sha256(b"line\n").hexdigest()
    assert [(call.method, call.url.removeprefix(base), call.status) for call in calls] == [
        ("GET", f"/{bucket}/?list-type=2&prefix=in%2F", 200),
        ("GET", f"/{bucket}/in/a.jsonl", 200),
        ("PUT", f"/{bucket}/out/a%20b.out", 200),
        ("PUT", f"/{bucket}/out/manifest", 200),
        ("GET", f"/{bucket}/?list-type=2&prefix=in%2F", 200),
        ("GET", f"/{bucket}/in/a.jsonl", 200),
        ("GET", f"/{bucket}/nothing.jsonl", 404),
        ("PUT", "/no-such-bucket-here/key", 404),
    ]
    downloaded, uploaded, put = calls[1].response, calls[2].request, calls[3].request
    assert (downloaded.size, downloaded.sha256, downloaded.content) == (5, hashed, None)
    assert (uploaded.size, uploaded.sha256, uploaded.content) == (5, hashed, None)
    assert put.content == b"{}"
    assert "NoSuchBucket" in (calls[-1].error or "")
