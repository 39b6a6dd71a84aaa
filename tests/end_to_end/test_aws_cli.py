"""AWS's own command line against the proxy."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.batch import Timing
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import CLAUDE, REGION, ROLE, Bucket, claude, job_id, jsonl
from tests.waiting import PATIENCE, wait_until


@dataclass(frozen=True)
class Cli:
    """`aws`, whose Bedrock calls go through a proxy that routes them all."""

    proxy: ProxyProcess
    folder: Path

    def __call__(self, *arguments: str, code: int = 0) -> Any:
        """What the command prints, read as JSON where it is; of a command that fails, its message."""
        result = subprocess.run(
            [sys.executable, "-P", "-m", "awscli", *arguments],
            cwd=self.folder,
            env={
                **self.proxy.environment,
                "AWS_REGION": REGION,
                "AWS_PAGER": "",
                "AWS_MAX_ATTEMPTS": "1",
                "HTTPS_PROXY": self.proxy.url,
                "NO_PROXY": "127.0.0.1",
                "AWS_CA_BUNDLE": str(self.proxy.bundle),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert result.returncode == code, result.stderr
        if code:
            return result.stderr
        return json.loads(result.stdout) if result.stdout.startswith(("{", "[")) else result.stdout


@pytest.fixture
def aws(start_proxy: StartProxy, tmp_path: Path) -> Cli:
    return Cli(start_proxy(settings={"batch_provider": "openai"}), tmp_path)


def create(aws: Cli, bucket: Bucket, **more: str) -> str:
    places = {"input": f"{bucket.name}/in.jsonl", "output": f"{bucket.name}/out/"}
    arguments = [
        *("--job-name", "from-the-command-line", "--role-arn", ROLE, "--model-id", CLAUDE),
        *("--input-data-config", f"s3InputDataConfig={{s3Uri=s3://{places['input']}}}"),
        *("--output-data-config", f"s3OutputDataConfig={{s3Uri=s3://{places['output']}}}"),
        *("--tags", "key=team,value=search"),
        *(part for name, value in more.items() for part in (f"--{name}", value)),
    ]
    arn: str = aws("bedrock", "create-model-invocation-job", *arguments)["jobArn"]
    return arn


def status(aws: Cli, arn: str) -> str:
    job = aws("bedrock", "get-model-invocation-job", "--job-identifier", arn)
    return str(job["status"])


def test_a_job_from_upload_to_download(aws: Cli, bucket: Bucket, provider: BatchServer) -> None:
    (aws.folder / "in.jsonl").write_bytes(jsonl(claude(number) for number in range(3)))
    aws("s3", "cp", "in.jsonl", f"s3://{bucket.name}/in.jsonl")
    arn = create(aws, bucket, **{"client-request-token": "a-token"})
    assert create(aws, bucket, **{"client-request-token": "a-token"}) == arn
    wait_until(lambda: status(aws, arn) == "Completed", "the job's end")

    query = "invocationJobSummaries[?jobName=='from-the-command-line'].jobArn"
    listed = aws("bedrock", "list-model-invocation-jobs", "--status-equals", "Completed", "--query", query)
    assert listed == [arn]
    tags = aws("bedrock", "list-tags-for-resource", "--resource-arn", arn)
    assert tags == {"tags": [{"key": "team", "value": "search"}]}

    aws("s3", "sync", f"s3://{bucket.name}/out/", "out")
    folder = aws.folder / "out" / job_id(arn)
    rows = [json.loads(line) for line in (folder / "in.jsonl.out").read_text().splitlines()]
    assert [row["recordId"] for row in rows] == [claude(number)["recordId"] for number in range(3)]
    assert json.loads((folder / "manifest.json.out").read_text())["successRecordCount"] == 3


def test_errors_are_those_of_aws(aws: Cli, bucket: Bucket, provider: BatchServer) -> None:
    provider.timing = Timing(seconds=PATIENCE)
    bucket.put("in.jsonl", jsonl([claude(0)]))
    arn = create(aws, bucket)
    aws("bedrock", "stop-model-invocation-job", "--job-identifier", job_id(arn))
    again = aws("bedrock", "stop-model-invocation-job", "--job-identifier", arn, code=255)
    assert "(ValidationException) when calling the StopModelInvocationJob operation" in again
    wrong = aws("bedrock", "tag-resource", "--resource-arn", arn, "--tags", "key=k,value=a*b", code=255)
    assert "(ValidationException) when calling the TagResource operation" in wrong
    wait_until(lambda: status(aws, arn) == "Stopped", "the job's end")
