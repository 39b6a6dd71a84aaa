"""What is not routed reaches the other side as it would have through a mitmproxy without the addon.

boto3 signs each request once, straight to a server that writes down what it is sent. The very bytes then
go through a plain mitmdump and through ours, in regular and in reverse mode.
"""

import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from addon.demo.proxy_process import free_port
from addon.demo.servers import without_accounts
from addon.mitmdump import script
from tests.end_to_end.harness import ROLE, client
from tests.end_to_end.upstream import ARN, Upstream, recording_upstream
from tests.waiting import PATIENCE, wait_until

CREATE = {
    "jobName": "unrouted",
    "roleArn": ROLE,
    "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl"}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/"}},
}
PART = 5 * 1024 * 1024

CALLS: Mapping[str, Callable[[Any, Any], object]] = {
    "create": lambda bedrock, s3: bedrock.create_model_invocation_job(**CREATE),
    "get by ARN": lambda bedrock, s3: bedrock.get_model_invocation_job(jobIdentifier=ARN),
    "get by id": lambda bedrock, s3: bedrock.get_model_invocation_job(jobIdentifier=ARN[-12:]),
    "stop": lambda bedrock, s3: bedrock.stop_model_invocation_job(jobIdentifier=ARN),
    "list": lambda bedrock, s3: bedrock.list_model_invocation_jobs(
        statusEquals="Completed", nameContains="a+b", maxResults=5, nextToken="a/b=="
    ),
    "list tags": lambda bedrock, s3: bedrock.list_tags_for_resource(resourceARN=ARN),
    "put": lambda bedrock, s3: s3.put_object(Bucket="in-bucket", Key="a b/in~.jsonl", Body=b"{}\n" * 9),
    "multipart upload": lambda bedrock, s3: s3.upload_fileobj(
        BytesIO(b"{}\n" * (PART // 2)),
        "in-bucket",
        "in.jsonl",
        Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False),
    ),
    "range get": lambda bedrock, s3: s3.get_object(Bucket="b", Key="k", Range="bytes=0-9"),
}
BEDROCK = [name for name in CALLS if name not in {"put", "multipart upload", "range get"}]


@dataclass(frozen=True)
class Ports:
    """A mitmproxy that listens in both modes."""

    regular: int
    reverse: int


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with recording_upstream(tmp_path_factory.mktemp("upstream")) as server:
        yield server


@pytest.fixture(scope="module")
def signed(upstream: Upstream) -> Mapping[str, list[bytes]]:
    """What boto3 sends for each call, dates and signatures included."""
    sent: dict[str, list[bytes]] = {}
    with ExitStack() as stack:
        bedrock, s3 = (
            stack.enter_context(
                closing(client(name, endpoint=upstream.url, verify=str(upstream.authority), proxies={}))
            )
            for name in ("bedrock", "s3")
        )
        for name, call in CALLS.items():
            upstream.requests.clear()
            call(bedrock, s3)
            sent[name] = list(upstream.requests)
    return sent


@contextmanager
def _mitmproxy(folder: Path, upstream: Upstream, *command: str, addon: bool) -> Iterator[Ports]:
    ports = Ports(free_port(), free_port())
    config = folder / "bedrock-batch.toml"
    config.write_text(f"[jobs]\nfolder = {json.dumps(str(folder / 'data'))}\n")
    settings = {
        "confdir": str(folder),
        "connection_strategy": "lazy",
        "flow_detail": "0",
        "listen_host": "127.0.0.1",
        "ssl_insecure": "true",  # the upstream of this test is certified by nobody
    }
    if addon:
        settings |= {"batch_config": str(config), "batch_hosts": rf"^127\.0\.0\.1:{upstream.port}$"}
    modes = (f"regular@{ports.regular}", f"reverse:{upstream.url}@{ports.reverse}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", *command),
                *(part for mode in modes for part in ("--mode", mode)),
                *(part for setting in settings.items() for part in ("--set", "=".join(setting))),
            ],
            env={**without_accounts(os.environ, folder), "OPENAI_API_KEY": "the-providers-key"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, ports, folder / "log", routed=addon)
        yield ports
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _await(process: subprocess.Popen[bytes], ports: Ports, log: Path, *, routed: bool) -> None:
    """Wait until it listens, and with the addon until a routed List is answered by it."""

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            if routed:
                return _list(ports, {"x-model-provider": "openai"}) == 200
            socket.create_connection(("127.0.0.1", ports.reverse)).close()
        except OSError:
            return False
        return True

    wait_until(is_ready, "a proxy that answers")


def _list(ports: Ports, headers: Mapping[str, str]) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", ports.reverse, timeout=PATIENCE)) as connection:
        connection.request("GET", "/model-invocation-jobs", headers=dict(headers))
        return connection.getresponse().status


MITMDUMP = ("-c", "from mitmproxy.tools.main import mitmdump; mitmdump()")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Ports]:
    with _mitmproxy(tmp_path_factory.mktemp("plain"), upstream, *MITMDUMP, addon=False) as ports:
        yield ports


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Ports]:
    command = ("-m", "addon.cli.main", "proxy")
    with _mitmproxy(tmp_path_factory.mktemp("launched"), upstream, *command, addon=True) as ports:
        yield ports


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Ports]:
    command = (*MITMDUMP, "-s", script.__file__)
    with _mitmproxy(tmp_path_factory.mktemp("scripted"), upstream, *command, addon=True) as ports:
        yield ports


def _send(raw: bytes, ports: Ports, mode: str, upstream: Upstream) -> list[bytes]:
    """Send the bytes through the proxy; the requests that arrived at the other end."""
    before = len(upstream.requests)
    with ExitStack() as stack:
        port = ports.regular if mode == "regular" else ports.reverse
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        if mode == "regular":
            connection = stack.enter_context(_tunnelled(connection, upstream))
        connection.sendall(raw)
        response = http.client.HTTPResponse(connection, method=raw.partition(b" ")[0].decode())
        response.begin()
        response.read()
        assert response.status in {200, 206}
    return upstream.requests[before:]


def _tunnelled(connection: socket.socket, upstream: Upstream) -> ssl.SSLSocket:
    connection.sendall(f"CONNECT 127.0.0.1:{upstream.port} HTTP/1.1\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection, method="CONNECT")
    answer.begin()
    assert answer.status == 200
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the certificate is mitmproxy's own
    return context.wrap_socket(connection)


each_mode = pytest.mark.parametrize("mode", ["regular", "reverse"])


@each_mode
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("with_addon", ["launched", "scripted"])
def test_unrouted_calls_arrive_as_through_a_plain_mitmproxy(
    request: pytest.FixtureRequest,
    with_addon: str,
    plain: Ports,
    upstream: Upstream,
    signed: Mapping[str, list[bytes]],
    call: str,
    mode: str,
) -> None:
    ours: Ports = request.getfixturevalue(with_addon)
    for raw in signed[call]:
        (arrived,) = _send(raw, ours, mode, upstream)
        assert [arrived] == _send(raw, plain, mode, upstream)


@pytest.mark.parametrize("call", BEDROCK)
def test_unrouted_bedrock_calls_arrive_as_they_were_signed(
    launched: Ports, upstream: Upstream, signed: Mapping[str, list[bytes]], call: str
) -> None:
    (raw,) = signed[call]
    assert _send(raw, launched, "regular", upstream) == [raw]


def test_the_calls_are_what_they_are_taken_for(signed: Mapping[str, list[bytes]]) -> None:
    assert {name: len(sent) for name, sent in signed.items() if len(sent) != 1} == {"multipart upload": 4}
    assert b"Content-Encoding: aws-chunked" in signed["put"][0]
    assert b"\r\nx-amz-checksum-crc32:" in signed["put"][0]  # the trailer inside the body
    for raw in chain.from_iterable(signed.values()):
        assert re.search(rb"(?im)^authorization: AWS4-HMAC-SHA256 ", raw)


@each_mode
@pytest.mark.parametrize("with_addon", ["launched", "scripted"])
def test_a_routed_call_on_the_same_way_does_not_arrive(
    request: pytest.FixtureRequest,
    with_addon: str,
    upstream: Upstream,
    signed: Mapping[str, list[bytes]],
    mode: str,
) -> None:
    routed = signed["list"][0].replace(b"\r\n", b"\r\nx-model-provider: openai\r\n", 1)
    routed = routed.replace(b"&nextToken=a%2Fb%3D%3D", b"")
    assert _send(routed, request.getfixturevalue(with_addon), mode, upstream) == []
