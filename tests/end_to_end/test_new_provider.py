"""What it takes to add a provider: a folder and a line, seen from a boto3 program."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, request

import addon
import translators
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import prepared
from tests.end_to_end.harness import Bucket, bedrock, claude, counts, ended, jsonl
from tests.end_to_end.provider_server import listening


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the parrot in it."""
    folder = tmp_path_factory.mktemp("sources")
    ignored = shutil.ignore_patterns("__pycache__")
    for package in (addon, translators):
        source = Path(package.__path__[0])
        shutil.copytree(source, folder / source.name, ignore=ignored)
    providers = folder / "translators" / "providers"
    shutil.copytree(Path(__file__).with_name("parrot"), providers / "parrot", ignore=ignored)
    registry = providers / "registry.py"
    text = registry.read_text(encoding="utf-8")
    before = '    "together",\n'
    assert text.count(before) == 1
    registry.write_text(text.replace(before, f'    "parrot",\n{before}'), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def parrot() -> Iterator[str]:
    """The parrot's URL."""
    app = Flask(__name__)
    batches: dict[str, list[bytes]] = {}

    def told(name: str) -> dict[str, object]:
        return {"id": name, "done": True, "total": len(batches[name])}

    @app.put("/batches/<name>")
    def create(name: str) -> dict[str, object]:
        assert request.headers["authorization"] == "the parrot's key"
        assert name not in batches
        batches[name] = request.get_data().splitlines()
        return told(name)

    @app.get("/batches/<name>")
    def retrieve(name: str) -> dict[str, object] | tuple[str, int]:
        return told(name) if name in batches else ("no such batch", 404)

    @app.get("/batches/<name>/said")
    def said(name: str) -> Response:
        rows = [
            {"custom_id": line["custom_id"], "said": line["say"]} for line in map(json.loads, batches[name])
        ]
        return Response("".join(json.dumps(row) + "\n" for row in reversed(rows)))

    with listening(app) as url:
        yield url


@pytest.fixture(scope="module")
def proxy(
    s3_url: str,
    one_provider: BatchServer,
    sources: Path,
    parrot: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProxyProcess]:
    environment = {
        "PYTHONPATH": str(sources),
        "PARROT_API_KEY": "the parrot's key",
        "PARROT_BASE_URL": parrot,
    }
    folder = tmp_path_factory.mktemp("parrot")
    # a process that is forked would not have these sources
    with prepared(folder, s3_url, one_provider, environment=environment, kind=ProxyProcess) as started:
        yield started


def test_a_provider_is_a_folder_and_a_line(proxy: ProxyProcess, bucket: Bucket) -> None:
    records = [claude(number) for number in range(1, 6)]
    with bedrock(proxy, provider="parrot") as client:
        request = bucket.request(bucket.put("in.jsonl", jsonl(records)), modelId="polly")
        arn = client.create_model_invocation_job(**request)["jobArn"]
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (5, 5, 5, 0)), job
    texts = [row["modelOutput"]["content"][0]["text"] for row in bucket.rows(arn)]
    assert texts == [f"Question {number}?" for number in range(1, 6)]
