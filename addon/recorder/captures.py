"""Reads the requests and responses of flow files and HARs as plain text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mitmproxy.exceptions import FlowReadException
from mitmproxy.http import HTTPFlow, Message
from mitmproxy.io import FlowReader

NO_TEXT = re.compile(r"<\d+ bytes that are no text>")
"""The placeholder for a body that is not text."""

type Headers = tuple[tuple[str, str], ...]


class RecordingFailed(Exception):
    """A capture cannot be read, or its recordings cannot be written; the message names the file and why."""


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int
    headers: Headers
    body: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and its response. A body that is not text is given as its length."""

    method: str
    url: str
    headers: Headers
    body: str
    response: Response | None
    """None when none came."""
    began: float
    """Unix seconds."""


def read(path: Path) -> list[Exchange]:
    """The HTTP exchanges of a flow file or a HAR, in order. Raises `RecordingFailed`."""
    try:
        return list(_read(path))
    except OSError as error:
        raise RecordingFailed(f"{path}: {error.strerror}") from error
    except FlowReadException as error:
        raise RecordingFailed(f"{path}: {error}") from error


def _read(path: Path) -> Iterator[Exchange]:
    with path.open("rb") as file:
        for flow in FlowReader(file).stream():
            if isinstance(flow, HTTPFlow) and flow.request.method != "CONNECT":
                yield exchange_of(flow)


def exchange_of(flow: HTTPFlow) -> Exchange:
    request, got = flow.request, flow.response
    response = None
    if got is not None and got.status_code and flow.error is None:  # HARs give status 0 where none came
        response = Response(status=got.status_code, headers=_headers(got), body=_text(got))
    return Exchange(
        method=request.method,
        url=request.url,
        headers=_headers(request),
        body=_text(request),
        response=response,
        began=request.timestamp_start,
    )


def _headers(message: Message) -> Headers:
    fields = message.headers.fields
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields)


def _text(message: Message) -> str:
    content = message.get_content(strict=False) or b""
    if "aws-chunked" in message.headers.get("content-encoding", ""):
        content = b"".join(_chunks(content))
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{len(content)} bytes that are no text>"


def _chunks(content: bytes) -> Iterator[bytes]:
    """The data of a chunked S3 upload (AWS: sigv4-streaming): `SIZE[;signature]`, data."""
    while content:
        head, _, content = content.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            return
        yield content[:size]
        content = content[size + 2 :]


def as_json(body: str) -> object:
    """A body as recordings hold it: JSON, or text where it is none; None when there is none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
