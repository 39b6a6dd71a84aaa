"""Flows that no client sent: with connections, times and ids as mitmproxy expects them."""

from collections.abc import Sequence
from uuid import uuid4

from mitmproxy.connection import Client, Server
from mitmproxy.http import Headers, HTTPFlow, Request, Response

type Pairs = Sequence[tuple[str, str]]

HERE = ("127.0.0.1", 0)
JSON: Pairs = (("content-type", "application/json"),)


def made_flow(
    method: str,
    url: str,
    *,
    headers: Pairs = (),
    content: bytes = b"",
    began: float,
    ended: float,
) -> HTTPFlow:
    """A flow with this request and no response; it is over, so it can neither be killed nor resumed."""
    request = Request.make(method, url, content, _fields(headers))
    request.headers.pop("content-length", None)
    request.timestamp_start = request.timestamp_end = began
    client = Client(peername=HERE, sockname=HERE, timestamp_start=began)
    client.timestamp_end = ended
    server = Server(address=(request.host, request.port))
    server.timestamp_start, server.timestamp_end = began, ended
    flow = HTTPFlow(client, server, live=False)
    flow.id = str(uuid4())  # mitmweb's addresses take no other form
    flow.timestamp_created = began
    flow.request = request
    return flow


def made_response(status: int, headers: Pairs, content: bytes, *, began: float, ended: float) -> Response:
    response = Response.make(status, content, _fields(headers))
    response.headers.pop("content-length", None)
    response.timestamp_start, response.timestamp_end = began, ended
    return response


def _fields(headers: Pairs) -> Headers:
    return Headers([(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers])
