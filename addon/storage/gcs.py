"""Runs HTTP requests to `gs://bucket/name` against Cloud Storage, through obstore.

PUT uploads the request's body as an object; GET downloads one, to a file where a path is given; GET of a
folder, which ends with a slash, lists everything below it; DELETE removes an object. Responses, and errors,
have the form of Cloud Storage's JSON API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import httpx
import obstore
from anyio.to_thread import run_sync
from obstore.exceptions import BaseError
from obstore.store import GCSStore

from addon.storage import object_store
from addon.storage.unfinished_files import unfinished

if TYPE_CHECKING:
    from obstore.store import GCSCredential

SCHEME = "gs"
EMULATOR = "STORAGE_EMULATOR_HOST"
"""The environment variable with the address of another Cloud Storage, as Google's own libraries read it."""
ADDRESS = "https://storage.googleapis.com"


class GoogleStorage:
    """Cloud Storage, with the token of the request.

    `renewed` returns a valid token in place of one, and when to check it again: transfers may outlive it.
    """

    def __init__(
        self,
        renewed: Callable[[str], tuple[str, datetime]],
        environment: Mapping[str, str],
        own: AbstractSet[tuple[str, int]],
    ) -> None:
        self._renewed = renewed
        self._environment = environment
        self._own = own
        self._limiter = anyio.CapacityLimiter(2)

    async def response(self, request: httpx.Request, path: Path | None) -> httpx.Response:
        """The response to one request; with a path its body becomes that file, whole or not at all.

        Raises `httpx.NetworkError` when Cloud Storage, or the server of tokens, gives no response.
        """
        key = request.url.path.removeprefix("/")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token == "":  # obstore would look for credentials of this machine itself
            return _error(request, 401, "UNAUTHENTICATED", "Cloud Storage wants a token, and there is none")
        try:
            store = await run_sync(self._opened, request, token, limiter=self._limiter)
            if request.method == "PUT":
                return await _put(store, key, request)
            if request.method == "DELETE":
                await obstore.delete_async(store, key)
                return httpx.Response(204, request=request)
            if key == "" or key.endswith("/"):
                return await _listed(store, key, request)
            return await _downloaded(store, key, request, path)
        except (BaseError, FileNotFoundError) as error:
            if isinstance(error, FileNotFoundError) and error.errno is not None:
                raise  # of a local file; the store's errors have no errno
            failure = object_store.parsed(error)
        if failure.status is None:
            raise httpx.NetworkError(failure.message, request=request)
        return _error(request, failure.status, failure.code, failure.message)

    def _opened(self, request: httpx.Request, token: str) -> GCSStore:
        """The bucket; slow, because certificates are parsed."""
        address = self._environment.get(EMULATOR) or ADDRESS
        endpoint = address if "://" in address else f"http://{address}"
        options = object_store.client_options(endpoint, self._own)
        if "x-goog-user-project" in request.headers:
            options["default_headers"] = {"x-goog-user-project": request.headers["x-goog-user-project"]}

        def credential() -> GCSCredential:  # not async: obstore calls it where no event loop runs
            valid, until = self._renewed(token)
            return {"token": valid, "expires_at": until}

        return GCSStore(
            request.url.host,
            config={"base_url": endpoint},
            client_options=options,
            retry_config={"max_retries": object_store.RETRIES},
            credential_provider=credential,
        )


def _error(request: httpx.Request, status: int, code: str, message: str) -> httpx.Response:
    error = {"code": status, "message": message, "status": code or None}
    return httpx.Response(status, json={"error": error}, request=request)


async def _put(store: GCSStore, key: str, request: httpx.Request) -> httpx.Response:
    assert isinstance(request.stream, httpx.AsyncByteStream)
    size = int(request.headers["content-length"])
    await object_store.upload(store, key, aiter(request.stream), size, request.headers["content-type"])
    return httpx.Response(200, request=request)


async def _listed(store: GCSStore, key: str, request: httpx.Request) -> httpx.Response:
    found = await obstore.list(store, key or None).collect_async()
    items = [{"name": meta["path"], "size": str(meta["size"])} for meta in found]
    return httpx.Response(200, json={"items": items}, request=request)


async def _downloaded(store: GCSStore, key: str, request: httpx.Request, path: Path | None) -> httpx.Response:
    result = await obstore.get_async(store, key)
    if path is None:
        return httpx.Response(200, content=bytes(await result.bytes_async()), request=request)
    size = result.meta["size"]
    part = anyio.Path(unfinished(path))
    received = await object_store.download(store, key, size, None, part)
    if received != size:
        raise httpx.NetworkError(f"{received} bytes came instead of {size}", request=request)
    await part.replace(path)
    return httpx.Response(200, request=request)
