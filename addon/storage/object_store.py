"""Transfers through obstore, for every store: download in slices, upload in parts; its errors parsed."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

import anyio
import obstore

from addon.settings.egress_proxy import proxy_for

if TYPE_CHECKING:
    from obstore import Attributes, GetOptions
    from obstore.store import ClientConfig, ObjectStore

PART = 8 << 20
"""Bytes of one part of a multipart upload; S3 and Cloud Storage take 10,000 parts of at least 5 MiB."""
PARTS_IN_FLIGHT = 2
SLICE = 8 << 20
"""Bytes of one request of a download."""
BLOCK = 1 << 20
"""Bytes of one read or write of a file."""
RETRIES = 4

# A part must be sent within a minute, which needs 140 kB/s; obstore resumes a slice that takes longer.
_CLIENT: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "120s"}
# obstore reads HTTPS_PROXY unless it is given a proxy; this one is never used.
_NO_PROXY: ClientConfig = {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*,0.0.0.0/0,::/0"}

_STATUS = re.compile(r"status code: (\d{3})( [\w ]+)?")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_SYSTEM_ERROR = re.compile(r'(?:message|error): "([^"]+)"')
_KIND = re.compile(r"kind: (\w+)")


def client_options(endpoint: str, own: AbstractSet[tuple[str, int]]) -> ClientConfig:
    """obstore's options for calls to this server. `own` are addresses that are never used as a proxy."""
    options: ClientConfig = {**_CLIENT, "allow_http": endpoint.startswith("http://")}
    proxy = proxy_for(endpoint, os.environ, own)
    options.update(_NO_PROXY if proxy is None else {"proxy_url": proxy})
    return options


async def download(store: ObjectStore, key: str, size: int, etag: str | None, file: anyio.Path) -> int:
    """Copy an object of this size into a file; returns the bytes received. Fails if the ETag differs."""
    unchanged: GetOptions = {} if etag is None else {"if_match": etag}
    async with await file.open("wb") as opened:
        for start in range(0, size, SLICE):
            wanted: GetOptions = {**unchanged, "range": (start, min(start + SLICE, size))}
            result = await obstore.get_async(store, key, options=wanted)
            async for block in result.stream(min_chunk_size=BLOCK):
                await opened.write(block)
    return (await file.stat()).st_size


async def upload(
    store: ObjectStore, key: str, blocks: AsyncIterator[bytes], size: int, content_type: str
) -> None:
    """Write the blocks, `size` bytes in all, as one object. Holds a few parts in memory at most."""
    attributes: Attributes = {"Content-Type": content_type}
    if size <= PART:
        data = b"".join([block async for block in blocks])
        await obstore.put_async(store, key, data, attributes=attributes, use_multipart=False)
        return
    await obstore.put_async(
        store, key, blocks, attributes=attributes, chunk_size=PART, max_concurrency=PARTS_IN_FLIGHT
    )


@dataclass(frozen=True)
class StoreError:
    """The error response of a store, or the operating system's error where there was none."""

    status: int | None
    """HTTP; None without a response."""
    code: str
    """The store's error code; empty without one."""
    message: str


def parsed(error: Exception) -> StoreError:
    """obstore's error, which is text only; the system's message is in a dump of Rust structures."""
    summary, _, dump = str(error).partition("\n\nDebug source")
    response = _STATUS.search(summary)
    if response is None:
        details = [*_KIND.findall(dump)[:1], *_SYSTEM_ERROR.findall(dump)[:1]]
        return StoreError(None, "", ", ".join([summary.rpartition(" - ")[2].strip()[:200], *details]))
    code, message = _CODE.search(summary), _MESSAGE.search(summary)
    if code is None or message is None:
        return StoreError(int(response[1]), "", f"HTTP {response[0].partition(': ')[2]}")
    return StoreError(int(response[1]), code[1], f"{code[1]}: {unescape(message[1])}")
