"""Resumable uploads to the Files API.

Gemini: docs/files, api/files; google-genai sends 8 MiB at a time. How to go on after a part that failed is
documented for another Google API of the same protocol (Google Photos: guides/resumable-uploads).
"""

from typing import IO

import httpx

from translators.errors import ProviderError
from translators.providers.api_responses import Received, read
from translators.providers.conversation import Conversation, Endpoint
from translators.providers.gemini.errors import READER
from translators.providers.request_bodies import FileRange, size_of

PART = 8 << 20
"""Bytes of one request; but for the last, a multiple of what the service asks for (256 KiB)."""

TYPE = "application/jsonl"
"""Gemini: docs/batch-api, the REST sample."""


class _FileError(Received):
    message: str = "no reason given"


class File(Received):
    """A file of the Files API."""

    name: str
    state: str = "ACTIVE"
    error: _FileError = _FileError()


class _Uploaded(Received):
    file: File


def uploaded(endpoint: Endpoint, display_name: str, lines: IO[bytes]) -> Conversation[File]:
    """Upload a file, part by part. Raises `ProviderError`."""
    size = size_of(lines)
    session = yield from _session(endpoint, display_name, size)
    sent = 0
    while True:
        length = min(PART, size - sent)
        last = sent + length == size
        response = yield httpx.Request(
            "POST",
            session,
            headers={
                **endpoint.headers,
                "X-Goog-Upload-Command": "upload, finalize" if last else "upload",
                "X-Goog-Upload-Offset": str(sent),
                "Content-Length": str(length),
            },
            content=FileRange(lines, sent, length),
        )
        if not response.is_success:
            sent = yield from _received(endpoint, session, sent, response)
        elif last:
            return read(response, _Uploaded).file
        else:
            sent += length


def _session(endpoint: Endpoint, display_name: str, size: int) -> Conversation[httpx.URL]:
    """The URL for the parts: the path and query of the response, at the endpoint's host.

    google-genai does the same. It makes proxies work, and the key is sent to no host that a response names.
    """
    response = yield httpx.Request(
        "POST",
        f"{endpoint.base_url}/upload/v1beta/files",
        headers={
            **endpoint.headers,
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
            "X-Goog-Upload-Header-Content-Type": TYPE,
        },
        json={"file": {"displayName": display_name}},
    )
    url = READER.checked(response).headers.get("x-goog-upload-url")
    if url is None:
        raise ProviderError(502, "the provider's answer does not say where to upload to")
    base = httpx.URL(endpoint.base_url)
    return httpx.URL(url).copy_with(scheme=base.scheme, host=base.host, port=base.port)


def _received(
    endpoint: Endpoint, session: httpx.URL, sent: int, refused: httpx.Response
) -> Conversation[int]:
    """Bytes that have arrived after a part that got an error: some of it may have, and then it cannot be sent
    again from its beginning. Raises `ProviderError` when none has."""
    response = yield httpx.Request(
        "POST", session, headers={**endpoint.headers, "X-Goog-Upload-Command": "query"}
    )
    status = response.headers.get("x-goog-upload-status")
    received = response.headers.get("x-goog-upload-size-received", "")
    if response.is_success and status == "final":
        raise ProviderError(503, "the upload ended without an answer that names the file")
    if response.is_success and received.isdecimal() and int(received) > sent:
        return int(received)
    raise READER.error(refused)
