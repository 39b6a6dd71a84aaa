"""A whole job as a capturing proxy sees it becomes recordings: its life-cycle, and each of its records."""

import json
import os
from pathlib import Path
from typing import Any

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from addon.demo.servers import without_accounts
from tests.addon.cli import programs
from tests.addon.recorder.capturing import captured
from tests.end_to_end.conftest import POLL_INTERVAL, PROVIDERS, PROXY_AWS
from tests.end_to_end.harness import CALLER, REGION, Bucket, bedrock, claude, client, ended, jsonl
from tests.translators.test_recordings import (
    test_conversations_ask_what_was_asked_and_end_as_they_ended as life_cycle_plays,
)
from tests.translators.test_recordings import test_record_becomes_the_line_that_was_sent as line_is_made
from tests.translators.test_recordings import (
    test_row_becomes_the_output_that_bedrock_would_write as output_is_made,
)
from tests.translators.test_recordings import (
    test_what_the_provider_cannot_take_as_it_was_said_is_noted as notes_are_made,
)

ACCOUNT = "999988887777"
RECORDS = [claude(0), claude(1, "please fail"), claude(2, top_k=5)]


def test_a_captured_job_becomes_recordings(
    tmp_path: Path, s3_url: str, bucket: Bucket, provider: BatchServer
) -> None:
    with captured(tmp_path) as capture:
        to_be_seen: dict[str, Any] = {"proxies": {"http": capture.url}}
        s3 = client("s3", endpoint=s3_url, s3={"addressing_style": "path"}, **to_be_seen)
        s3.put_object(Bucket=bucket.name, Key="in.jsonl", Body=jsonl(RECORDS))
        environment = {
            **without_accounts(os.environ, tmp_path),
            **PROXY_AWS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": s3_url,
            "HOME": str(tmp_path),
            "OPENAI_API_KEY": provider.key,
            "OPENAI_BASE_URL": provider.url,
            "HTTP_PROXY": capture.url,
        }
        config: dict[str, Any] = {"jobs": {"poll_interval": POLL_INTERVAL}, **PROVIDERS}
        with (
            ProxyProcess(tmp_path / "proxy", environment=environment, mode="reverse", config=config) as proxy,
            bedrock(proxy, provider="openai", **to_be_seen) as routed,
        ):
            request = bucket.request(bucket.uri("in.jsonl"), roleArn=f"arn:aws:iam::{ACCOUNT}:role/r")
            arn = routed.create_model_invocation_job(**request)["jobArn"]
            assert ended(routed, arn)["status"] == "Completed"
        s3.close()
    arguments = ["record", str(capture.flows), "--provider", "openai", "--records", "2"]
    done = programs.run(arguments, tmp_path, {"OPENAI_BASE_URL": provider.url})
    assert done.returncode == 0, done.stderr
    folders = tmp_path / "recordings" / "openai"
    life_cycle_plays(folders / "nightly")
    cases = sorted(folders.glob("nightly-record-*"))
    assert len(cases) == 2
    for case in cases:
        line_is_made(case)
        notes_are_made(case)
        output_is_made(case)
    shown = {json.loads((case / "record.json").read_bytes())["recordId"] for case in cases}
    assert shown <= {record["recordId"] for record in RECORDS}
    text = "\n".join(file.read_text(encoding="utf-8") for file in folders.parent.rglob("*.json"))
    for secret in (*CALLER.values(), *PROXY_AWS.values(), provider.key, ACCOUNT):
        assert secret not in text
