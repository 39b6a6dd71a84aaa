"""Flow files and HARs are read as plain text."""

from pathlib import Path

import pytest
from mitmproxy.flow import Error
from mitmproxy.http import Headers, HTTPFlow, Response
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from addon.recorder.captures import as_json, exchange_of, read


def a_flow(content: bytes = b"", response: Response | None = None, **headers: str) -> HTTPFlow:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = tutils.treq(method=b"PUT", content=content, headers=Headers(fields), path=b"/a%2Fb?c=d")
    flow = tflow.tflow(req=request)
    flow.response = response
    return flow


def test_request_and_response_are_text_with_headers_in_lower_case() -> None:
    response = Response.make(200, "schön".encode(), {"Content-Encoding": "gzip", "X-A": "b"})
    exchange = exchange_of(a_flow("größer".encode(), response, Content_Type="text/plain"))
    assert (exchange.method, exchange.body) == ("PUT", "größer")
    assert exchange.url.endswith("/a%2Fb?c=d")
    assert ("content-type", "text/plain") in exchange.headers
    assert exchange.response is not None
    assert response.raw_content != response.content
    assert (exchange.response.status, exchange.response.body) == (200, "schön")
    assert ("x-a", "b") in exchange.response.headers


def test_chunks_of_an_upload_to_s3_are_put_together() -> None:
    chunks = b'6;chunk-signature=abc\r\n{"a":1\r\n2\r\n}\n\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n'
    exchange = exchange_of(a_flow(chunks, Content_Encoding="aws-chunked"))
    assert exchange.body == '{"a":1}\n'


def test_bytes_that_are_no_text_are_given_as_their_length() -> None:
    assert exchange_of(a_flow(b"\xff\xfe\xfd")).body == "<3 bytes that are no text>"


def test_a_response_that_broke_off_is_none() -> None:
    flow = a_flow(response=Response.make(502, b"Bad Gateway"))
    flow.error = Error("Server disconnected")
    assert exchange_of(flow).response is None
    assert exchange_of(a_flow()).response is None
    assert exchange_of(a_flow(response=Response.make(0))).response is None  # as HARs have it


def test_only_http_is_read(tmp_path: Path) -> None:
    path = tmp_path / "flows"
    with path.open("wb") as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]  # mitmproxy's own
        connect = tflow.tflow(req=tutils.treq(method=b"CONNECT"))
        for flow in (tflow.ttcpflow(), tflow.tdnsflow(), connect, a_flow(b"1")):
            writer.add(flow)
    assert [exchange.body for exchange in read(path)] == ["1"]


@pytest.mark.parametrize(
    ("body", "held"),
    [("", None), ('{"a": 1}', {"a": 1}), ("{}\n{}\n", "{}\n{}\n"), ("[" * 100_000, "[" * 100_000)],
)
def test_bodies_are_json_where_they_are(body: str, held: object) -> None:
    assert as_json(body) == held
