"""Direct mode's records a second, against a bare loop of httpx on the same server.

uv run pytest tests/benchmarks/test_direct_mode.py -s [--records 5000]
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from addon.demo.proxy_process import free_port
from tests.addon.jobs.job_setup import JOB, Setup, is_over
from tests.benchmarks.test_control_plane import wait_for

CONCURRENCY = 32
SERVER = """
import asyncio, sys

MESSAGE = b'{"role":"assistant","content":"Certainly."}'
BODY = b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[' \\
    b'{"index":0,"message":%s,"finish_reason":"stop"}],' \\
    b'"usage":{"prompt_tokens":200,"completion_tokens":2,"total_tokens":202}}' % MESSAGE
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
ANSWER = HEAD % len(BODY) + BODY

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            lengths = [line for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


async def bare(url: str, lines: list[dict[str, Any]]) -> float:
    """Records a second of a loop that keeps nothing."""
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client:
        left = iter(lines)

        async def ask() -> None:
            for line in left:
                (await client.post(f"{url}/chat/completions", json=line)).raise_for_status()

        begun = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(CONCURRENCY)))
        return len(lines) / (time.perf_counter() - begun)


class Address:
    def __init__(self, url: str) -> None:
        self.url = url


@pytest.fixture
def provider_url() -> Iterator[str]:
    """A provider in a process of its own, which costs as little as it can."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)])
    wait_for(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}/v1"
    server.terminate()
    server.wait()


async def test_records_a_second(
    tmp_path: Path,
    s3_url: str,
    provider_url: str,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    count = int(pytestconfig.getoption("--records"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    text = "Batch inference lets an application hand over many prompts at once. " * 8
    messages = [{"role": "user", "content": [{"text": text}]}]
    rows = [json.dumps({"recordId": str(n), "modelInput": {"messages": messages}}) for n in range(count)]
    s3 = boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1")
    s3.create_bucket(Bucket="a-bucket")
    s3.put_object(Bucket="a-bucket", Key="in/a.jsonl", Body="\n".join(rows).encode())
    line = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    before = await bare(provider_url, [line] * count)
    setup = Setup(
        tmp_path / "data",
        s3_url,
        Address(provider_url),
        mode="direct",
        concurrency=CONCURRENCY,
        jobs={"poll_interval": 1.0},
    )
    async with setup.open() as runner:
        setup.add()
        await runner.submit(JOB)
        await setup.until(lambda job: job.status == "InProgress" or is_over(job))
        begun = time.perf_counter()
        while not is_over(setup.job()) and setup.job().succeeded < count:  # noqa: ASYNC110 - of a database
            await asyncio.sleep(0.2)
        ours = count / (time.perf_counter() - begun)
        job = await setup.until(is_over)
    after = await bare(provider_url, [line] * count)
    assert job.succeeded == count
    loop = (before + after) / 2
    print(f"\n{ours:.0f} records a second, {ours / loop:.2f} of the bare loop's {loop:.0f}")
