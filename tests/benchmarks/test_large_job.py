"""A large input: how much memory the proxy takes, and how long others wait for it meanwhile.

    uv run pytest tests/benchmarks/test_large_job.py -s [--megabytes 500]

S3, the provider and this program share the machine with the proxy, so the waiting is an upper bound.
"""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, Client, bedrock, counts, job_id

TEXT = (
    "Batch inference lets an application hand over many prompts at once and collect the answers later. " * 8
)
PROBES_PER_SECOND = 20


def completion(body: dict[str, object]) -> tuple[int, dict[str, object]]:
    """The same short answer to every record, so that the provider costs as little as it can."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Certainly."}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 200, "completion_tokens": 2, "total_tokens": 202}
    members = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
    return 200, {**members, "choices": [choice], "usage": usage}


def write_input(path: Path, megabytes: int) -> int:
    """About so many megabytes of records; how many there are."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64}
    count = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            message = {"role": "user", "content": f"{count}: {TEXT}"}
            record = {"recordId": f"REC{count:08d}", "modelInput": {**body, "messages": [message]}}
            file.write(json.dumps(record).encode() + b"\n")
            count += 1
    return count


def peak_megabytes(pid: int) -> float:
    """The largest resident set that a process had (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


def children(pid: int) -> list[int]:
    """The worker processes of a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


class Probe:
    """Somebody else who asks the proxy for a job the whole time."""

    def __init__(self, proxy: ProxyProcess, arn: str) -> None:
        self._url = f"http://bedrock.us-east-1.amazonaws.com/model-invocation-job/{job_id(arn)}"
        self._proxy = proxy
        self._over = threading.Event()
        self.seconds: list[float] = []
        self.peaks: dict[str, float] = {"proxy": 0.0, "worker": 0.0}

    def run(self) -> None:
        with httpx.Client(proxy=self._proxy.url, trust_env=False, timeout=60) as client:
            while not self._over.wait(1 / PROBES_PER_SECOND):
                begin = time.perf_counter()
                assert client.get(self._url).status_code == httpx.codes.OK
                self.seconds.append(time.perf_counter() - begin)
                self.peaks["proxy"] = peak_megabytes(self._proxy.pid)
                for worker in children(self._proxy.pid):
                    self.peaks["worker"] = max(self.peaks["worker"], peak_megabytes(worker))

    def stop(self) -> None:
        self._over.set()


@pytest.fixture
def input_file(request: pytest.FixtureRequest) -> Iterator[tuple[Path, int]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.jsonl"
        yield path, write_input(path, int(request.config.getoption("--megabytes")))


@pytest.mark.timeout(3600)
def test_a_large_input(
    input_file: tuple[Path, int], start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, s3: Client
) -> None:
    path, records = input_file
    provider.answer, provider.timing = completion, Timing(looks=1)
    s3.upload_file(str(path), bucket.name, "in.jsonl")
    proxy = start_proxy(config={"jobs": {"poll_interval": 1.0}})
    with bedrock(proxy, provider="openai") as client, ThreadPoolExecutor(1) as threads:
        begin = time.monotonic()
        arn = client.create_model_invocation_job(**bucket.request(bucket.uri("in.jsonl")))["jobArn"]
        probe = Probe(proxy, arn)
        asking = threads.submit(probe.run)
        job = until_over(lambda: client.get_model_invocation_job(jobIdentifier=arn))
        probe.stop()
        asking.result()
        took = time.monotonic() - begin
    assert (job["status"], counts(job)) == ("Completed", (records, records, records, 0))
    size = path.stat().st_size / 1e6
    cuts = statistics.quantiles(probe.seconds, n=100)
    print(
        f"\ninput            {size:8.0f} MB, {records} records, {len(provider.batches)} batches, {took:.0f} s"
    )
    print(f"proxy, peak      {probe.peaks['proxy']:8.0f} MB resident   (budget 300)")
    print(f"a worker, peak   {probe.peaks['worker']:8.0f} MB resident   (budget 300)")
    print(f"Get meanwhile    {cuts[98] * 1000:8.1f} ms p99          (budget 100)")
    print(f"                 {cuts[49] * 1000:8.1f} ms p50, {len(probe.seconds)} calls")


def until_over(look: Callable[[], dict[str, object]], pause: float = 1) -> dict[str, object]:
    while True:
        job = look()
        if "endTime" in job:
            return job
        time.sleep(pause)
