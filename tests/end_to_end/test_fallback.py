"""A header that names several providers: who runs the job, as the application and `jobs show` see it."""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSRequest

from addon.demo.fake_provider.batch import Outcome
from addon.demo.fake_provider.input_check import Problem
from addon.demo.fake_provider.server import BatchServer
from tests.addon.cli.programs import command
from tests.end_to_end.conftest import StartProxy
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, client, counts, ended, jsonl
from tests.end_to_end.upstream import ARN, recording_upstream

TEN = [claude(number) for number in range(1, 11)]
NO_MODEL = Outcome(problems=(Problem(code="model_not_found", message="There is no such model"),))


def create(client: Client, bucket: Bucket) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(TEN)))
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def shown(folder: Path, job: str) -> dict[str, Any]:
    """`bedrock-batch jobs show --json` of a job of the proxy in this folder."""
    arguments = ("jobs", "show", job, "--json", "--config", str(folder / "bedrock-batch.toml"))
    job_shown: dict[str, Any] = json.loads(
        subprocess.run(command(*arguments), check=True, capture_output=True).stdout
    )
    return job_shown


def test_a_job_that_the_first_refuses_at_create_runs_on_the_second(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket
) -> None:
    proxy = start_proxy()
    with bedrock(proxy, provider="keyless, wrong, small") as client:
        arn = create(client, bucket)
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (10, 10, 10, 0))
    job_shown = shown(proxy.folder, arn)
    assert job_shown["provider"] == "small"
    assert [refusal.partition(" ")[0] for refusal in job_shown["refusals"]] == ["No", "wrong:"]


def test_a_job_whose_batch_fails_validation_runs_on_the_second(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket
) -> None:
    fates = iter([NO_MODEL])
    provider.outcome = lambda number: next(fates, Outcome())
    proxy = start_proxy()
    with bedrock(proxy, provider="openai, small") as client:
        arn = create(client, bucket)
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (10, 10, 10, 0))
    assert len(provider.batches) == 2
    assert len(bucket.rows(arn)) == 10
    job_shown = shown(proxy.folder, arn)
    assert (job_shown["provider"], job_shown["fallbacks"]) == ("small", [])
    assert job_shown["refusals"] == ["openai: There is no such model (model_not_found)"]


def test_a_job_that_all_refuse_fails_with_the_words_of_all(
    provider: BatchServer, routed_to: Callable[[str], Client], bucket: Bucket
) -> None:
    provider.outcome = lambda number: NO_MODEL
    client = routed_to("openai, small")
    job = ended(client, create(client, bucket))
    assert job["status"] == "Failed"
    assert job["message"].count("There is no such model") == 2


def test_bedrock_as_the_last_gets_the_callers_own_request(
    start_proxy: StartProxy, provider: BatchServer, bucket: Bucket, tmp_path: Path
) -> None:
    with recording_upstream(tmp_path) as upstream:
        proxy = start_proxy(
            settings={
                "ssl_verify_upstream_trusted_ca": str(upstream.authority),
                "batch_hosts": r"127\.0\.0\.1",
            }
        )
        sent: list[AWSRequest] = []
        made = client(
            "bedrock", endpoint=upstream.url, proxies={"https": proxy.url}, verify=str(proxy.bundle)
        )
        with closing(made):
            events = made.meta.events
            events.register(
                "before-sign.bedrock",
                lambda request, **_: request.headers.add_header(
                    "x-model-provider", "keyless, wrong, bedrock"
                ),
            )
            events.register("before-send.bedrock", lambda request, **_: sent.append(request))
            assert create(made, bucket) == ARN
    (received,) = upstream.requests
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == sent[0].body
    for name, value in sent[0].headers.items():
        assert f"{name}: ".encode() + (value if isinstance(value, bytes) else value.encode()) in head
    assert not provider.batches
