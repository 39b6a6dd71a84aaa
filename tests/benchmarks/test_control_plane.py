"""What the proxy costs per request: a pass-through flow, and routed Get, List and Create.

    uv run pytest tests/benchmarks/test_control_plane.py -s [--seconds 2]

Proxies of the same machine take turns, and each ratio is the median of its turns: with the addon ÷ without
for flows that are not ours, routed ÷ an addon that answers a constant for those that are.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import override

import httpx
import pytest

from addon.demo.proxy_process import ProxyProcess, free_port
from addon.jobs.database.store import Store
from tests.addon.jobs.database.test_store import job

TURNS = 5
CREATE = {
    "jobName": "nightly",
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "modelId": "gpt-4o-mini",
    "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://a-bucket/in/"}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://a-bucket/out"}},
}
CONSTANT = """
from mitmproxy import http

def request(flow):
    flow.response = http.Response.make(200, b"{}", {"content-type": "application/json"})
"""

type Call = Callable[[httpx.Client], httpx.Response]


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def mitmdump(folder: Path, target: str, *arguments: str) -> Iterator[str]:
    """The address of a plain mitmdump in front of a server."""
    port = free_port()
    options = ["--mode", f"reverse:{target}", "--listen-port", str(port), "--set", f"confdir={folder}"]
    command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
    process = subprocess.Popen([*command, *options, *arguments])
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def rate(call: Call, url: str, seconds: float) -> float:
    """Requests a second over one connection."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        call(client).raise_for_status()
        end, count = time.perf_counter() + seconds, 0
        begun = time.perf_counter()
        while time.perf_counter() < end:
            call(client).raise_for_status()
            count += 1
        return count / (time.perf_counter() - begun)


def ratio(call: Call, ours: str, theirs: str, seconds: float) -> float:
    """The median of turns."""
    return statistics.median(rate(call, ours, seconds) / rate(call, theirs, seconds) for _ in range(TURNS))


def test_requests_a_second(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    seconds = float(pytestconfig.getoption("--seconds"))
    routed = {"x-model-provider": "openai"}
    constant = tmp_path / "constant.py"
    constant.write_text(CONSTANT)
    proxy = ProxyProcess(
        tmp_path / "proxy",
        environment={**os.environ, "OPENAI_API_KEY": "sk-none"},
        mode="reverse",
        settings={"batch_workers": "0"},
    )
    with ExitStack() as stack:
        target = stack.enter_context(upstream())
        plain = stack.enter_context(mitmdump(tmp_path / "plain", target))
        answering = stack.enter_context(mitmdump(tmp_path / "constant", target, "-s", str(constant)))
        script = str(Path(__file__).parents[2] / "addon" / "mitmdump" / "script.py")
        with_addon = stack.enter_context(mitmdump(tmp_path / "with", target, "-s", script))
        ours = stack.enter_context(proxy).url
        with httpx.Client(base_url=ours, headers=routed, trust_env=False) as client:
            arn = client.post("/model-invocation-job", json=CREATE).raise_for_status().json()["jobArn"]
        calls: dict[str, Call] = {
            "Get": lambda client: client.get(f"/model-invocation-job/{arn.replace('/', '%2F')}"),
            "List of 10": lambda client: client.get("/model-invocation-jobs?maxResults=10", headers=routed),
            "Create": lambda client: client.post("/model-invocation-job", json=CREATE, headers=routed),
        }
        print(f"\npass-through: {ratio(lambda client: client.get('/'), with_addon, plain, seconds):.2f}")
        for name, call in calls.items():
            print(f"{name} ÷ a constant answer: {ratio(call, ours, answering, seconds):.2f}")


def test_many_finished_jobs(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    seconds = float(pytestconfig.getoption("--seconds"))
    with ExitStack() as stack:
        urls, starts = [], []
        for number in (10, 10_000):
            proxy = ProxyProcess(
                tmp_path / str(number),
                environment={**os.environ, "OPENAI_API_KEY": "sk-none"},
                mode="reverse",
                settings={"batch_workers": "0"},
            )
            (tmp_path / str(number) / "data").mkdir(parents=True)
            fill(proxy.database, number)
            begun = time.perf_counter()
            urls.append(stack.enter_context(proxy).url)
            starts.append(time.perf_counter() - begun)
        few, many = urls
        routed = {"x-model-provider": "openai"}
        calls: dict[str, Call] = {
            "Get": lambda client: client.get("/model-invocation-job/job000000005"),
            "List of 10": lambda client: client.get("/model-invocation-jobs?maxResults=10", headers=routed),
            "List of 10 by status": lambda client: client.get(
                "/model-invocation-jobs?maxResults=10&statusEquals=Completed", headers=routed
            ),
        }
        print(f"\nstart: {starts[1] / starts[0]:.2f} of the time with 10 jobs")
        for name, call in calls.items():
            print(f"{name}: {1 / ratio(call, many, few, seconds):.2f} of the time with 10 jobs")


def fill(database: str, count: int) -> None:
    """Jobs that ended."""
    store = Store(database)
    with store.exclusive() as session:
        for number in range(count):
            one = job(f"job{number:09d}", status="Completed", inputs=[{"key": "in/a.jsonl"}] * 10)
            one.request = CREATE
            one.ended = one.submitted
            session.add(one)
    store.close()
