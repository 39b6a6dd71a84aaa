"""Objects as obstore moves them, whatever the store: down in slices, up in parts, and what its errors say."""

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
"""Bytes that one request of a download asks for."""
BLOCK = 1 << 20
"""Bytes that pass between the disk and obstore at once."""
RETRIES = 4

# A part or a slice must make it within the minute: a line of 140 kB/s does for the one, obstore goes on
# where it was cut for the other.
_CLIENT: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "120s"}
# obstore reads HTTPS_PROXY unless it is given a proxy; this one is never used.
_NO_PROXY: ClientConfig = {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*,0.0.0.0/0,::/0"}

_STATUS = re.compile(r"status code: (\d{3})( [\w ]+)?")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_SYSTEM_SAID = re.compile(r'(?:message|error): "([^"]+)"')
_KIND = re.compile(r"kind: (\w+)")


def client_options(endpoint: str, own: AbstractSet[tuple[str, int]]) -> ClientConfig:
    """How a store's server is called. `own` are addresses that are never used as a proxy."""
    options: ClientConfig = {**_CLIENT, "allow_http": endpoint.startswith("http://")}
    proxy = proxy_for(endpoint, os.environ, own)
    options.update(_NO_PROXY if proxy is None else {"proxy_url": proxy})
    return options


async def fetched(store: ObjectStore, key: str, size: int, etag: str | None, file: anyio.Path) -> int:
    """Copy an object of this size into a file; how many bytes came. One that has changed since is refused."""
    unchanged: GetOptions = {} if etag is None else {"if_match": etag}
    async with await file.open("wb") as opened:
        for start in range(0, size, SLICE):
            wanted: GetOptions = {**unchanged, "range": (start, min(start + SLICE, size))}
            result = await obstore.get_async(store, key, options=wanted)
            async for block in result.stream(min_chunk_size=BLOCK):
                await opened.write(block)
    return (await file.stat()).st_size


async def written(
    store: ObjectStore, key: str, blocks: AsyncIterator[bytes], size: int, content_type: str
) -> None:
    """Make an object of the blocks, of which there are so many bytes. Memory stays flat."""
    attributes: Attributes = {"Content-Type": content_type}
    if size <= PART:
        data = b"".join([block async for block in blocks])
        await obstore.put_async(store, key, data, attributes=attributes, use_multipart=False)
        return
    await obstore.put_async(
        store, key, blocks, attributes=attributes, chunk_size=PART, max_concurrency=PARTS_IN_FLIGHT
    )


@dataclass(frozen=True)
class Said:
    """What a store answered, or what the system said where no answer came."""

    status: int | None
    """HTTP; None without an answer."""
    code: str
    """The store's own word, empty where it gave none."""
    words: str


def said(error: Exception) -> Said:
    """What obstore's error holds as text only; the system's words stand in a dump of Rust structures."""
    summary, _, dump = str(error).partition("\n\nDebug source")
    answer = _STATUS.search(summary)
    if answer is None:
        details = [*_KIND.findall(dump)[:1], *_SYSTEM_SAID.findall(dump)[:1]]
        return Said(None, "", ", ".join([summary.rpartition(" - ")[2].strip()[:200], *details]))
    code, message = _CODE.search(summary), _MESSAGE.search(summary)
    if code is None or message is None:
        return Said(int(answer[1]), "", f"HTTP {answer[0].partition(': ')[2]}")
    return Said(int(answer[1]), code[1], f"{code[1]}: {unescape(message[1])}")
