"""Plays the conversations of `translators.providers` over HTTP."""

import logging
import os
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anyio
import anyio.to_thread
import httpx

from addon.providers import bodies
from addon.providers.credentials import masked
from addon.providers.deadlines import Deadline
from addon.providers.google_auth import GoogleCredentials
from addon.providers.observation import observed
from addon.providers.partial_downloads import NOT_SATISFIABLE, PartialDownload
from addon.providers.retry_policy import LostAnswer, Unreachable, is_outcome_unknown, repeating, was_cut_off
from addon.settings.egress_proxy import proxy_for
from addon.storage.calls import Observer
from addon.storage.gcs import SCHEME, GoogleStorage
from translators.errors import ProviderError
from translators.providers.conversation import LINES, SAVE, Conversation

REDIRECTS = 5
"""Limit of redirects that are followed for a GET."""

USER_AGENT = f"bedrock-batch-proxy/{version('bedrock-batch-proxy')}"
# As in OpenAI's SDK; without a limit for a free connection of the pool.
_TIMEOUT = httpx.Timeout(600, connect=5, pool=None)
_LONGEST_IDLE = 30.0
"""Seconds for which a connection is kept for the next request."""
_LIMITS = httpx.Limits(keepalive_expiry=_LONGEST_IDLE)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)
_KEPT_ON_REDIRECT = frozenset(
    {"accept", "accept-encoding", "connection", "host", "if-range", "range", "user-agent"}
)
"""Headers that are sent to another server than the provider's."""
_CANNOT_BE_SENT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)

# mitmproxy lets every debug message through, and httpcore's show the headers of responses.
logging.getLogger("httpcore").setLevel(logging.INFO)
logging.getLogger("httpx").setLevel(logging.WARNING)


class Transport:
    """The HTTP clients for all providers. Belongs to the event loop that it is first used in.

    `own` are the addresses this process listens on, which are never used as a proxy. `transport` replaces
    the network, `pause` sleeping. `google` renews tokens during transfers to and from Cloud Storage.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] = os.environ,
        own: AbstractSet[tuple[str, int]] = frozenset(),
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
        google: GoogleCredentials | None = None,
    ) -> None:
        self.observer: Observer | None = None
        """Gets each exchange, repetitions included."""
        self._environment = environment
        self._own = own
        self._transport = transport
        self._pause = pause
        self._free: dict[tuple[str, bytes], deque[tuple[httpx.AsyncClient, float]]] = {}
        """By server: clients without a request, each with the time since when, the latest one last."""
        self._trusted: ssl.SSLContext | None = None
        self._is_closed = False
        self._storage = GoogleStorage((google or GoogleCredentials(own)).renewed, environment, own)

    async def play[Outcome](
        self,
        conversation: Conversation[Outcome],
        *,
        folder: Path | None = None,
        once: bool = False,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """The outcome of a conversation held over the network.

        Bodies of responses to requests marked with `SAVE` become files in `folder`, whole or not at all.
        With `once` a request that is not a GET is never repeated, and none leaves or is answered after the
        `deadline`. Raises `Unreachable`; with `once` also `LostAnswer`; what the conversation raises
        (`ProviderError`); `OSError` of the disk.
        """
        with closing(conversation):
            try:
                request = next(conversation)
                while True:
                    request = conversation.send(await self._response(request, folder, once, deadline))
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The response to a request that is not repeated, whatever its status. Raises `Unreachable`."""
        return await self._send(request, None, lost=Unreachable, is_of_record=True)

    async def close(self) -> None:
        """Close all connections, those in use when their requests end."""
        self._is_closed = True
        for free in self._free.values():
            while free:
                await free.pop()[0].aclose()

    async def _response(
        self, request: httpx.Request, folder: Path | None, once: bool, deadline: Deadline | None
    ) -> httpx.Response:
        response = await self._answer(request, folder, once, deadline)
        if request.method != "GET" and was_cut_off(response):
            return await self._answer(request, folder, once, deadline)
        return response

    async def _answer(
        self, request: httpx.Request, folder: Path | None, once: bool, deadline: Deadline | None
    ) -> httpx.Response:
        """The response after the repetitions that the method allows."""
        if once and request.method != "GET":
            response = await self._before(deadline, request, folder)
            if is_outcome_unknown(response.status_code):
                raise LostAnswer(f"{_host(request)} answered {response.status_code}")
            return response
        return await repeating(self._pause)(self._send, request, folder, lost=Unreachable)

    async def _before(
        self, deadline: Deadline | None, request: httpx.Request, folder: Path | None
    ) -> httpx.Response:
        if deadline is None:
            return await self._send(request, folder, lost=LostAnswer)
        bodies.read_in_threads(request)
        bodies.end_at(request, deadline)
        try:
            with anyio.fail_after(max(0.0, deadline.left)):
                return await self._send(request, folder, lost=LostAnswer)
        except TimeoutError as error:
            raise LostAnswer(f"no answer from {_host(request)} within {deadline.seconds:.0f} s") from error

    async def _send(
        self,
        request: httpx.Request,
        folder: Path | None,
        *,
        lost: type[LostAnswer | Unreachable],
        is_of_record: bool = False,
    ) -> httpx.Response:
        """One attempt, with its body. Raises `Unreachable` when nothing was sent, else `lost`."""
        request.headers.setdefault("user-agent", USER_AGENT)
        bodies.read_in_threads(request)
        if self.observer is None:
            return await self._exchanged(request, folder, lost)
        name = request.extensions.get(SAVE)
        saved = None if name is None else bodies.path_in(folder, name)
        exchange = partial(self._exchanged, request, folder, lost)
        return await observed(self.observer, request, saved, exchange, is_of_record=is_of_record)

    async def _exchanged(
        self, request: httpx.Request, folder: Path | None, lost: type[LostAnswer | Unreachable]
    ) -> httpx.Response:
        with _mapped_errors(request, lost):
            if request.url.scheme == SCHEME:
                name = request.extensions.get(SAVE)
                path = None if name is None else bodies.path_in(folder, name)
                return await self._storage.response(request, path)
            async with self._client(request.url) as client:
                return await _answered(client, request, folder)

    @asynccontextmanager
    async def _client(self, url: httpx.URL) -> AsyncIterator[httpx.AsyncClient]:
        """A client for the URL's server with one request at a time: httpx compares each request with every
        connection of a client, again and again where many begin together.

        Raises `Unreachable` for a kind of proxy that httpx cannot use.
        """
        free = self._free.setdefault((url.scheme, url.netloc), deque())
        client = free.pop()[0] if free else await self._new_client(url)
        try:
            yield client
        finally:
            free.append((client, time.monotonic()))
            with anyio.CancelScope(shield=True):
                if self._is_closed:
                    await self.close()
                while free and time.monotonic() - free[0][1] > _LONGEST_IDLE:  # others may take the rest
                    await free.popleft()[0].aclose()

    async def _new_client(self, url: httpx.URL) -> httpx.AsyncClient:
        if self._trusted is None:
            # Parsing the certificates takes a tenth of a second. SSL_CERT_FILE applies in spite of trust_env.
            self._trusted = await anyio.to_thread.run_sync(httpx.create_ssl_context)
        proxy = proxy_for(str(url), self._environment, self._own)
        try:
            return httpx.AsyncClient(
                transport=self._transport,
                proxy=proxy,
                verify=self._trusted,
                trust_env=False,
                timeout=_TIMEOUT,
                limits=_LIMITS,
            )
        except (ImportError, ValueError) as error:  # SOCKS without its package, an unknown scheme
            raise Unreachable(f"the proxy that the environment names cannot be used: {error}") from error


async def _answered(client: httpx.AsyncClient, request: httpx.Request, folder: Path | None) -> httpx.Response:
    """The response with its body, which is a file in the folder if the request is marked so."""
    name = request.extensions.get(SAVE)
    lines = request.extensions.get(LINES)
    download = None if name is None else PartialDownload(bodies.path_in(folder, name))
    if download is not None and lines is None:
        await anyio.to_thread.run_sync(download.ask_for_rest, request)
    response = await _followed(client, request)
    try:
        if download is not None and response.is_success:
            await bodies.save(response, download, lines)
            return _without_body(response)
        if download is not None and response.status_code == NOT_SATISFIABLE:
            await anyio.to_thread.run_sync(download.discard)
            raise Unreachable(f"{_host(request)} does not have the rest of {name}")
        await response.aread()
        return response if response.is_success else _redacted(response)
    finally:
        await response.aclose()


async def _followed(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The response after the redirects of a GET: result files may be in a storage service.

    httpx would send it every header but `Authorization`, and some keys are in other headers.
    """
    response = await client.send(request, stream=True)
    for _ in range(REDIRECTS):
        following = response.next_request
        if following is None or request.method != "GET":
            return response
        await response.aclose()
        if not _is_same_server(following.url, request.url):
            following.headers = httpx.Headers(
                {name: value for name, value in following.headers.items() if name in _KEPT_ON_REDIRECT}
            )
        response = await client.send(following, stream=True)
    await response.aclose()
    raise httpx.TooManyRedirects(f"sent on more than {REDIRECTS} times", request=request)


def _is_same_server(url: httpx.URL, first: httpx.URL) -> bool:
    """Whether a redirect stays on the server, or goes to TLS on the same host."""
    server = (url.scheme, url.host, url.port)
    return server in {(first.scheme, first.host, first.port), ("https", first.host, None)}


def _without_body(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, headers=response.headers, request=response.request)


def _redacted(response: httpx.Response) -> httpx.Response:
    """An error response without the key that its request carried."""
    body = masked(response.content, response.request.headers)
    if body == response.content:
        return response
    about_the_body = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [pair for pair in response.headers.multi_items() if pair[0] not in about_the_body]
    return httpx.Response(response.status_code, headers=headers, content=body, request=response.request)


@contextmanager
def _mapped_errors(request: httpx.Request, lost: type[LostAnswer | Unreachable]) -> Iterator[None]:
    """Turns httpx's exceptions into `ProviderError`, `Unreachable` or `lost`."""
    try:
        yield
    except _CANNOT_BE_SENT as error:
        # Not chained and not quoted: these errors can hold the value of a header.
        message = f"{_host(request)}: the request cannot be sent ({type(error).__name__})"
        raise ProviderError(400, message) from None
    except _NEVER_SENT as error:
        raise Unreachable(f"{_host(request)} cannot be reached: {_cause(error)}") from error
    except httpx.RequestError as error:
        raise lost(f"no answer from {_host(request)}: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """The operating system's error: httpx wraps it in errors that often have no text."""
    reason = error
    while reason.__cause__ is not None:
        reason = reason.__cause__
    return f"{type(error).__name__}, {str(reason) or str(error) or type(reason).__name__}"


def _host(request: httpx.Request) -> str:
    return request.url.netloc.decode()
