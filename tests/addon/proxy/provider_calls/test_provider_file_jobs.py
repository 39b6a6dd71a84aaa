"""Create for an input that is at the provider already."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow, Response

from addon.jobs.database.event_store import EventStore
from tests.addon.proxy.proxying import CREATE, Proxy, a_flow, a_proxy, config_file

ROUTED = {"x-model-provider": "openai"}
TAGS = [{"key": "file_id", "value": "file-1"}, {"key": "endpoint", "value": "/v1/chat/completions"}]
MADE = json.dumps({"id": "batch_1", "status": "validating"}).encode()


def create(headers: dict[str, str] | None = None, **members: object) -> HTTPFlow:
    given = {"tags": TAGS, "clientRequestToken": "token", **members}
    return a_flow("POST", "/model-invocation-job", headers=headers or ROUTED, body={**CREATE, **given})


def document(flow: HTTPFlow) -> dict[str, str]:
    assert flow.response is not None
    read: dict[str, str] = json.loads(flow.response.content or b"")
    return read


async def answered(proxy: Proxy, flow: HTTPFlow, status: int, body: bytes) -> None:
    flow.response = Response.make(status, body)
    proxy.addon.responseheaders(flow)
    await proxy.addon.response(flow)


async def test_flow_creates_the_batch_and_the_runner_takes_the_job(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        assert (flow.request.method, flow.request.url) == ("POST", "https://api.openai.com/v1/batches")
        assert flow.response is None
        await answered(proxy, flow, 200, MADE)
        arn = document(flow)["jobArn"]
        got = await proxy.request(a_flow("GET", f"/model-invocation-job/{arn[-12:]}"))
        (store,) = proxy.stores
        row = store.batch(arn[-12:], 0, 0)
        told = [(event.kind, event.text, event.batch) for event in EventStore(store).timeline(arn[-12:])]
    asked = flow.request.json()
    assert (asked["input_file_id"], asked["endpoint"]) == ("file-1", "/v1/chat/completions")
    assert asked["metadata"] == {"bedrock_batch": f"{arn[-12:]}-0-0"}
    assert proxy.runner.jobs == [arn[-12:]]
    assert (row.batch_id, row.input_id) == ("batch_1", "file-1")
    assert row.intended is not None
    assert flow.comment == f"→ openai, job {arn[-12:]}"
    assert document(got)["status"] == "Submitted"
    created = f"validating: created with the marker {arn[-12:]}-0-0"
    assert told[1:] == [("create", created, "batch_1")]


async def test_repeated_create_makes_no_second_call(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        again = await proxy.request(create())  # while the first one is under way
        await answered(proxy, flow, 200, MADE)
        other = await proxy.request(create(jobName="another"))
    assert document(again) == document(flow)
    assert set(proxy.runner.jobs) == {document(flow)["jobArn"][-12:]}
    assert document(other)["__type"] == "ConflictException"


@pytest.mark.parametrize("status", [409, 429, 500, 503])
async def test_transient_error_hands_the_job_to_the_runner(tmp_path: Path, status: int) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        await answered(proxy, flow, status, b"")
    assert proxy.runner.jobs == [document(flow)["jobArn"][-12:]]


async def test_unreadable_response_hands_the_job_to_the_runner(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        await answered(proxy, flow, 200, b"<html>")
    assert proxy.runner.jobs == [document(flow)["jobArn"][-12:]]


async def test_lost_second_response_hands_the_job_to_the_runner(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        refusal = {"error": {"message": "Cannot find file file-1"}}
        # the conversation asks for the file next, and gets no response
        await answered(proxy, flow, 400, json.dumps(refusal).encode())
    assert proxy.runner.jobs == [document(flow)["jobArn"][-12:]]


async def _lost(proxy: Proxy, flow: HTTPFlow) -> None:
    await proxy.addon.error(flow)


async def _answered_later(proxy: Proxy, flow: HTTPFlow) -> None:
    flow.response = Response.make(200, b"")
    proxy.addon.responseheaders(flow)
    await proxy.addon.error(flow)


@pytest.mark.parametrize("happens", [_lost, _answered_later])
async def test_a_lost_answer_leaves_it_to_the_job(
    tmp_path: Path, happens: Callable[[Proxy, HTTPFlow], Awaitable[None]]
) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        await happens(proxy, flow)
        assert len(proxy.runner.jobs) == 1


async def test_unreachable_provider_hands_the_job_to_the_runner(tmp_path: Path) -> None:
    async def refused(host: str, port: int) -> None:
        raise OSError("refused")

    async with a_proxy(tmp_path, connect=refused) as proxy:
        flow = await proxy.request(create())
    assert proxy.runner.jobs == [document(flow)["jobArn"][-12:]]


async def test_permanent_error_fails_the_job_and_frees_the_token(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create())
        await answered(proxy, flow, 401, json.dumps({"error": {"message": "no such key"}}).encode())
        (refused,) = proxy.stores[0].jobs()
        again = await proxy.request(create())
        await answered(proxy, again, 200, MADE)
    assert document(flow)["__type"] == "AccessDeniedException"
    assert (refused.status, refused.message) == ("Failed", "openai answered 401: no such key")
    assert proxy.runner.jobs == [document(again)["jobArn"][-12:]]
    assert refused.id not in proxy.runner.jobs


@pytest.mark.parametrize("name", ["anthropic", "one-by-one"])
async def test_provider_without_batches_of_files_is_refused(tmp_path: Path, name: str) -> None:
    config = config_file(tmp_path, '[providers.one-by-one]\nkind = "openai"\nmode = "direct"\n')
    environment = {"OPENAI_API_KEY": "test-key", "ANTHROPIC_API_KEY": "test-key"}
    async with a_proxy(tmp_path, batch_config=config, environment=environment) as proxy:
        flow = await proxy.request(create({"x-model-provider": name}))
    assert document(flow)["__type"] == "ValidationException"
    assert "leave out the tags file_id and endpoint" in document(flow)["message"]


@pytest.mark.parametrize("changed", ["file_id", "endpoint"])
async def test_a_name_with_a_blank_is_refused(tmp_path: Path, changed: str) -> None:
    tags = [{**tag, "value": f"{tag['value']} "} if tag["key"] == changed else tag for tag in TAGS]
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create(tags=tags))
    assert document(flow)["__type"] == "ValidationException"
    assert f"tag {changed}: " in document(flow)["message"]


@pytest.mark.parametrize(
    "tags", [TAGS[:1], [{"key": "endpoint", "value": "prod"}], [], "no list", [{"key": 1}], ["no tag"]]
)
async def test_other_tags_mean_nothing(tmp_path: Path, tags: object) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(create(tags=tags))
    assert flow.response is not None
    assert flow.request.path == "/model-invocation-job"
