"""Records whose images and documents are in S3."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from addon.demo.fake_provider import endpoints
from addon.demo.fake_provider.server import BatchServer
from addon.demo.proxy_process import ProxyProcess
from tests.end_to_end.conftest import prepared
from tests.end_to_end.harness import Bucket, Client, bedrock, counts, ended, jsonl

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4 a page"


def record(number: int, *blocks: dict[str, Any]) -> dict[str, Any]:
    content = [{"text": f"Question {number}?"}, *blocks]
    return {"recordId": f"R{number}", "modelInput": {"messages": [{"role": "user", "content": content}]}}


def medium(kind: str, form: str, uri: str, **members: Any) -> dict[str, Any]:
    return {kind: {"format": form, "source": {"s3Location": {"uri": uri}}, **members}}


@pytest.fixture(scope="module")
def proxy(
    s3_url: str, one_provider: BatchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProxyProcess]:
    config: dict[str, dict[str, Any]] = {
        "providers.openai.models": {"*": "gpt-4o-mini"},
        "providers.local": {"kind": "openai", "mode": "direct", "base_url": one_provider.url},
        "providers.local.models": {"*": "gpt-4o-mini"},
        "s3": {"allowed": ["s3://bucket-media", "s3://bucket-jobs"]},
    }
    with prepared(tmp_path_factory.mktemp("media"), s3_url, one_provider, config=config) as started:
        yield started


@pytest.fixture(scope="module")
def places(s3: Client) -> tuple[Bucket, Bucket, Bucket]:
    """The bucket of the job, one of media, and one that jobs may not read."""
    names = ("bucket-jobs", "bucket-media", "bucket-other")
    for name in names:
        s3.create_bucket(Bucket=name)
    jobs, media, other = (Bucket(s3, name) for name in names)
    media.put("a.png", PNG)
    media.put("b.pdf", PDF)
    media.put("large.png", bytes(20_000_001))
    other.put("a.png", PNG)
    return jobs, media, other


@pytest.mark.parametrize("provider_name", ["openai", "local"])
def test_media_in_s3_are_sent_as_bytes(
    proxy: ProxyProcess,
    provider: BatchServer,
    places: tuple[Bucket, Bucket, Bucket],
    provider_name: str,
) -> None:
    jobs, media, other = places
    asked: list[str] = []

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        asked.append(json.dumps(body))
        return endpoints.answer(body)

    provider.answer = answer
    if provider_name == "local":
        provider.key = ""
    image = medium("image", "png", media.uri("a.png"))
    records = [
        record(1, image),
        record(2, image, medium("document", "pdf", media.uri("b.pdf"), name="b")),
        record(3, medium("image", "png", media.uri("missing.png"))),
        record(4, medium("image", "png", media.uri("large.png"))),
        record(5, medium("image", "png", other.uri("a.png"))),
        record(6),
    ]
    request = jobs.request(jobs.put("in.jsonl", jsonl(records)), modelInvocationType="Converse")
    with bedrock(proxy, provider=provider_name) as client:
        arn = client.create_model_invocation_job(**request | {"modelId": "amazon.nova-lite-v1:0"})["jobArn"]
        job = ended(client, arn)
    assert (job["status"], counts(job)) == ("Completed", (6, 6, 3, 3))
    rows = jobs.rows(arn)
    assert [row["modelInput"] for row in rows] == [one["modelInput"] for one in records]
    place = "messages[0].content[1].image.source.s3Location: "
    errors = [row.get("error", {}).get("errorMessage", "") for row in rows]
    assert errors[0] == errors[1] == errors[5] == ""
    assert errors[2].startswith(f"{place}{media.uri('missing.png')}: ")
    assert errors[3].startswith(f"{place}{media.uri('large.png')}: has 20000001 bytes")
    assert errors[4].startswith(f"{place}{other.uri('a.png')} is outside the places")
    assert sum(base64.b64encode(PNG).decode() in body for body in asked) == 2
    assert sum(base64.b64encode(PDF).decode() in body for body in asked) == 1
