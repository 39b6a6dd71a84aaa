"""From a job to the record that failed, as the command line shows it; exports and retries."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import PROVIDER_KEY, PROXY_AWS, prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, claude, counts, ended, job_id, jsonl
from tests.waiting import PATIENCE, wait_until

FAILING = range(10, 100, 10)
UNSENDABLE = (55, 56)
RECORDS = [
    claude(number, "please fail")
    if number in FAILING
    else claude(number, max_tokens="many")
    if number in UNSENDABLE
    else claude(number)
    for number in range(1, 101)
]
SECRETS = (PROVIDER_KEY, *PROXY_AWS.values())

type Jobs = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    config: dict[str, dict[str, Any]] = {
        "jobs": {"poll_interval": 0.1, "heartbeat": 0.5},
        "providers.local": {
            "kind": "openai",
            "mode": "direct",
            "base_url": one_provider.url,
            "api_key": "env:OPENAI_API_KEY",
        },
        "providers.local.models": {"*": "llama3.1"},
    }
    with prepared(tmp_path_factory.mktemp("records"), s3_url, one_provider, config=config) as started:
        yield started


@pytest.fixture
def client(proxy: ProxyProcess, provider: BatchServer) -> Iterator[Client]:
    with bedrock(proxy, provider="small") as made:
        yield made


@pytest.fixture
def jobs(proxy: ProxyProcess) -> Jobs:
    """Runs `bedrock-batch jobs …` as somebody at the proxy's machine does."""

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [
                *(sys.executable, "-P", "-m", "addon.cli.main", "jobs", *arguments),
                *("--config", str(proxy.folder / "bedrock-batch.toml")),
            ],
            cwd=proxy.folder,
            env=proxy.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
        return done

    return run


def finished(client: Client, proxy: ProxyProcess, bucket: Bucket, data: bytes, **changes: Any) -> str:
    """The id of a job that is over, and whose files are cleared."""
    arn = client.create_model_invocation_job(**bucket.request(bucket.put("in.jsonl", data), **changes))[
        "jobArn"
    ]
    ended(client, arn)
    spool = proxy.folder / "data" / "spool" / job_id(arn)
    wait_until(lambda: not (spool / "input").exists(), "the end of the job's files")
    return job_id(arn)


def test_from_the_job_to_the_record_that_failed_and_to_its_retry(
    client: Client, proxy: ProxyProcess, provider: BatchServer, bucket: Bucket, jobs: Jobs, tmp_path: Path
) -> None:
    tags = [{"key": "team", "value": "search"}]
    job = finished(client, proxy, bucket, jsonl(RECORDS), tags=tags, timeoutDurationInHours=48)

    groups = json.loads(jobs("errors", job, "--json").stdout)
    assert [(group["count"], group["code"], group["number"]) for group in groups] == [
        (9, 400, 10),
        (2, 400, 55),
    ]
    assert "asked to fail" in groups[0]["message"]
    assert groups[1]["message"].startswith("max_tokens")
    table = jobs("errors", job).stdout
    assert "#10" in table
    assert f"jobs retry {job}" in table

    for wanted in ("10", "REC00000010", f"{job}-9"):
        shown = jobs("show", job, "--record", wanted).stdout
        for text in (
            "REC00000010",
            "failed",
            "asked to fail",
            '"custom_id"',
            "INPUT",
            "SENT",
            "RECEIVED",
            "OUTPUT",
        ):
            assert text in shown
    known = json.loads(jobs("show", job, "--record", "10", "--json").stdout)
    assert (known["number"], known["record_id"], known["outcome"]) == (10, "REC00000010", "failed")
    documents = known["documents"]
    assert json.loads(documents["input"]["content"]) == RECORDS[9]
    assert json.loads(documents["sent"]["content"])["custom_id"] == f"{job}-9"
    assert json.loads(documents["received"]["content"])["response"]["status_code"] == 400
    assert json.loads(documents["output"]["content"])["error"]["errorCode"] == 400
    unsent = json.loads(jobs("show", job, "--record", "55", "--json").stdout)["documents"]
    assert unsent["sent"]["missing"].startswith("it was not sent: max_tokens")
    assert unsent["received"]["missing"] == "it was not sent"
    refused = jobs("show", job, "--record", "no-such-record", code=1).stderr
    assert refused == f"bedrock-batch: 'no-such-record' is no record of job {job}, which has 100\n"

    jobs("export", job, "--out", str(tmp_path / "export"))
    jobs("export", job, "--out", str(tmp_path / "export.zip"))
    assert "exists" in jobs("export", job, "--out", str(tmp_path / "export"), code=1).stderr
    names = {str(path.relative_to(tmp_path / "export")) for path in (tmp_path / "export").rglob("*.*")}
    of_record = {f"records/10/{name}.json" for name in ("input", "sent", "received", "output", "record")}
    of_job = {"README.txt", "report.json", "timeline.json", "errors.json", "settings.json"}
    assert names == of_job | of_record | {f"records/55/{name}.json" for name in ("input", "output", "record")}
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert set(archive.namelist()) - {"records/", "records/10/", "records/55/"} == names
    for path in (tmp_path / "export").rglob("*.*"):
        assert not [secret for secret in SECRETS if secret.encode() in path.read_bytes()]

    retried = json.loads(jobs("retry", job, "--json").stdout)
    assert (retried["name"], retried["retry_of"]) == ("a-job-retry", job)
    assert json.loads(jobs("retry", job, "--json").stdout)["id"] == retried["id"]
    lines = bucket.get(f"out/{job}/retry.jsonl").splitlines(keepends=True)
    originals = jsonl(RECORDS).splitlines(keepends=True)
    assert lines == [originals[number - 1] for number in sorted((*FAILING, *UNSENDABLE))]
    again = ended(client, retried["arn"])  # the proxy found it in the database
    assert (again["status"], counts(again)) == ("Completed", (11, 11, 0, 11))
    assert again["timeoutDurationInHours"] == 48
    assert client.list_tags_for_resource(resourceARN=retried["arn"])["tags"] == tags
    assert len(bucket.rows(retried["arn"], "retry.jsonl")) == 11
    assert json.loads(jobs("show", job, "--json").stdout)["retried_by"] == [retried["id"]]
    assert ["Retry", "of", job] in [line.split() for line in jobs("show", retried["id"]).stdout.splitlines()]

    wait_until(lambda: not provider.files, "the deletion of the provider's files")
    shutil.rmtree(proxy.folder / "data" / "spool" / job)
    gone = jobs("show", job, "--record", "10").stdout
    assert "gone: deleted at small after publication; [jobs] keep_provider_files = true keeps them" in gone


def test_a_job_without_failures_has_nothing_to_retry(
    client: Client, proxy: ProxyProcess, bucket: Bucket, jobs: Jobs
) -> None:
    job = finished(client, proxy, bucket, jsonl([claude(1)]))
    assert jobs("retry", job, code=1).stderr.startswith("bedrock-batch: nothing to retry: no record of job")
    assert jobs("errors", job).stdout == f"No record of {job} failed.\n"
    assert json.loads(jobs("errors", job, "--json").stdout) == []


def test_answers_of_direct_mode_are_shown(
    proxy: ProxyProcess, provider: BatchServer, bucket: Bucket, jobs: Jobs
) -> None:
    with bedrock(proxy, provider="local") as client:
        job = finished(client, proxy, bucket, jsonl([claude(1), claude(2, "please fail")]))
    known = json.loads(jobs("show", job, "--record", "REC00000002", "--json").stdout)
    assert (known["outcome"], known["error"]["code"]) == ("failed", 400)
    assert "asked to fail" in known["documents"]["received"]["content"]
    assert "database" in known["documents"]["received"]["place"]


HOSTILE = "<script>alert(1)</script>\x1b[31m\x1b]0;title\x07 \u202eesrever\u202c \u0085"


def test_hostile_text_reaches_no_terminal(
    client: Client, proxy: ProxyProcess, bucket: Bucket, jobs: Jobs
) -> None:
    long = f"first line\nsecond line\n{'x' * 10_000_000}{HOSTILE}\x00"
    records = [{**claude(1, f"please fail {HOSTILE}"), "recordId": HOSTILE}, claude(2, long)]
    job = finished(client, proxy, bucket, jsonl(records))
    shown = [jobs("show", job, "--record", HOSTILE), jobs("show", job, "--record", "2"), jobs("errors", job)]
    whole = jobs("show", job, "--record", "2", "--full")
    for done in (*shown, whole, jobs("show", job, "--record", f"{HOSTILE}!", code=1)):
        text = done.stdout + done.stderr
        assert not {"\x1b", "\x07", "\u202e", "\u0085", "\x00"} & set(text)
    assert "\\u202e" in shown[0].stdout
    assert max(len(done.stdout) for done in shown) < 100_000
    assert len(whole.stdout) > 20_000_000
    assert "first line\n" in shown[1].stdout  # a real line break
    assert "more characters" in shown[1].stdout


def test_what_cannot_be_had_is_said(client: Client, proxy: ProxyProcess, bucket: Bucket, jobs: Jobs) -> None:
    job = finished(client, proxy, bucket, jsonl([claude(1), claude(2, "please fail")]))
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"out/{job}/in.jsonl.out")
    bucket.s3.delete_object(Bucket=bucket.name, Key="in.jsonl")
    known = json.loads(jobs("show", job, "--record", "2", "--json").stdout)["documents"]
    assert "NoSuchKey" in known["input"]["missing"]
    assert "NoSuchKey" in known["output"]["missing"]
    assert known["received"]["content"] is not None
    assert "cannot be retried" in jobs("retry", job, code=1).stderr
    assert os.listdir(proxy.folder / "data" / "spool" / job) == ["results"]
