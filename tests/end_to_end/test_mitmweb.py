"""What people see in mitmweb of jobs: by its own HTTP interface, and in files that it saves."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from mitmproxy import flowfilter
from mitmproxy.addons import export
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.http import HTTPFlow
from mitmproxy.test import taddons

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess, free_port
from tests.end_to_end.conftest import PROVIDER_KEY, PROXY_AWS, SHARED, prepared
from tests.end_to_end.harness import CALLER, Bucket, bedrock, claude, client, ended, job_id, jsonl
from tests.end_to_end.mitmweb import Mitmweb, Row, arguments
from tests.waiting import wait_until

RECORDS = [claude(1, "first line\nsecond line"), claude(2, "please fail")]


@pytest.fixture(scope="module")
def web_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def web_proxy(
    s3_url: str, one_provider: BatchServer, web_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    process = prepared(
        tmp_path_factory.mktemp("web"),
        s3_url,
        one_provider,
        settings={"batch_show_calls": "bodies"},
        config=SHARED,
        arguments=arguments(web_port),
    )
    with process:
        yield process


@pytest.fixture
def web(web_proxy: ProxyProcess, web_port: int, provider: BatchServer) -> Iterator[Mitmweb]:
    with closing(Mitmweb(web_port)) as made:
        yield made


@pytest.fixture
def job(web_proxy: ProxyProcess, s3_url: str, web: Mitmweb, bucket: Bucket) -> str:
    """A job that is over; its input was uploaded through the proxy."""
    s3 = client("s3", endpoint=s3_url, proxies={"http": web_proxy.url})
    with closing(s3):
        s3.put_object(Bucket=bucket.name, Key="in.jsonl", Body=jsonl(RECORDS))
    with bedrock(web_proxy, provider="openai") as made:
        arn: str = made.create_model_invocation_job(**bucket.request(bucket.uri("in.jsonl")))["jobArn"]
        ended(made, arn)
    job = job_id(arn)
    wait_until(lambda: f"job {job}: Completed" in one(web, "POST", "/model-invocation-job")["comment"])
    return job


def rows(web: Mitmweb, method: str, path: str) -> list[Row]:
    found = [row for row in web.flows() if row["request"]["method"] == method]
    return [row for row in found if path in row["request"]["path"]]


def one(web: Mitmweb, method: str, path: str) -> Row:
    """The latest flow of this kind."""
    return rows(web, method, path)[-1]


def test_the_list_tells_what_became_of_a_job(web: Mitmweb, job: str, bucket: Bucket) -> None:
    create = one(web, "POST", "/model-invocation-job")
    assert create["comment"] == f"→ openai, job {job}: Completed 2/2, 1 failed"
    assert create["marked"] == "⚠"
    view = web.content(create)
    assert view["view_name"] == "Bedrock batch"
    assert f"# job: {job}" in view["text"]
    timeline = one(web, "GET", f"/batch/jobs/{job}")
    assert "websocket" in timeline
    upload = one(web, "PUT", f"/{bucket.name}/in.jsonl")
    assert (upload["comment"], upload["marked"]) == ("", "")
    view = web.content(upload)
    assert view["view_name"] == "Bedrock record"
    assert "first line\n" in view["text"]
    uploaded, created = one(web, "POST", "/files"), one(web, "POST", "/batches")
    assert "SHA-256" in web.content(uploaded)["text"]
    assert "Question" not in web.content(uploaded)["text"]
    assert web.content(created, "response")["view_name"] == "Provider batch"
    assert PROVIDER_KEY not in json.dumps(web.flows())


def test_commands_list_show_and_translate(web: Mitmweb, job: str) -> None:
    wait_until(lambda: any(job in line for line in web.command("batch.jobs")))
    assert "openai" in web.command("batch.providers")
    assert job in web.command("batch.show", job)
    create = one(web, "POST", "/model-invocation-job")
    web.command("batch.translate", f"@{create['id']}", "openai")
    wait_until(lambda: rows(web, "POST", "/batch/translate/openai"))
    translated = one(web, "POST", "/batch/translate/openai")
    assert "first line" in web.content(translated, "response")["text"]


def test_a_filter_finds_exactly_the_jobs_flows_in_a_saved_file(
    web: Mitmweb, job: str, bucket: Bucket
) -> None:
    saved = web.saved()
    matches = flowfilter.parse(f'~meta "batch.job: {job}"')
    found = [flow for flow in saved if matches(flow)]
    assert found == [flow for flow in saved if flow.metadata.get("batch.job") == job]
    kinds = {(flow.request.method, flow.request.path.partition("?")[0].split("/")[-1]) for flow in found}
    assert {("POST", "model-invocation-job"), ("GET", job), ("POST", "files"), ("POST", "batches")} <= kinds
    assert any(flow.metadata.get("batch.call") == "s3" for flow in found)
    upload = next(
        flow
        for flow in saved
        if flow.request.method == "PUT" and flow.request.path.startswith(f"/{bucket.name}/in.jsonl")
    )
    assert upload not in found


def test_no_export_of_our_flows_holds_a_secret(web: Mitmweb, job: str) -> None:
    ours = [flow for flow in web.saved() if any(name.startswith("batch.") for name in flow.metadata)]
    assert len(ours) > 5
    with taddons.context(export.Export()):  # type: ignore[no-untyped-call]  # mitmproxy's own
        texts = [json.dumps(SaveHar().make_har(ours)), *map(exported, ours)]
    secrets = (PROVIDER_KEY, *CALLER.values(), *PROXY_AWS.values())
    assert [secret for secret in secrets for text in texts if secret in text] == []


def exported(flow: HTTPFlow) -> str:
    """The flow in every form in which it can leave mitmproxy."""
    forms = [str(flow.get_state()), export.raw_request(flow).decode(errors="replace")]
    if flow.websocket is None:
        forms += [export.curl_command(flow), export.httpie_command(flow)]
    return "\n".join(forms)
