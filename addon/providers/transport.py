"""Plays the conversations of `translators.providers` over the network.

Passing trouble is tried again here, a few times within a few minutes; what lasts longer is for the job's
workflow, which can wait for days and survives a restart.
"""

import logging
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import override

import anyio
import anyio.to_thread
import httpx

from addon.providers.credentials import masked
from addon.providers.google_auth import GoogleLogin
from addon.settings.egress_proxy import proxy_for
from addon.storage.gcs import SCHEME, GoogleStorage
from translators.errors import ProviderError
from translators.providers.conversation import LINES, SAVE, Conversation, Lines

ATTEMPTS = 4
"""How often one request is sent before its trouble is handed on."""
LONGEST_WAIT = 120.0
"""Seconds; a `Retry-After` beyond it is left to the workflow, as OpenAI's SDK leaves it to its caller."""
REDIRECTS = 5
"""How often a GET is sent on before that is a fault."""
BLOCK = 1 << 20
"""Bytes that a worker thread reads or writes at once."""

USER_AGENT = f"bedrock-batch-proxy/{version('bedrock-batch-proxy')}"
# What OpenAI's SDK waits; a free connection is waited for as long as it takes.
_TIMEOUT = httpx.Timeout(600, connect=5, pool=None)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)
_ANYBODY_S = frozenset({"accept", "accept-encoding", "connection", "host", "user-agent"})
"""Headers that may go to a server that a provider names."""
_CANNOT_BE_SENT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)

# mitmproxy lets every debug message through, and httpcore's show the headers of answers.
logging.getLogger("httpcore").setLevel(logging.INFO)
logging.getLogger("httpx").setLevel(logging.WARNING)


class Unreachable(Exception):
    """No answer from the provider; the same call may succeed later.

    After a request that was to be sent once, it also says that the provider cannot have seen it.
    """


class LostAnswer(Exception):
    """A request that was to be sent once may have had its effect; whether it had is not known."""


class Transport:
    """The HTTP clients for all providers. Belongs to the event loop that it is first used in.

    `own` are the addresses this process listens on, which are never used as a proxy. `transport` takes
    the place of the network, `pause` that of sleeping. `login` renews tokens on the way to Cloud Storage.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] = os.environ,
        own: AbstractSet[tuple[str, int]] = frozenset(),
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
        login: GoogleLogin | None = None,
    ) -> None:
        self._environment = environment
        self._own = own
        self._transport = transport
        self._pause = pause
        self._clients: dict[str | None, httpx.AsyncClient] = {}
        self._storage = GoogleStorage(login or GoogleLogin(own), environment=environment, own=own)

    async def play[Outcome](
        self, conversation: Conversation[Outcome], *, folder: Path | None = None, once: bool = False
    ) -> Outcome:
        """The outcome of a conversation held over the network.

        Answers to requests marked with `SAVE` become files in `folder`, whole or not at all. With `once`
        each request that is not a GET is sent a single time. Raises `Unreachable`; with `once` also
        `LostAnswer`; what the conversation raises (`ProviderError`); `OSError` when the disk refuses.
        """
        with closing(conversation):
            try:
                request = next(conversation)
                while True:
                    request = conversation.send(await self._answer(request, folder, once))
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer to one request that is sent once, whatever its status. Raises `Unreachable`."""
        _prepare(request)
        return await self._send(request, None, lost=Unreachable)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def _answer(self, request: httpx.Request, folder: Path | None, once: bool) -> httpx.Response:
        _prepare(request)
        if once and request.method != "GET":
            response = await self._send(request, folder, lost=LostAnswer)
            if response.status_code == 408 or response.status_code >= 500:
                # Gateways also answer 408 when it was the provider behind them that took too long.
                raise LostAnswer(f"{_host(request)} answered {response.status_code}")
            return response
        for attempt in range(1, ATTEMPTS):
            try:
                response = await self._send(request, folder, lost=Unreachable)
            except Unreachable:
                await self._pause(_backoff(attempt))
                continue
            delay = _delay(response, attempt)
            if delay is None:
                return response
            await self._pause(delay)
        return await self._send(request, folder, lost=Unreachable)

    async def _send(
        self, request: httpx.Request, folder: Path | None, *, lost: type[LostAnswer | Unreachable]
    ) -> httpx.Response:
        """One attempt, body included. Raises `Unreachable` when nothing was sent, else `lost`."""
        name = request.extensions.get(SAVE)
        with _trouble(request, lost):
            if request.url.scheme == SCHEME:
                return await self._storage.answer(request, None if name is None else _place(folder, name))
            client = await self._client(str(request.url))
            response = await _sent(client, request)
            try:
                if name is None or not response.is_success:
                    await response.aread()
                    return response if response.is_success else _without_key(response)
                await _save(response, _place(folder, name), request.extensions.get(LINES))
                return httpx.Response(response.status_code, headers=response.headers, request=request)
            finally:
                await response.aclose()

    async def _client(self, url: str) -> httpx.AsyncClient:
        """One client per proxy. Raises `Unreachable` for a kind of proxy that httpx cannot use."""
        proxy = proxy_for(url, self._environment, self._own)
        if proxy not in self._clients:
            try:
                made = await anyio.to_thread.run_sync(self._made, proxy)
            except (ImportError, ValueError) as error:  # SOCKS without its package, an unknown scheme
                raise Unreachable(f"the proxy that the environment names cannot be used: {error}") from error
            self._clients.setdefault(proxy, made)
        return self._clients[proxy]

    def _made(self, proxy: str | None) -> httpx.AsyncClient:
        """Takes a tenth of a second: the certificates are parsed."""
        return httpx.AsyncClient(
            transport=self._transport,
            proxy=proxy,
            verify=httpx.create_ssl_context(),  # with SSL_CERT_FILE, which trust_env would cover
            trust_env=False,
            timeout=_TIMEOUT,
        )


async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer; a GET is followed to where it is sent on to: a result file may lie in a storage service.

    httpx would take along every header but `Authorization`, and keys travel in others too.
    """
    response = await client.send(request, stream=True)
    for _ in range(REDIRECTS):
        following = response.next_request
        if following is None or request.method != "GET":
            return response
        await response.aclose()
        if not _is_at_home(following.url, request.url):
            following.headers = httpx.Headers(
                {name: value for name, value in following.headers.items() if name in _ANYBODY_S}
            )
        response = await client.send(following, stream=True)
    await response.aclose()
    raise httpx.TooManyRedirects(f"sent on more than {REDIRECTS} times", request=request)


def _is_at_home(url: httpx.URL, home: httpx.URL) -> bool:
    """Whether an address is of the same server, or of the same host over TLS."""
    place = (url.scheme, url.host, url.port)
    return place in {(home.scheme, home.host, home.port), ("https", home.host, None)}


def _without_key(response: httpx.Response) -> httpx.Response:
    """An error whose words may be repeated anywhere."""
    words = masked(response.content, response.request.headers)
    if words == response.content:
        return response
    about_the_body = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [pair for pair in response.headers.multi_items() if pair[0] not in about_the_body]
    return httpx.Response(response.status_code, headers=headers, content=words, request=response.request)


class _OffLoop(httpx.AsyncByteStream):
    """A body that comes from a file, read in worker threads; from its beginning each time."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._body)
        while block := await anyio.to_thread.run_sync(_block, pieces):
            yield block


def _block(pieces: Iterator[bytes]) -> bytes:
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= BLOCK:
            break
    return b"".join(taken)


def _prepare(request: httpx.Request) -> None:
    request.headers.setdefault("user-agent", USER_AGENT)
    body = request.stream
    if isinstance(body, httpx.SyncByteStream) and not isinstance(body, httpx.ByteStream):
        request.stream = _OffLoop(body)


def _place(folder: Path | None, name: str) -> Path:
    if folder is None or Path(name).name != name or name in {"", ".."}:
        raise ValueError(f"{name!r} cannot be saved in {folder}: a folder and a plain file name are needed")
    return folder / name


async def _save(response: httpx.Response, path: Path, lines: Lines | None) -> None:
    part = anyio.Path(path.with_name(f"{path.name}.part"))
    async with await part.open("wb") as file:
        if lines is not None:
            await file.write(await anyio.to_thread.run_sync(_joined, lines, await response.aread()))
        else:
            async for block in response.aiter_bytes(BLOCK):
                await file.write(block)
    await part.replace(path)


def _joined(lines: Lines, body: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines(body))


@contextmanager
def _trouble(request: httpx.Request, lost: type[LostAnswer | Unreachable]) -> Iterator[None]:
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
    """What the system said: httpx wraps it in errors that often say nothing."""
    reason = error
    while reason.__cause__ is not None:
        reason = reason.__cause__
    return f"{type(error).__name__}, {str(reason) or str(error) or type(reason).__name__}"


def _host(request: httpx.Request) -> str:
    return request.url.netloc.decode()


def _delay(response: httpx.Response, attempt: int) -> float | None:
    """Seconds until the request is sent again; None when the answer stands."""
    passing = response.status_code in {408, 429} or response.status_code >= 500
    if not passing or response.headers.get("x-should-retry") == "false":
        return None
    asked = retry_after(response.headers)
    if asked is None:
        return _backoff(attempt)
    return asked if asked <= LONGEST_WAIT else None


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds the server asks to wait, from any of the three spellings; None when it says nothing usable."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            seconds = float(headers.get("retry-after", "0"))
    except ValueError:
        try:
            seconds = parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time()
        except (KeyError, ValueError):
            return None
    return seconds if seconds > 0 else None


def _backoff(attempt: int) -> float:
    """0.5, 1, 2 … at most 8 seconds, each up to a quarter shorter so that shards do not march in step."""
    return min(0.5 * 2.0 ** (attempt - 1), 8.0) * random.uniform(0.75, 1)
