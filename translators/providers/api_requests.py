"""Requests to providers' APIs."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import httpx

from translators.providers.conversation import Endpoint

_NONE: Mapping[str, str] = MappingProxyType({})


def get(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("GET", f"{endpoint.base_url}{path}", headers=endpoint.headers)


def delete(endpoint: Endpoint, path: str) -> httpx.Request:
    return httpx.Request("DELETE", f"{endpoint.base_url}{path}", headers=endpoint.headers)


def post(endpoint: Endpoint, path: str, members: object = None) -> httpx.Request:
    """A POST of a JSON object; with no body for None."""
    return httpx.Request("POST", f"{endpoint.base_url}{path}", headers=endpoint.headers, json=members)


def post_json(
    endpoint: Endpoint, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str] = _NONE
) -> httpx.Request:
    """A POST of a body that is JSON already."""
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}{path}",
        headers={**endpoint.headers, "Content-Type": "application/json", **headers},
        content=body,
    )


def post_form(
    endpoint: Endpoint,
    path: str,
    name: str,
    lines: IO[bytes],
    *,
    fields: Mapping[str, str] = _NONE,
    file_field: str = "file",
    content_type: str = "application/octet-stream",
    boundary: str | None = None,
) -> httpx.Request:
    """A POST of a form with the lines as the file `<name>.jsonl`."""
    # The boundary cannot occur: JSON Lines hold no carriage return, and a boundary follows one.
    form = f"multipart/form-data; boundary={boundary or f'bedrock_batch-{name}'}"
    return httpx.Request(
        "POST",
        f"{endpoint.base_url}{path}",
        headers={**endpoint.headers, "Content-Type": form},
        data=fields,
        files={file_field: (f"{name}.jsonl", lines, content_type)},
    )


def segment(name: str) -> str:
    """The name as one segment of a URL's path, or as a value in its query."""
    return quote(name, safe="")
