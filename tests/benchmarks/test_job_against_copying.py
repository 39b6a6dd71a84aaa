"""A whole job, as a ratio to copying the same bytes over the same hops.

    uv run pytest tests/benchmarks/test_job_against_copying.py -s [--megabytes 300]

Copied is S3 → file, file → provider in as many uploads as the job has batches, results → file, file → S3. S3,
the provider and the proxy are processes of their own. Both sides are measured in turns; the budget is 2.5.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from addon.demo.proxy_process import ProxyProcess
from tests.benchmarks.test_large_job import until_over, write_input
from tests.end_to_end.conftest import PROVIDER_KEY, PROXY_AWS
from tests.end_to_end.harness import REGION, Bucket, bedrock, client, counts, job_id

TURNS = 3
PIECE = 1 << 20


@contextmanager
def server(program: str, folder: Path) -> Iterator[str]:
    """The URL of a server that keeps its files in this folder."""
    folder.mkdir()
    path = Path(__file__).with_name(program)
    command = [sys.executable, str(path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Copy:
    """Copies a job's bytes with one connection and nothing else."""

    def __init__(self, s3: str, provider: str, folder: Path, http: httpx.Client) -> None:
        self._s3, self._provider, self._folder, self._http = s3, provider, folder, http

    def run(self, source: str, lines: list[Path], results: list[str], output: Path, target: str) -> float:
        """Seconds for all hops. `lines`: of the shards; `results`: ids of the provider's files."""
        begin = time.perf_counter()
        self._fetch(f"{self._s3}/{source}", "in")
        for path in lines:
            with path.open("rb") as file:
                sent = self._http.post(
                    f"{self._provider}/v1/files", data={"purpose": "batch"}, files={"file": ("f", file)}
                )
                assert sent.is_success
        for result in results:
            self._fetch(f"{self._provider}/v1/files/{result}/content", "results")
        with output.open("rb") as file:
            size = {"Content-Length": str(output.stat().st_size)}
            assert self._http.put(f"{self._s3}/{target}", content=file, headers=size).is_success
        return time.perf_counter() - begin

    def _fetch(self, url: str, name: str) -> None:
        with self._http.stream("GET", url) as response, (self._folder / name).open("wb") as file:
            assert response.is_success
            for piece in response.iter_bytes(PIECE):
                file.write(piece)


def shards_of(source: Path, folder: Path, count: int) -> list[Path]:
    """The input in as many files of whole lines: what is uploaded has about its size."""
    data = source.read_bytes()
    paths, begin = [], 0
    for number in range(count):
        end = data.find(b"\n", len(data) * (number + 1) // count - 1) + 1
        paths.append(folder / f"shard-{number}")
        paths[-1].write_bytes(data[begin:end])
        begin = end
    return paths


@pytest.mark.timeout(3600)
def test_a_job_against_copying(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source = tmp_path / "in.jsonl"
    records = write_input(source, int(request.config.getoption("--megabytes")))
    with ExitStack() as stack:
        s3_url = stack.enter_context(server("file_s3.py", tmp_path / "s3"))
        provider_folder = tmp_path / "provider"
        provider_url = stack.enter_context(server("file_provider.py", provider_folder))
        s3 = stack.enter_context(closing(client("s3", endpoint=s3_url)))
        s3.create_bucket(Bucket="bucket")
        bucket = Bucket(s3, "bucket")
        with source.open("rb") as file:
            httpx.put(f"{s3_url}/bucket/in.jsonl", content=file.read(), timeout=600)
        proxy = stack.enter_context(
            ProxyProcess(
                tmp_path / "proxy",
                environment={
                    **PROXY_AWS,
                    "PATH": "/usr/bin:/bin",
                    "HOME": str(tmp_path),
                    "AWS_DEFAULT_REGION": REGION,
                    "AWS_ENDPOINT_URL_S3": s3_url,
                    "OPENAI_API_KEY": PROVIDER_KEY,
                    "OPENAI_BASE_URL": f"{provider_url}/v1",
                },
                settings={"flow_detail": "0"},
                config={
                    "jobs": {"poll_interval": 0.2, "keep_provider_files": True},
                    "providers.openai": {"kind": "openai"},
                    "providers.openai.models": {"*": "gpt-4o-mini"},
                },
            )
        )
        http = stack.enter_context(httpx.Client(timeout=600, trust_env=False))
        copy = Copy(s3_url, provider_url, tmp_path, http)
        ratios = []
        for turn in range(TURNS):
            before = set(provider_folder.glob("*-output"))
            took, output = _run(proxy, bucket, records, tmp_path / "s3")
            results = [path.name for path in provider_folder.glob("*-output") if path not in before]
            lines = shards_of(source, tmp_path, len(results))
            copied = copy.run("bucket/in.jsonl", lines, results, output, f"bucket/copy-{turn}")
            ratios.append(took / copied)
            print(f"\njob {took:6.1f} s   copying {copied:6.1f} s   ratio {ratios[-1]:5.2f}   (budget 2.5)")
    print(f"median {statistics.median(ratios):.2f}, {records} records, {len(results)} batches")


def _run(proxy: ProxyProcess, bucket: Bucket, records: int, s3: Path) -> tuple[float, Path]:
    """Seconds from Create to the end of a job, and the file of its output."""
    with bedrock(proxy, provider="openai") as made:
        begin = time.perf_counter()
        arn = made.create_model_invocation_job(**bucket.request(bucket.uri("in.jsonl")))["jobArn"]
        job = until_over(lambda: made.get_model_invocation_job(jobIdentifier=arn), pause=0.1)
        took = time.perf_counter() - begin
    assert (job["status"], counts(job)) == ("Completed", (records, records, records, 0))
    (output,) = s3.rglob(f"*{job_id(arn)}/in.jsonl.out")
    return took, output
