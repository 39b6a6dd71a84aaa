import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from mitmproxy.addons.view import View
from mitmproxy.exceptions import CommandError
from mitmproxy.http import HTTPFlow

from addon.jobs.records.documents import Document, ErrorGroup, NoSuchRecord, RecordDocuments
from addon.web.flows import labels
from tests.addon.proxy.proxying import CREATE, Proxy, a_create, a_flow, a_proxy
from tests.waiting import PATIENCE

ROUTED = {"x-model-provider": "openai"}
RECORD = {
    "recordId": "REC00000001",
    "modelInput": {"max_completion_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
}


class FakeRecords:
    async def documents(self, job_id: str, wanted: str) -> RecordDocuments:
        if wanted != "1":
            raise NoSuchRecord(f"no record {wanted}")
        return RecordDocuments(
            job_id=job_id,
            number=1,
            record_id="REC00000001",
            custom_ids=("abc-0",),
            outcome="failed",
            error=(400, "too\nlong"),
            input=Document(content=orjson.dumps(RECORD), place="s3://in-bucket/in.jsonl line 1"),
            sent=Document(content=b'{"custom_id": "abc-0"}', place="translated again"),
            received=Document(content=None, place="batch_1", missing="the provider deleted it"),
            output=Document(
                content=b'{"recordId": "REC00000001", "error": {"errorCode": 400}}', place="s3://out line 1"
            ),
            notes=("dropped top_k",),
        )

    async def errors(self, job_id: str) -> Sequence[ErrorGroup]:
        return [ErrorGroup(400, "too …", "too long", 17, 1, "REC00000001")]


def call(proxy: Proxy, name: str, *arguments: str) -> Any:
    """Call a command with texts, as mitmweb does."""
    return proxy.context.master.commands.call_strings(name, list(arguments))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.01)


def flows(view: View, part: str) -> list[HTTPFlow]:
    found = [flow for flow in view.resolve("@all") if isinstance(flow, HTTPFlow)]
    return [flow for flow in found if part in flow.request.path and flow.request.host == "batch.local"]


async def create(proxy: Proxy, view: View) -> tuple[HTTPFlow, str]:
    flow = a_create(ROUTED)
    view.add([flow])
    await proxy.request(flow)
    assert flow.response is not None
    return flow, flow.response.json()["jobArn"][-12:]


async def test_commands_show_list_and_stop_jobs(tmp_path: Path) -> None:
    view = View()
    async with a_proxy(tmp_path, view=view, records=FakeRecords()) as proxy:
        flow, job = await create(proxy, view)
        await until(lambda: flow.comment == f"→ openai, job {job}: Submitted")
        await until(lambda: job in call(proxy, "batch.jobs.ids"))
        head, line = call(proxy, "batch.jobs")
        assert head.startswith("1 jobs, as of ")
        assert "my-job" in line
        (timeline,) = flows(view, f"/batch/jobs/{job}")
        view.remove([timeline])
        assert "appears as a flow" in call(proxy, "batch.show", flow.response.json()["jobArn"])  # type: ignore[union-attr]
        await until(lambda: flows(view, f"/batch/jobs/{job}"))
        view.focus.flow = flow
        assert job in call(proxy, "batch.show", "@focus")
        assert "asked to stop" in call(proxy, "batch.stop", job)
        await until(lambda: proxy.runner.nudged)
        stored = proxy.stores[0].job(job)
        assert stored is not None
        assert stored.status == "Stopping"


async def test_a_record_is_one_flow_with_four_documents(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    view = View()
    async with a_proxy(tmp_path, view=view, records=FakeRecords()) as proxy:
        _, job = await create(proxy, view)
        call(proxy, "batch.record", job, "1")
        await until(lambda: flows(view, "/records/1"))
        (flow,) = flows(view, "/records/1")
        assert flow.request.json() == RECORD["modelInput"]
        assert flow.response is not None
        assert (flow.response.status_code, flow.response.json()) == (400, {"errorCode": 400})
        assert [flow.metadata[name] for name in labels.DOCUMENTS] == [
            orjson.dumps(RECORD).decode(),
            '{"custom_id": "abc-0"}',
            "(the provider deleted it: batch_1)",
            '{"recordId": "REC00000001", "error": {"errorCode": 400}}',
        ]
        assert (flow.metadata[labels.JOB], flow.metadata[labels.RECORD]) == (job, "REC00000001")
        assert flow.metadata[labels.PROVIDER] == "openai"
        assert "failed, 400: too long; dropped top_k" in flow.comment
        assert HTTPFlow.from_state(flow.get_state()).metadata == flow.metadata
        assert call(proxy, "batch.errors", job) == [
            f"job {job}: the failed records in groups: is being read and appears as a flow"
        ]
        await until(lambda: flows(view, "/errors"))
        assert call(proxy, "batch.errors", job) == ["17 times 400: too long (record 1, REC00000001)"]
        call(proxy, "batch.record", job, "99")
        await until(lambda: "no record 99" in caplog.text)


async def test_translate_shows_what_a_provider_would_get(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    view = View()
    body = orjson.dumps(RECORD) + b"\n" + b'{"recordId": "REC00000002", "modelInput": {"foo": 1}}\n'
    upload = a_flow("PUT", "/in-bucket/in.jsonl", body=body, host="s3.us-east-1.amazonaws.com")
    other = a_flow("PUT", "/elsewhere/in.jsonl", body=body, host="s3.us-east-1.amazonaws.com")
    async with a_proxy(tmp_path, view=view) as proxy:
        created, _ = await create(proxy, view)
        view.add([upload, other])
        for flow in (upload, created):
            assert "appears as a flow" in call(proxy, "batch.translate", f"@{flow.id}", "openai")
            await until(lambda: flows(view, "/translate/openai"))
            (made,) = flows(view, "/translate/openai")
            assert made.response is not None
            first, second = (orjson.loads(line) for line in (made.response.content or b"").splitlines())
            assert first["body"]["model"] == CREATE["modelId"]
            assert "cannot be sent" in second["error"]
            assert "1 cannot be sent" in made.comment
            view.remove([made])
        call(proxy, "batch.translate", f"@{other.id}", "openai")
        await until(lambda: "give the job's modelId" in caplog.text)
        call(proxy, "batch.translate", f"@{other.id}", "openai", "gpt-5.4-mini")
        await until(lambda: flows(view, "/translate/openai"))
        with pytest.raises(CommandError):
            call(proxy, "batch.translate", f"@{other.id}", "nobody")


async def test_names_are_those_that_mitmweb_takes_and_commands_work_without_a_list(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with a_proxy(tmp_path) as proxy:
        ours = [name for name in proxy.context.master.commands.commands if name.startswith("batch.")]
        assert {"batch.jobs", "batch.show", "batch.record", "batch.stop", "batch.errors"} <= set(ours)
        assert all(re.fullmatch("[a-z.]+", name) for name in ours)
        flow = await proxy.request(a_create(ROUTED))
        job = flow.metadata[labels.JOB]
        call(proxy, "batch.show", job)
        await until(lambda: f"timeline → openai, job {job}" in caplog.text)
        call(proxy, "batch.show", "nosuchjob000")
        await until(lambda: "there is no job nosuchjob000" in caplog.text)
        call(proxy, "batch.stop", "nosuchjob000")
        await until(lambda: "There is no model invocation job" in caplog.text)
        call(proxy, "batch.record", "nosuchjob000", "1")
        await until(lambda: "batch.record: " in caplog.text)
    with pytest.raises(CommandError, match="starting or ending"):
        call(proxy, "batch.stop", "nosuchjob000")
