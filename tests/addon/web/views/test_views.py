import logging
import os
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import orjson
import pytest
from mitmproxy import contentviews
from mitmproxy.http import HTTPFlow
from mitmproxy.test import taddons, tflow, tutils

from addon.web.flows import labels
from addon.web.views.bedrock_record import BedrockRecord
from addon.web.views.registration import ContentViews
from addon.web.views.text import LOOKED_AT, readable

NOTHING: Mapping[str, str] = MappingProxyType({})
RECORD = {
    "recordId": "REC00000001",
    "modelInput": {"max_tokens": 16, "messages": [{"role": "user", "content": "first line\nsecond line"}]},
}
PROMPT_BLOCK = "      content: |\n        first line\n        second line"


@pytest.fixture(autouse=True, scope="module")
def views() -> None:
    ContentViews().load(None)
    ContentViews().load(None)  # as when a script is loaded again


@pytest.fixture(autouse=True)
def options() -> Iterator[None]:
    """mitmproxy's options, which its views read."""
    with taddons.context():  # type: ignore[no-untyped-call]  # mitmproxy's own
        yield


def a_flow(sent: bytes = b"", received: bytes = b"", metadata: Mapping[str, str] = NOTHING) -> HTTPFlow:
    flow: HTTPFlow = tflow.tflow(
        req=tutils.treq(content=sent, headers=()), resp=tutils.tresp(content=received, headers=())
    )
    flow.metadata.update(metadata)
    return flow


def of_request(flow: HTTPFlow, view: str = "auto") -> tuple[str, str | None]:
    result = contentviews.prettify_message(flow.request, flow, view)
    return result.text, result.view_name


def of_response(flow: HTTPFlow, view: str = "auto") -> tuple[str, str | None]:
    assert flow.response is not None
    result = contentviews.prettify_message(flow.response, flow, view)
    return result.text, result.view_name


def routed(operation: str) -> dict[str, str]:
    return {labels.OPERATION: operation, labels.PROVIDER: "openai", labels.JOB: "abcdefghijkl"}


def test_a_routed_call_is_shown_with_what_became_of_it() -> None:
    flow = a_flow(b'{"jobName": "a-job"}', b'{"jobArn": "arn"}', routed("CreateModelInvocationJob"))
    flow.comment = "→ openai, job abcdefghijkl: InProgress 40/100"
    flow.metadata[labels.PROGRESS] = "status: InProgress\ntokens: 10 in, 2 out"
    text, name = of_request(flow)
    assert name == "Bedrock batch"
    assert "# job: abcdefghijkl" in text
    assert "# tokens: 10 in, 2 out" in text
    assert "InProgress 40/100" in text
    assert text.endswith("jobName: a-job")
    assert of_response(flow)[0].endswith("jobArn: arn")
    assert of_request(a_flow(metadata=routed("StopModelInvocationJob")))[1] == "Bedrock batch"
    assert of_request(a_flow(b'{"jobName": "a-job"}'))[1] != "Bedrock batch"


def test_records_are_shown_one_by_one_with_prompts_as_text() -> None:
    line = orjson.dumps(RECORD)
    text, name = of_request(a_flow(line + b"\n" + line + b"\n"))
    assert name == "Bedrock record"
    assert text.count(PROMPT_BLOCK) == 2
    assert "# record 2\nrecordId: REC00000001" in text
    output = b'{"modelOutput": {}, "modelInput": {"a": 1}}\n'
    assert of_request(a_flow(output))[1] == "Bedrock record"


def test_an_upload_in_frames_is_read_too() -> None:
    line = orjson.dumps(RECORD) + b"\n"
    framed = b"%x\r\n%b\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n" % (len(line), line)
    text, name = of_request(a_flow(framed))
    assert name == "Bedrock record"
    assert PROMPT_BLOCK in text


def test_own_calls_are_shown_with_bedrocks_words() -> None:
    flow = a_flow(b"", b'{"id": "batch_1", "status": "finalizing"}', {labels.CALL: "provider"})
    text, name = of_response(flow)
    assert name == "Provider batch"
    assert "# status finalizing: InProgress; results are being written" in text
    lines = a_flow(b"", b'{"custom_id": "a"}\n{"custom_id": "b"}\n', {labels.CALL: "provider"})
    assert "# line 2\ncustom_id: b" in of_response(lines)[0]


def test_the_other_documents_of_a_record_are_chosen_by_hand() -> None:
    documents = dict(
        zip(labels.DOCUMENTS, ("{}", '{"sent": 1}', "(gone: batch_1)", '{"out": 2}'), strict=True)
    )
    metadata = {**documents, labels.RECORD: "REC00000001"}
    flow = a_flow(orjson.dumps(RECORD["modelInput"]), metadata=metadata)
    assert of_request(flow)[1] == "Bedrock record"
    assert of_request(flow, "Sent")[0] == "sent: 1"
    assert of_request(flow, "received")[0] == "(gone: batch_1)"
    assert of_response(flow, "Output")[0] == "out: 2"
    assert "batch.record JOB RECORD makes one" in of_request(a_flow(b"x"), "Sent")[0]


HOSTILE = (
    b"",
    b"\xff\xfe\x00",
    b"{",
    b'{"modelInput": ',
    b'{"modelInput": 1}\nno json\n',
    b"[" * 100_000,
    b'{"modelInput":' * 5_000,
    b'{"a": "\\u202e\\u001b[31m"}',
    b"<script>alert(1)</script>",
    b"fffffff\r\n",
    b"0\r\n",
    b'"' + b"\\ud800" * 10 + b'"',
    b'{"status": 5, "metadata": [1]}',
    b'{"b": ' + b"9" * 5000 + b"}",
    os.urandom(5000),
)


@pytest.mark.parametrize("data", HOSTILE)
def test_rubbish_is_shown_raw_and_logs_no_error(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tags: tuple[dict[str, str], ...] = (
        {},
        routed("GetModelInvocationJob"),
        {labels.CALL: "s3"},
        {labels.RECORD: "1", "batch.sent": "{"},
    )
    for metadata in tags:
        flow = a_flow(data, data, metadata)
        for view in (
            "auto",
            "Bedrock batch",
            "Bedrock record",
            "Provider batch",
            "Sent",
            "Received",
            "Output",
        ):
            text, _ = of_request(flow, view)
            assert "Couldn't parse" not in text
            assert "\x1b" not in text
            assert "\u202e" not in text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "Bedrock" not in caplog.text


def test_only_the_beginning_of_a_large_body_is_looked_at() -> None:
    line = orjson.dumps(RECORD) + b"\n"
    large = line * (64_000_000 // len(line))
    view, nothing = BedrockRecord(), contentviews.Metadata()
    began = time.process_time()
    assert view.render_priority(large, nothing) == 2
    text = view.prettify(large, nothing)
    assert time.process_time() - began < 1
    assert len(text) < 4 * LOOKED_AT
    assert f"of {len(large):,} bytes" in text
    cut = of_request(a_flow(b"x" * LOOKED_AT * 2, metadata=routed("GetModelInvocationJob")))[0]
    assert "more bytes" in cut


def test_deep_and_wide_documents_are_cut() -> None:
    deep: object = "end"
    for _ in range(200):
        deep = [deep]
    assert "1 members" in readable(deep)
    assert readable({str(n): n for n in range(500)}).endswith("… more")
    assert readable({"a": [], "b": {}, "c": [{"d": 1}, [2]]}) == "a: []\nb: {}\nc:\n  - d: 1\n  - - 2"
