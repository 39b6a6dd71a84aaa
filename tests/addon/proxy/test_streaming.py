from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.http import HTTPFlow, Response

from addon.proxy import streaming
from addon.proxy.streaming import CHUNK, LARGE
from tests.addon.proxy.proxying import AWS, a_create, a_flow, a_proxy

S3 = "s3.us-east-1.amazonaws.com"
CHUNKED = {"transfer-encoding": "chunked"}
ROUTED = {"x-model-provider": "openai"}


def upload(headers: dict[str, str], host: str = S3, path: str = "/bucket/in.jsonl") -> HTTPFlow:
    flow = a_flow("PUT", path, headers=headers, host=host)
    if headers == CHUNKED:
        flow.request.headers.pop("content-length", None)
    return flow


def sized(size: int) -> dict[str, str]:
    return {"content-length": str(size)}


@pytest.mark.parametrize(
    ("flow", "streamed"),
    [
        (upload(sized(LARGE + 1)), True),
        (upload(CHUNKED), True),
        (upload(sized(LARGE)), False),
        (upload(sized(LARGE + 1), AWS, "/foundation-models"), True),
        (upload({"content-length": "many"}), False),
        (a_flow("POST", "/model-invocation-job", headers=sized(LARGE + 1)), False),
        (a_create({**ROUTED, **CHUNKED}), False),
        (a_create(CHUNKED), False),
        (a_flow("POST", "/model-invocation-job/abcdefghij12/stop", headers=CHUNKED), False),
    ],
    ids=lambda value: value.request.path if isinstance(value, HTTPFlow) else None,
)
async def test_uploads_that_no_hook_reads_are_streamed(
    tmp_path: Path, flow: HTTPFlow, streamed: bool
) -> None:
    async with a_proxy(tmp_path) as proxy:
        proxy.addon.requestheaders(flow)
    assert bool(flow.request.stream) is streamed
    assert flow.error is None


@pytest.mark.parametrize(
    ("path", "status", "headers", "streamed"),
    [
        ("/model/m/converse-stream", 200, CHUNKED, True),
        ("/events", 200, {}, True),  # until the connection ends
        ("/file", 200, sized(LARGE + 1), True),
        ("/file", 200, sized(LARGE), False),
        ("/file", 204, {}, False),
        ("/socket", 101, {"upgrade": "websocket"}, False),
        ("/model-invocation-jobs", 200, CHUNKED, False),
        ("/model-invocation-job/zzzzzzzzzz99", 200, CHUNKED, False),
    ],
)
async def test_responses_that_no_hook_reads_are_streamed(
    tmp_path: Path, path: str, status: int, headers: dict[str, str], streamed: bool
) -> None:
    flow = a_flow("GET", path)
    flow.response = Response.make(status)
    flow.response.headers.clear()
    flow.response.headers.update(headers)
    async with a_proxy(tmp_path) as proxy:
        proxy.addon.responseheaders(flow)
    assert bool(flow.response.stream) is streamed


@pytest.mark.parametrize("size", ["1g", "5k"])
async def test_what_the_user_has_set_decides(tmp_path: Path, size: str) -> None:
    up, down = upload(CHUNKED), a_flow("GET", "/events")
    down.response = Response.make(200, headers=CHUNKED)
    async with a_proxy(tmp_path, stream_large_bodies=size) as proxy:
        proxy.addon.requestheaders(up)
        proxy.addon.responseheaders(down)
    assert (up.request.stream, down.response.stream) == (False, False)


async def test_what_was_answered_or_is_streamed_already_is_left_alone(tmp_path: Path) -> None:
    refused, streamed = upload(CHUNKED), upload(CHUNKED)
    refused.response = Response.make(407)
    streamed.request.stream = True
    async with a_proxy(tmp_path) as proxy:
        proxy.addon.requestheaders(refused)
        proxy.addon.requestheaders(streamed)
    assert (refused.request.stream, streamed.request.stream) == (False, True)


@given(st.lists(st.integers(min_value=1, max_value=CHUNK // 2), max_size=5))
def test_a_chunked_body_arrives_whole_and_a_moderate_one_in_one_chunk(sizes: list[int]) -> None:
    passed = streaming._FirstChunk()
    parts = [bytes([number]) * size for number, size in enumerate(sizes, 1)]
    sent = [chunk for part in [*parts, b""] for chunk in passed(part)]
    assert b"".join(sent) == b"".join(parts)
    assert all(sent)
    if sum(sizes) <= CHUNK:
        assert len(sent) <= 1
