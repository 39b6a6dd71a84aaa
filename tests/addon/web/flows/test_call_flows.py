import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy.addons import export
from mitmproxy.addons.view import View
from mitmproxy.http import HTTPFlow
from mitmproxy.test import taddons

from addon.storage.calls import Body, Call, CalledFor, files_body
from addon.web.flows import labels
from addon.web.flows.call_flows import CallFlows, Shown, deliver

KEY = "sk-the-providers-key"
SECRETS = (KEY, "a-signature-of-aws", "a-session-token", "a-cookie-value", "another-key-in-a-body")


def a_call(**members: object) -> Call:
    values: dict[str, object] = {
        "service": "provider",
        "method": "GET",
        "url": "https://api.openai.com/v1/batches/batch_1",
        "request_headers": [("authorization", f"Bearer {KEY}"), ("x-trace", KEY)],
        "status": 200,
        "response_headers": [("content-type", "application/json"), ("set-cookie", "id=a-cookie-value")],
        "response": Body.of(b'{"id": "batch_1", "status": "in_progress"}'),
        "began": 1.0,
        "ended": 2.0,
        "purpose": CalledFor("abcdefghijkl", "openai"),
        **members,
    }
    return Call(**values)  # type: ignore[arg-type]  # a test's own


async def shown(
    *calls: Call, by: Shown = "bodies", update: Callable[[list[HTTPFlow]], None] = lambda flows: None
) -> list[HTTPFlow]:
    """The flows of these calls, as other addons get them."""
    flows = list[HTTPFlow]()

    async def deliver(flow: HTTPFlow) -> None:
        flows.append(flow)

    made = CallFlows(deliver=deliver, update=update)
    made.shown = by
    for call in calls:
        made.observe(call)
    await asyncio.sleep(0)
    return flows


async def test_a_call_is_a_flow_of_its_job() -> None:
    (flow,) = await shown(a_call())
    assert flow.request.url == "https://api.openai.com/v1/batches/batch_1"
    assert flow.response is not None
    assert flow.response.json()["id"] == "batch_1"
    assert (flow.metadata[labels.JOB], flow.metadata[labels.PROVIDER]) == ("abcdefghijkl", "openai")
    assert flow.comment == "own call to openai, job abcdefghijkl"
    assert flow.marked == labels.CALLED
    assert not flow.live


@pytest.mark.parametrize("by", ["calls", "bodies"])
async def test_no_secret_is_in_a_flow_or_its_exports(by: Shown) -> None:
    url = (
        "https://host.example/file?X-Amz-Signature=a-signature-of-aws&X-Amz-Security-Token=a-session-token"
        f"&key={KEY}&part=1"
    )
    body = f'{{"api_key": "another-key-in-a-body", "repeated": "{KEY}", "url": "{url}"}}'.encode()
    call = a_call(
        method="POST",
        url=url,
        request_headers=[("x-goog-api-key", KEY), ("Authorization", f"Bearer {KEY}"), ("api-key", KEY)],
        request=Body.of(body),
        response=Body.of(body),
        error=f"refused {KEY}",
        status=403,
    )
    unanswered = a_call(error=f"no answer with {KEY}", status=None)
    flows = await shown(call, unanswered, by=by)
    assert len(flows) == 2
    exporter = export.Export()
    with taddons.context(exporter):  # type: ignore[no-untyped-call]  # mitmproxy's own
        for flow in flows:
            texts = [str(flow.get_state()), export.curl_command(flow), export.httpie_command(flow)]
            texts.append(export.raw_request(flow).decode(errors="replace"))
            for text in texts:
                assert not [secret for secret in SECRETS if secret in text]
    assert "part=1" in flows[0].request.url


async def test_bodies_are_shown_on_request_and_files_of_batches_never(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"a prompt of the application\n")
    upload = a_call(method="POST", request=await files_body([path]))
    control = a_call(method="POST", request=Body.of(b'{"endpoint": "/v1/chat/completions"}'))
    (with_body,) = await shown(control)
    (without,) = await shown(control, by="calls")
    (uploaded,) = await shown(upload)
    assert with_body.request.text == '{"endpoint": "/v1/chat/completions"}'
    assert "batch_show_calls=bodies" in (without.request.text or "")
    said = uploaded.request.text or ""
    assert said.startswith("28 bytes, SHA-256 ")
    assert str(path) in said
    assert "prompt" not in str(uploaded.get_state())


async def test_polls_that_changed_nothing_are_counted_in_one_flow() -> None:
    updates = list[HTTPFlow]()
    polls = [a_call(ended=float(moment)) for moment in range(1, 38)]
    changed = a_call(response=Body.of(b'{"status": "completed"}'), ended=40.0)
    first, second = await shown(*polls, changed, update=updates.extend)
    assert first.comment.endswith("; 37 times, last 00:00:37 UTC")
    assert second.comment == "own call to openai, job abcdefghijkl"
    assert set(updates) == {first}


async def test_a_file_that_is_gone_is_no_reason_to_fail(tmp_path: Path) -> None:
    body = await files_body([tmp_path / "nothing"])
    assert "cannot be read" in body.place
    await shown(a_call(response=body))


async def test_a_million_records_sent_one_by_one_are_few_flows() -> None:
    calls = [a_call(method="POST", is_of_record=True, response=Body.of(b"%d" % n)) for n in range(500)]
    refused = [a_call(method="POST", is_of_record=True, status=429) for _ in range(500)]
    flows = await shown(*calls, *refused)
    assert [flow.comment.partition(";")[2].split(",")[0] for flow in flows] == [" 500 times", " 500 times"]


async def test_calls_that_come_too_fast_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    flows = await shown(*(a_call(method="POST", url=f"https://h.example/{n}") for n in range(1200)))
    assert len(flows) == 1000
    assert "200 calls came too fast" in caplog.text


async def test_nothing_is_shown_by_none_and_a_failure_ends_no_transfer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await shown(a_call(), by="none") == []
    assert await shown(a_call(url="nowhere")) == []
    assert "is not shown" in caplog.text


async def test_cloud_storage_has_an_address_that_can_be_shown() -> None:
    (flow,) = await shown(a_call(url="gs://bucket/folder/lines.jsonl", method="PUT"))
    assert flow.request.url == "https://storage.googleapis.com/bucket/folder/lines.jsonl"


async def test_other_addons_save_a_call_and_never_take_it_for_a_clients() -> None:
    class Other:
        def __init__(self) -> None:
            self.called = list[str]()

        def request(self, flow: HTTPFlow) -> None:
            self.called.append("request")

        def response(self, flow: HTTPFlow) -> None:
            self.called.append("response")

        def error(self, flow: HTTPFlow) -> None:
            self.called.append("error")

    other, view = Other(), View()
    answered, unanswered = await shown(a_call(), a_call(status=None, error="reset"))
    with taddons.context(other, view):  # type: ignore[no-untyped-call]  # mitmproxy's own
        await deliver(answered)
        await deliver(unanswered)
    assert other.called == ["response", "error"]
    assert view.resolve("@all") == [answered, unanswered]
