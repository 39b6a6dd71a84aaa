"""Calls of a provider that mitmproxy makes itself: a flow's request becomes the provider's, the provider's
answer becomes Bedrock's.

A conversation's first request goes out in the flow; what else it has to ask is asked by our own client. What
anybody sees or saves of the flow holds no key at any time: the key is in what is written to the connection,
and nowhere else.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, override
from uuid import uuid4

import anyio
import httpx
from mitmproxy import http
from mitmproxy.net.http.http1.read import connection_close
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addon.providers.credentials import MASK, masked
from addon.providers.retry_policy import LostAnswer, Unreachable
from addon.providers.transport import USER_AGENT, Transport
from translators.bedrock.aws_errors import AwsError, aws_error
from translators.errors import ProviderError
from translators.providers.conversation import Conversation

logger = logging.getLogger(__name__)

METADATA = "bedrock_batch"
"""Where a saved flow says what it was on Bedrock's side, and what the provider's side answered."""
LONGEST_KEPT = 20_000
"""Characters of the provider's answer that are kept with the flow."""
CONNECTS_WITHIN = 5.0
"""Seconds in which a provider must take a connection."""

HTTP_1 = (b"http/1.1",)

type Reach = Callable[[str, int], Awaitable[None]]
"""Host and port; raises `OSError` when nobody takes a connection there."""


@dataclass(frozen=True, kw_only=True)
class Call[Outcome]:
    """A provider's part in answering one operation."""

    provider: str
    secrets: Mapping[str, str]
    """The headers that carry the key."""
    conversation: Conversation[Outcome]
    answered: Callable[[Outcome, bytes], Awaitable[bytes]]
    """The outcome, and the body of the provider's first answer → Bedrock's. Raises `AwsError`."""
    refused: Callable[[ProviderError], Awaitable[None]] | None = None
    """Told of a refusal for good."""
    unsettled: Callable[[], Awaitable[bytes]] | None = None
    """Bedrock's answer where the provider did not say how it ended, or trouble passes; if None, an error."""


class KeyedHeaders(http.Headers):
    """Headers whose key stands only in what HTTP/1 writes to a connection.

    That is `bytes(headers)`; whatever shows, copies, exports or saves a flow reads `fields`, where the key is
    masked. If mitmproxy came to write something else, the provider would refuse the call for want of a key.
    """

    def __init__(self, fields: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(fields)
        self._secrets: dict[bytes, bytes] = {}

    @classmethod
    def of(cls, headers: httpx.Headers, secrets: Mapping[str, str]) -> "KeyedHeaders":
        """All of the headers, those that `secrets` names masked."""
        hidden = {name.lower().encode("ascii"): value for name, value in secrets.items()}
        shown = ((name, _masked(value) if name.lower() in hidden else value) for name, value in headers.raw)
        made = cls(tuple(shown))
        made._secrets = {name: value.encode("latin-1") for name, value in hidden.items()}
        return made

    def forget(self) -> None:
        """Drop the key: it is not needed any more."""
        self._secrets.clear()

    @override
    def __bytes__(self) -> bytes:
        return b"".join(
            b"%b: %b\r\n" % (name, self._secrets.get(name.lower(), value)) for name, value in self.fields
        )


def _masked(value: bytes) -> bytes:
    scheme, _, rest = value.strip().partition(b" ")
    return b"%b %b" % (scheme, MASK.encode()) if rest else MASK.encode()


@dataclass(frozen=True, kw_only=True)
class _Begun:
    call: Call[Any]
    request: httpx.Request
    client: str
    """The connection that the flow came in by."""


class Rewriter:
    """The flows that are on their way to a provider."""

    def __init__(self, transport: Transport, reach: Reach | None = None) -> None:
        """`reach` takes the place of trying a connection."""
        self._transport = transport
        self._reach = reach or _reach
        self._begun: dict[str, _Begun] = {}
        """By the flow's id."""

    async def begin(self, flow: http.HTTPFlow, call: Call[Any]) -> None:
        """Make the flow the call's first request, or answer it when the provider cannot be reached: with an
        `AwsError`, where the call has no other answer to that.

        mitmproxy answers a failed connection with a page of its own, which no hook can change: so a
        connection is tried before.
        """
        try:
            request = next(call.conversation)
        except ProviderError as error:
            if call.refused is not None:
                await call.refused(error)
            raise aws_error(call.provider, error) from error
        if flow.server_conn.via is None:
            try:
                await self._check(call.provider, request)
            except AwsError:
                if call.unsettled is None:
                    raise
                flow.response = _response(await call.unsettled())
                return
        flow.metadata[METADATA] = {"asked": f"{flow.request.method} {flow.request.path}"}
        become(flow.request, request, call.secrets)
        self._begun[flow.id] = _Begun(call=call, request=request, client=flow.client_conn.id)

    def knows(self, flow: http.HTTPFlow) -> bool:
        return flow.id in self._begun

    def connect(self, data: ServerConnectionHookData) -> None:
        """Have HTTP/1 spoken on the connection of a rewritten flow: there the key is written, and each
        provider speaks it."""
        places = {
            (begun.request.url.raw_host.decode("ascii"), _port(begun.request.url))
            for begun in self._begun.values()
            if begun.client == data.client.id
        }
        if data.server.address is not None and data.server.address[:2] in places:
            data.server.alpn_offers = HTTP_1

    def began(self, flow: http.HTTPFlow) -> None:
        """The provider begins to answer: have the answer read whole, whatever `stream_large_bodies` says."""
        if not self.knows(flow):
            return
        assert flow.response is not None
        flow.response.stream = False
        _forget_key(flow)

    async def forget(self, flow: http.HTTPFlow) -> None:
        """The flow has failed, or its client is gone."""
        begun = self._begun.pop(flow.id, None)
        if begun is None:
            return
        begun.call.conversation.close()
        _forget_key(flow)
        if begun.call.unsettled is not None:
            await begun.call.unsettled()

    async def finish(self, flow: http.HTTPFlow) -> None:
        """Turn the provider's answer into Bedrock's. Raises `AwsError` when it is a refusal."""
        begun = self._begun.pop(flow.id)
        _forget_key(flow)
        answered = flow.response
        assert answered is not None
        if answered.raw_content is None:
            # the body grew beyond the limit while it came, and no hook is asked then
            logger.error("stream_large_bodies let an answer of %s through as it was", begun.call.provider)
            return
        body = answered.get_content(strict=False) or b""
        shown = masked(body, begun.call.secrets)
        flow.metadata[METADATA] = {
            **flow.metadata[METADATA],
            "answered": [answered.status_code, shown.decode(errors="replace")[:LONGEST_KEPT]],
        }
        told = shown if answered.status_code >= 400 else body  # words of an error are repeated
        document = await self._outcome(begun, _received(answered, told, begun.request))
        flow.response = _response(document)
        flow.response.timestamp_start, flow.response.timestamp_end = (
            answered.timestamp_start,
            answered.timestamp_end,
        )

    async def _outcome(self, begun: _Begun, received: httpx.Response) -> bytes:
        call = begun.call
        try:
            outcome = await self._transport.play(_resumed(call.conversation, received), once=True)
        except ProviderError as error:
            if call.unsettled is not None and error.passing:
                return await call.unsettled()
            if call.refused is not None:
                await call.refused(error)
            raise aws_error(call.provider, error) from error
        except (Unreachable, LostAnswer) as error:
            if call.unsettled is not None:
                return await call.unsettled()
            raise AwsError("ServiceUnavailableException", f"{call.provider}: {error}") from error
        return await call.answered(outcome, received.content)

    async def _check(self, provider: str, request: httpx.Request) -> None:
        host, port = request.url.host, _port(request.url)
        try:
            with anyio.fail_after(CONNECTS_WITHIN):
                await self._reach(host, port)
        except (OSError, TimeoutError) as error:
            raise AwsError(
                "ServiceUnavailableException",
                f"{provider} cannot be reached at {host}:{port}: {error or 'no answer'}. mitmproxy makes the "
                "call itself: behind another proxy, start it with --mode upstream:http://…",
            ) from error


def _response(document: bytes) -> http.Response:
    return http.Response.make(
        200, document, {"content-type": "application/json", "x-amzn-RequestId": str(uuid4())}
    )


def become(request: http.Request, wanted: httpx.Request, secrets: Mapping[str, str]) -> None:
    """Make the caller's request the one that a provider is to get. Nothing of the caller's stays, but whether
    the connection is to be closed: mitmproxy looks here when it has answered."""
    content = wanted.read()
    closes = connection_close(request.http_version, request.headers)  # type: ignore[no-untyped-call]  # mitmproxy's own
    request.method = wanted.method
    request.scheme = wanted.url.scheme
    request.host = wanted.url.raw_host.decode("ascii")
    request.port = _port(wanted.url)
    request.authority = ""
    request.path = wanted.url.raw_path.decode("ascii")
    request.http_version = "HTTP/1.1"
    request.headers = KeyedHeaders.of(
        httpx.Headers(
            [
                *wanted.headers.raw,
                (b"Accept", b"*/*"),
                (b"Accept-Encoding", b"gzip"),
                _USER_AGENT,
                *([(b"Connection", b"close")] if closes else []),
            ],
        ),
        secrets,
    )
    request.raw_content = content
    request.trailers = None


_USER_AGENT = (b"User-Agent", USER_AGENT.encode("ascii"))


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}[url.scheme]


def _forget_key(flow: http.HTTPFlow) -> None:
    if isinstance(flow.request.headers, KeyedHeaders):
        flow.request.headers.forget()


def _received(answered: http.Response, body: bytes, request: httpx.Request) -> httpx.Response:
    """The answer as conversations read it, already decoded."""
    about_the_body = {b"content-encoding", b"content-length", b"transfer-encoding"}
    headers = [pair for pair in answered.headers.fields if pair[0].lower() not in about_the_body]
    return httpx.Response(answered.status_code, headers=headers, content=body, request=request)


def _resumed[Outcome](conversation: Conversation[Outcome], received: httpx.Response) -> Conversation[Outcome]:
    """What is left of a conversation whose first request was answered."""
    try:
        request = conversation.send(received)
        while True:
            request = conversation.send((yield request))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    finally:
        conversation.close()


async def _reach(host: str, port: int) -> None:
    stream = await anyio.connect_tcp(host, port)
    await stream.aclose()
