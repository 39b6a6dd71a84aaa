"""The JavaScript SDK, which reads no proxy variables, under `bedrock-batch run`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from addon.demo.fake_provider.server import BatchServer
from tests.end_to_end.conftest import prepared
from tests.end_to_end.harness import CLAUDE, ROLE, Bucket
from tests.waiting import PATIENCE

HERE = Path(__file__).parent / "javascript"

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "@aws-sdk" / "client-bedrock").is_dir(),
        reason=f"the SDK is not installed: npm install --no-package-lock --prefix {HERE}",
    ),
]


def test_a_job_of_the_javascript_sdk_comes_home(
    tmp_path: Path, bucket: Bucket, s3_url: str, provider: BatchServer
) -> None:
    proxy = prepared(tmp_path, s3_url, provider)  # for its configuration and environment
    run = ["run", "--provider", "openai", "--config", str(tmp_path / "bedrock-batch.toml")]
    program = ["node", str(HERE / "job.mjs"), bucket.name, ROLE, CLAUDE]
    result = subprocess.run(
        [sys.executable, "-P", "-m", "addon.cli.main", *run, "--", *program],
        cwd=tmp_path,
        env={**proxy.environment, "AWS_REGION": "us-east-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["status"], told["ended"], told["listed"]) == ("Completed", True, [True])
    assert told["stop"]["name"] == "ValidationException"
    assert "State was: Completed" in told["stop"]["message"]
    assert told["row"]["recordId"] == "REC00000000"
    assert told["row"]["modelOutput"]["type"] == "message"
    assert "no Bedrock call" not in result.stderr
