"""Recorded life-cycles of Gemini over a real socket, read by Google's own client."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from google import genai
from google.genai import errors, types

from tests.replay import Exchange, ReplayServer

RECORDINGS = Path(__file__).parents[1] / "recordings" / "gemini"

OTHER_CALLS = ("/upload/", "/download/", "/v1beta/files/")
"""Uploads, which the client words otherwise, and downloads, which it asks for at another address."""

UNREADABLE = {"answer-that-is-no-batch", "batch-unknown-status"}
"""Cases in which the client finds nothing to compare, or warns of a word that it does not know."""


def exchanges_of(file: Path) -> list[Exchange]:
    """The exchanges that the client has a call for, and an answer to."""
    return [
        exchange
        for exchange in json.loads(file.read_bytes())
        if exchange["response"] is not None
        and not urlsplit(exchange["request"]["url"]).path.startswith(OTHER_CALLS)
    ]


CASES = [
    file.parent.name
    for file in sorted(RECORDINGS.glob("*/exchange.json"))
    if exchanges_of(file) and file.parent.name not in UNREADABLE
]


def called(client: genai.Client, request: Exchange) -> Any:
    """What the client makes of the answer to a recorded request."""
    parts = urlsplit(request["url"])
    path = parts.path.removeprefix("/v1beta/")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if path.startswith("models/"):
        return created(client, path, request["body"]["batch"])
    if path == "batches":
        size, token = int(query["pageSize"]), query.get("pageToken")
        return client.batches.list(config={"page_size": size, "page_token": token})
    if path.endswith(":cancel"):
        return client.batches.cancel(name=path.removesuffix(":cancel"))
    return client.batches.get(name=path)


def created(client: genai.Client, path: str, batch: dict[str, Any]) -> types.BatchJob:
    model, _, method = path.removeprefix("models/").partition(":")
    name, source = batch["displayName"], batch["inputConfig"]
    if method == "asyncBatchEmbedContent":
        file = types.EmbeddingsBatchJobSource(file_name=source["file_name"])
        with pytest.warns(Warning, match="experimental"):
            return client.batches.create_embeddings(model=model, src=file, config={"display_name": name})
    if "fileName" in source:
        return client.batches.create(model=model, src=source["fileName"], config={"display_name": name})
    requests = [
        types.InlinedRequest(
            contents=[types.Content.model_validate(content) for content in inline["request"]["contents"]],
            metadata=inline["metadata"],
        )
        for inline in source["requests"]["requests"]
    ]
    return client.batches.create(model=model, src=requests, config={"display_name": name})


@pytest.mark.parametrize("case", CASES)
def test_google_s_client_asks_the_same_and_parses_each_answer(case: str) -> None:
    exchanges = exchanges_of(RECORDINGS / case / "exchange.json")
    with ReplayServer(exchanges, path="") as server:
        options = types.HttpOptions(base_url=server.url, api_version="v1beta")
        with genai.Client(api_key="test-key", http_options=options) as client:
            for exchange in exchanges:
                check_parsed(client, exchange)
        assert (server.surprises, server.played) == ([], len(exchanges))


def check_parsed(client: genai.Client, exchange: Exchange) -> None:
    answer = exchange["response"]
    if answer["status"] >= 400:
        with pytest.raises(errors.APIError) as refusal:
            called(client, exchange["request"])
        assert refusal.value.code == answer["status"]
        return
    parsed = called(client, exchange["request"])
    if isinstance(parsed, types.BatchJob):
        check_job(parsed, answer["body"])
    elif parsed is not None:
        for job, operation in zip(parsed.page, answer["body"].get("operations", []), strict=True):
            check_job(job, operation)


def check_job(job: types.BatchJob, operation: dict[str, Any]) -> None:
    told = operation["metadata"]
    assert (job.name, job.display_name) == (operation["name"], told["displayName"])
    assert job.state is not None
    assert job.state.value == told["state"].replace("BATCH_STATE_", "JOB_STATE_")
    output = told.get("output", {})
    assert (job.dest.file_name if job.dest is not None else None) == output.get("responsesFile")
    inline = output.get("inlinedResponses", {}).get("inlinedResponses", [])
    read = (job.dest.inlined_responses if job.dest is not None else None) or []
    assert len(read) == len(inline)
    assert [row.error is None for row in read] == ["error" not in row for row in inline]
