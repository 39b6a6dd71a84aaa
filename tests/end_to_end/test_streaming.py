"""Traffic that is not Bedrock's passes as it arrives, through the launcher and through plain mitmdump."""

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import free_port
from addon.demo.servers import without_accounts
from addon.mitmdump import script
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import ROLE
from tests.waiting import PATIENCE, wait_until

UPLOAD = 200 << 20
BLOCK = b"x" * (1 << 20)
HELD = 100 << 20
"""Bytes by which a proxy that holds such an upload grows, and more."""
MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"


@dataclass
class Elsewhere:
    """A server that streams events until it is released, and counts what is uploaded."""

    port: int
    release: threading.Event = field(default_factory=threading.Event)
    uploaded: int = 0


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Elsewhere(listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        yield server
        server.release.set()
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: Elsewhere) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the listener is closed
        threading.Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: Elsewhere) -> None:
    with connection, connection.makefile("rwb") as stream:
        head = b"".join(iter(stream.readline, b"\r\n"))
        if head.startswith(b"GET"):
            stream.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
            stream.write(b"transfer-encoding: chunked\r\n\r\n7\r\ndata: 1\r\n")
            stream.flush()
            assert server.release.wait(PATIENCE)
            stream.write(b"7\r\ndata: 2\r\n0\r\n\r\n")
        else:
            while server.uploaded < UPLOAD:
                server.uploaded += len(stream.read(min(len(BLOCK), UPLOAD - server.uploaded)))
            stream.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


@dataclass(frozen=True)
class Running:
    port: int
    pid: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    @property
    def peak(self) -> int:
        """The most bytes of memory that the process has had."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) << 10


@contextmanager
def mitmdump(folder: Path) -> Iterator[Running]:
    """Plain mitmproxy with the script."""
    port = free_port()
    settings = {
        "confdir": str(folder),
        "flow_detail": "0",
        "listen_host": "127.0.0.1",
        "connection_strategy": "lazy",
        "batch_database": f"sqlite:///{folder / 'jobs.db'}",
    }
    options = [part for setting in settings.items() for part in ("--set", "=".join(setting))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", MITMDUMP, "-s", script.__file__, "-p", str(port), *options],
            env={**without_accounts(os.environ, folder), "HOME": str(folder), "OPENAI_API_KEY": "a-key"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        running = Running(port, process.pid)
        wait_until(lambda: listed(running) == 200, "a proxy that answers")
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE)


def listed(proxy: Running) -> int:
    try:
        with closing(proxy.connect()) as connection:
            url = "http://bedrock.us-east-1.amazonaws.com/model-invocation-jobs"
            connection.request("GET", url, headers={"x-model-provider": "openai"})
            return connection.getresponse().status
    except OSError:
        return 0


@pytest.fixture(params=["launched", "scripted"])
def running(request: pytest.FixtureRequest, start_proxy: StartProxy, tmp_path: Path) -> Iterator[Running]:
    if request.param == "launched":
        started = start_proxy()
        yield Running(started.port, started.pid)
    else:
        with mitmdump(tmp_path) as proxy:
            yield proxy


def test_an_event_stream_and_an_upload_pass_as_they_arrive(running: Running) -> None:
    with elsewhere() as server, closing(running.connect()) as connection:
        connection.request("GET", f"http://127.0.0.1:{server.port}/events")
        events = connection.getresponse()
        assert events.read(7) == b"data: 1"
        server.release.set()
        assert events.read() == b"data: 2"

        before = running.peak
        address, length = f"http://127.0.0.1:{server.port}/in.jsonl", str(UPLOAD)
        blocks = (BLOCK for _ in range(UPLOAD // len(BLOCK)))
        connection.request("PUT", address, body=blocks, headers={"content-length": length})
        assert connection.getresponse().status == 200
        assert server.uploaded == UPLOAD
        assert running.peak - before < HELD


def test_a_create_is_answered_however_it_is_sent(
    running: Running, provider: BatchServer, bucket: Any
) -> None:
    body = (
        b'{"jobName": "chunked", "roleArn": "%b", "modelId": "gpt-4o-mini", "inputDataConfig":'
        b' {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl"}}, "outputDataConfig":'
        b' {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/"}}, "x": "%b"}'
    ) % (ROLE.encode(), b"x" * (2 << 20))
    url = "http://bedrock.us-east-1.amazonaws.com/model-invocation-job"
    for chunked in (True, False):
        with closing(running.connect()) as connection:
            headers = {"x-model-provider": "openai", "content-type": "application/json"}
            parts = iter([body[: 1 << 20], body[1 << 20 :]])
            if chunked:
                connection.request("POST", url, body=parts, headers=headers, encode_chunked=True)
            else:
                connection.request("POST", url, body=body, headers=headers)
            response = connection.getresponse()
            assert (response.status, b"jobArn" in response.read()) == (200, True)
