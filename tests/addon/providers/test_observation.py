"""What an observer of the transport gets to know."""

import hashlib
import io
from pathlib import Path

import httpx
import pytest

from addon.providers.retry_policy import LostAnswer, Unreachable
from addon.providers.transport import Transport
from addon.storage.calls import KEPT, Call
from translators.providers.conversation import SAVE, Conversation


def conversation(*requests: httpx.Request) -> Conversation[None]:
    for request in requests:
        response = yield request
        assert isinstance(response, httpx.Response)


def observed(answer: httpx.Response | Exception) -> tuple[Transport, list[Call]]:
    """A transport whose server answers like this, and the calls that its observer gets."""

    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def handle_stream(request: httpx.Request) -> httpx.Response:
        await request.aread()
        return handle(request)

    async def no_pause(seconds: float) -> None: ...

    transport, calls = Transport(transport=httpx.MockTransport(handle_stream), pause=no_pause), list[Call]()
    transport.observer = calls.append
    return transport, calls


async def test_a_control_call_is_reported_with_its_bodies() -> None:
    transport, calls = observed(httpx.Response(200, json={"id": "batch_1"}))
    request = httpx.Request("POST", "https://h.example/batches", json={"a": 1}, headers={"x-api-key": "k"})
    await transport.play(conversation(request))
    await transport.close()
    (call,) = calls
    assert (call.method, call.url, call.status, call.error) == (
        "POST",
        "https://h.example/batches",
        200,
        None,
    )
    assert (call.request.content, call.response.content) == (b'{"a":1}', b'{"id":"batch_1"}')
    assert ("x-api-key", "k") in call.request_headers  # the receiver masks
    assert call.began <= call.ended
    assert not call.is_of_record


async def test_a_file_is_reported_by_size_and_hash(tmp_path: Path) -> None:
    lines = b"line\n" * 50_000
    transport, calls = observed(httpx.Response(200, content=b"results"))
    upload = httpx.Request("POST", "https://h.example/files", files={"file": io.BytesIO(lines)})
    download = httpx.Request("GET", "https://h.example/files/1", extensions={SAVE: "results.jsonl"})
    await transport.play(conversation(upload, download), folder=tmp_path)
    await transport.close()
    sent, received = calls[0].request, calls[1].response
    assert sent.content is None
    assert sent.size > len(lines)
    assert len(sent.sha256 or "") == 64
    assert (received.size, received.content) == (7, None)
    assert received.sha256 == hashlib.sha256(b"results").hexdigest()
    assert received.place == str(tmp_path / "results.jsonl")


async def test_a_repeated_upload_is_reported_each_time() -> None:
    transport, calls = observed(httpx.Response(503))
    upload = httpx.Request("PUT", "https://h.example/files", files={"file": io.BytesIO(b"line\n" * 9)})
    await transport.play(conversation(upload))
    assert len(calls) > 1
    assert {(call.status, call.request.size) for call in calls} == {(503, calls[0].request.size)}


async def test_calls_without_a_response_are_reported_with_the_reason() -> None:
    transport, calls = observed(httpx.ReadError("reset"))
    with pytest.raises(LostAnswer):
        await transport.play(conversation(httpx.Request("POST", "https://h.example/batches")), once=True)
    with pytest.raises(Unreachable):
        await transport.send(httpx.Request("POST", "https://h.example/chat"))
    assert [(call.status, call.is_of_record) for call in calls] == [(None, False), (None, True)]
    assert all("reset" in (call.error or "") for call in calls)


async def test_of_a_large_body_only_the_beginning_is_kept() -> None:
    transport, calls = observed(httpx.Response(200, content=b"x" * (2 * KEPT)))
    await transport.play(conversation(httpx.Request("GET", "https://h.example/list")))
    assert (calls[0].response.size, len(calls[0].response.content or b"")) == (2 * KEPT, KEPT)
