"""Plays the requests of conversations that go to `gs://bucket/name` in Cloud Storage, through obstore.

PUT makes an object of the request's body, GET brings one, into a file where it is to be saved; GET of a
folder, which ends with a slash, lists all that is below it. What Cloud Storage says comes back as the answer
that its JSON API would give.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import anyio
import httpx
import obstore
from anyio.to_thread import run_sync
from obstore.exceptions import BaseError
from obstore.store import GCSStore

from addon.storage import object_store

if TYPE_CHECKING:
    from obstore.store import GCSConfig, GCSCredential

SCHEME = "gs"
EMULATOR = "STORAGE_EMULATOR_HOST"
"""The variable by which Google's own libraries find another Cloud Storage."""
ADDRESS = "https://storage.googleapis.com"


class RenewsTokens(Protocol):
    """Access tokens that outlive a long transfer."""

    async def renewed(self, token: str) -> tuple[str, datetime]:
        """The token to go on with, and when to ask again."""
        ...


class GoogleStorage:
    """Cloud Storage, with the token that a request carries, renewed where it is this machine's own."""

    def __init__(
        self,
        login: RenewsTokens,
        *,
        environment: Mapping[str, str] = os.environ,
        own: AbstractSet[tuple[str, int]] = frozenset(),
    ) -> None:
        self._login = login
        self._environment = environment
        self._own = own
        self._limiter = anyio.CapacityLimiter(2)

    async def answer(self, request: httpx.Request, path: Path | None) -> httpx.Response:
        """The answer to one request, its body in the file if there is a path: whole, or not there at all.

        Raises `httpx.NetworkError` when Cloud Storage cannot be asked, or for a new token nobody.
        """
        key = request.url.path.removeprefix("/")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token == "":  # obstore would look for credentials of this machine itself
            return _refusal(request, 401, "UNAUTHENTICATED", "Cloud Storage wants a token, and there is none")
        try:
            store = await run_sync(self._opened, request, token, limiter=self._limiter)
            if request.method == "PUT":
                return await _put(store, key, request)
            if key == "" or key.endswith("/"):
                return await _listed(store, key, request)
            return await _fetched(store, key, request, path)
        except (BaseError, FileNotFoundError) as error:
            if isinstance(error, FileNotFoundError) and error.errno is not None:
                raise  # a file of ours; the store's come without a number
            said = object_store.said(error)
        if said.status is None:
            raise httpx.NetworkError(said.words, request=request)
        return _refusal(request, said.status, said.code, said.words)

    def _opened(self, request: httpx.Request, token: str) -> GCSStore:
        """The bucket; takes a while, for certificates are read."""
        address = self._environment.get(EMULATOR) or ADDRESS
        endpoint = address if "://" in address else f"http://{address}"
        options = object_store.client_options(endpoint, self._own)
        if "x-goog-user-project" in request.headers:
            options["default_headers"] = {"x-goog-user-project": request.headers["x-goog-user-project"]}

        async def credential() -> GCSCredential:
            renewed, until = await self._login.renewed(token)
            return {"token": renewed, "expires_at": until}

        config: GCSConfig = {"base_url": endpoint}
        return GCSStore(
            request.url.host,
            config=config,
            client_options=options,
            retry_config={"max_retries": object_store.RETRIES},
            credential_provider=credential,
        )


def _refusal(request: httpx.Request, status: int, code: str, message: str) -> httpx.Response:
    told = {"code": status, "message": message, "status": code or None}
    return httpx.Response(status, json={"error": told}, request=request)


async def _put(store: GCSStore, key: str, request: httpx.Request) -> httpx.Response:
    async def blocks() -> AsyncIterator[bytes]:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for block in request.stream:
            yield block

    size = int(request.headers["content-length"])
    await object_store.written(store, key, blocks(), size, request.headers["content-type"])
    return httpx.Response(200, request=request)


async def _listed(store: GCSStore, key: str, request: httpx.Request) -> httpx.Response:
    found = await obstore.list(store, key or None).collect_async()
    items = [{"name": meta["path"], "size": str(meta["size"])} for meta in found]
    return httpx.Response(200, json={"items": items}, request=request)


async def _fetched(store: GCSStore, key: str, request: httpx.Request, path: Path | None) -> httpx.Response:
    result = await obstore.get_async(store, key)
    if path is None:
        return httpx.Response(200, content=bytes(await result.bytes_async()), request=request)
    size = result.meta["size"]
    part = anyio.Path(path.with_name(f"{path.name}.part"))
    came = await object_store.fetched(store, key, size, None, part)
    if came != size:
        raise httpx.NetworkError(f"{came} bytes came instead of {size}", request=request)
    await part.replace(path)
    return httpx.Response(200, request=request)
