"""Who gets to see which credentials: the provider no AWS ones, disks and logs none at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import PROVIDER_KEY, PROXY_AWS, StartProxy
from tests.end_to_end.harness import CALLER, Bucket, Client, bedrock, claude, ended, jsonl, when
from tests.waiting import wait_until

BROUGHT = "the-key-that-the-caller-brought"
AWS = (*CALLER.values(), *PROXY_AWS.values())
SECRETS = (PROVIDER_KEY, BROUGHT, "not-the-providers-key", *AWS)

RECORDS = [claude(1), claude(2, "please fail")]


@pytest.fixture
def verbose_proxy(start_proxy: StartProxy) -> ProxyProcess:
    """A proxy that logs and saves as much as it can."""
    settings = {
        "flow_detail": "4",
        "termlog_verbosity": "debug",
        "save_stream_file": "flows",
        "hardump": "flows.har",
        "batch_show_calls": "bodies",
    }
    return start_proxy(settings=settings)


def bring(client: Client) -> None:
    """Have every call carry a provider's key."""

    def add_header(request: AWSRequest, **_: Any) -> None:
        request.headers.add_header("x-api-key", BROUGHT)

    client.meta.events.register("before-sign.bedrock.*", add_header)


def create(client: Client, bucket: Bucket) -> str:
    request = bucket.request(bucket.put("in.jsonl", jsonl(RECORDS)))
    arn: str = client.create_model_invocation_job(**request)["jobArn"]
    return arn


def authorizations(provider: BatchServer) -> set[str]:
    return {dict(seen.headers)["Authorization"] for seen in provider.seen}


def leaks(proxy: ProxyProcess) -> Iterator[tuple[str, str]]:
    """Every secret that stands in a file of the proxy's."""
    files = [path for path in proxy.folder.rglob("*") if path.is_file()]
    assert {"proxy.log", "flows", "jobs.db"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        yield from ((str(path), secret) for secret in SECRETS if secret.encode() in content)


def test_the_provider_sees_its_key_and_nothing_of_aws(
    provider: BatchServer, routed: Client, bucket: Bucket
) -> None:
    ended(routed, create(routed, bucket))
    assert authorizations(provider) == {f"Bearer {PROVIDER_KEY}"}
    sent = [text for seen in provider.seen for pair in (*seen.headers, ("", seen.query)) for text in pair]
    of_aws = ("x-amz", "aws4-hmac-sha256", *AWS)
    assert not [text for text in sent if any(word in text.lower() for word in of_aws)]


def test_a_key_that_the_caller_brought_is_the_one_used(
    verbose_proxy: ProxyProcess, provider: BatchServer, bucket: Bucket
) -> None:
    provider.key = BROUGHT
    with bedrock(verbose_proxy, provider="openai") as client:
        bring(client)
        assert ended(client, create(client, bucket))["status"] == "Completed"
        wait_until(lambda: not provider.files, "the deletion of the files")
    assert authorizations(provider) == {f"Bearer {BROUGHT}"}


def test_no_key_is_in_any_log_flow_file_or_database(
    verbose_proxy: ProxyProcess, provider: BatchServer, bucket: Bucket
) -> None:
    with bedrock(verbose_proxy, provider="openai", on="*") as client:
        ended(client, create(client, bucket))
        provider.key = BROUGHT
        bring(client)
        running = create(client, bucket)
        when(client, running, "InProgress", "Completed")
        assert list(leaks(verbose_proxy)) == []
        ended(client, running)
        client.list_model_invocation_jobs()
    with bedrock(verbose_proxy, provider="wrong") as client:
        job = ended(client, create(client, bucket))
        assert not [secret for secret in SECRETS if secret in job["message"]]
    verbose_proxy.stop()
    assert list(leaks(verbose_proxy)) == []
    har = (verbose_proxy.folder / "flows.har").read_text()
    assert f"{provider.url}/files" in har  # the proxy's own calls are in it
    assert "/manifest.json.out" in har


def test_the_spool_and_the_secret_are_the_owners_alone(verbose_proxy: ProxyProcess) -> None:
    (secret,) = verbose_proxy.folder.rglob("secret.key")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert Path(secret.parent).stat().st_mode & 0o077 == 0
