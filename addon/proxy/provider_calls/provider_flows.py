"""Provider calls made by mitmproxy itself: a flow's request is redirected to the provider, and the
provider's response becomes Bedrock's.

The first request of a conversation goes out in the flow, further ones through `Transport`. A flow never shows
the provider key, which is only in the bytes written to the connection.
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

from addon.providers.credentials import masked
from addon.providers.deadlines import Deadline
from addon.providers.retry_policy import LostAnswer, Unreachable
from addon.providers.transport import USER_AGENT, Transport
from addon.proxy.caller_keys import redacted
from translators.bedrock.aws_errors import AwsError, aws_error
from translators.errors import ProviderError
from translators.providers.conversation import Conversation

logger = logging.getLogger(__name__)

METADATA = "bedrock_batch"
"""Key of the flow's metadata with Bedrock's request and the provider's response."""
MAX_KEPT = 20_000
"""Characters of the provider's response that are kept in the metadata."""
CONNECT_TIMEOUT = 5.0
"""Seconds."""

HTTP_1 = (b"http/1.1",)

type Connect = Callable[[str, int], Awaitable[None]]
"""Host, port → nothing. Raises `OSError` when the connection is refused."""


@dataclass(frozen=True, kw_only=True)
class ProviderCall[Outcome]:
    """A conversation with a provider in place of one operation, and the responses to its outcomes."""

    provider: str
    secrets: Mapping[str, str]
    """The headers with the provider key."""
    conversation: Conversation[Outcome]
    deadline: Deadline | None = None
    """The key is not sent after it: the call must not leave a process that was paused until then."""
    response: Callable[[Outcome, bytes], Awaitable[bytes]]
    """The outcome, the body of the provider's first response → Bedrock's response body. Raises `AwsError`."""
    on_refusal: Callable[[ProviderError], Awaitable[None]] | None = None
    """Called before a permanent error of the provider is returned."""
    response_if_unsettled: Callable[[], Awaitable[bytes]] | None = None
    """Bedrock's response body where the outcome is unknown or the error transient; None: an AWS error."""


class RedactedHeaders(http.Headers):
    """Headers with the provider key in `bytes(headers)` only, which HTTP/1 writes to the connection.

    Everything that shows, copies, exports or saves a flow reads `fields`, where the key is redacted. Should
    mitmproxy write something else to the connection, the provider would refuse the call for lack of a key.
    """

    def __init__(self, fields: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(fields)
        self._secrets: dict[bytes, bytes] = {}
        self._deadline: Deadline | None = None

    @classmethod
    def of(
        cls, headers: httpx.Headers, secrets: Mapping[str, str], deadline: Deadline | None = None
    ) -> "RedactedHeaders":
        """The headers, with those in `secrets` redacted, for good after the deadline."""
        hidden = {name.lower().encode("ascii"): value for name, value in secrets.items()}
        redacted_headers = cls(
            tuple(
                (name, _redacted(value) if name.lower() in hidden else value) for name, value in headers.raw
            )
        )
        redacted_headers._secrets = {name: value.encode("latin-1") for name, value in hidden.items()}
        redacted_headers._deadline = deadline
        return redacted_headers

    def drop_secrets(self) -> None:
        self._secrets.clear()

    @override
    def __bytes__(self) -> bytes:
        if self._deadline is not None and self._deadline.left <= 0:
            self.drop_secrets()
        return b"".join(
            b"%b: %b\r\n" % (name, self._secrets.get(name.lower(), value)) for name, value in self.fields
        )


def _redacted(value: bytes) -> bytes:
    return redacted(value.decode("latin-1")).encode("latin-1")


@dataclass(frozen=True, kw_only=True)
class _OpenCall:
    call: ProviderCall[Any]
    request: httpx.Request
    client: str
    """Id of the flow's client connection."""


class ProviderFlows:
    """The flows that are redirected to a provider. Methods but `redirect` are for mitmproxy's hooks."""

    def __init__(self, transport: Transport, connect: Connect | None = None) -> None:
        """`connect`: replaces the trial connection in tests."""
        self._transport = transport
        self._connect = connect or _connect
        self._open: dict[str, _OpenCall] = {}
        """By the flow's id."""

    async def redirect(self, flow: http.HTTPFlow, call: ProviderCall[Any]) -> None:
        """Turn the flow's request into the call's first one. For an unreachable provider, set the response or
        raise `AwsError`.

        mitmproxy answers a failed connection with an HTML page that no hook can change, so a trial connection
        comes first.
        """
        try:
            request = next(call.conversation)
        except ProviderError as error:
            if call.on_refusal is not None:
                await call.on_refusal(error)
            raise aws_error(call.provider, error) from error
        if flow.server_conn.via is None:
            try:
                await self._try_connection(call.provider, request)
            except AwsError:
                if call.response_if_unsettled is None:
                    raise
                flow.response = json_response(await call.response_if_unsettled())
                return
        flow.metadata[METADATA] = {"asked": f"{flow.request.method} {flow.request.path}"}
        redirect(flow.request, request, call.secrets, call.deadline)
        self._open[flow.id] = _OpenCall(call=call, request=request, client=flow.client_conn.id)

    def __contains__(self, flow: http.HTTPFlow) -> bool:
        return flow.id in self._open

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Offer only HTTP/1 on the connection of a redirected flow: `RedactedHeaders` need it, and every
        provider supports it."""
        addresses = {
            (opened.request.url.raw_host.decode("ascii"), _port(opened.request.url))
            for opened in self._open.values()
            if opened.client == data.client.id
        }
        if data.server.address is not None and data.server.address[:2] in addresses:
            data.server.alpn_offers = HTTP_1

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Have the provider's response read whole, whatever `stream_large_bodies` is."""
        if flow not in self:
            return
        assert flow.response is not None
        flow.response.stream = False
        _drop_secrets(flow)

    async def error(self, flow: http.HTTPFlow) -> None:
        """End the call of a flow that failed or lost its client."""
        opened = self._open.pop(flow.id, None)
        if opened is None:
            return
        opened.call.conversation.close()
        _drop_secrets(flow)
        if opened.call.response_if_unsettled is not None:
            await opened.call.response_if_unsettled()

    async def response(self, flow: http.HTTPFlow) -> None:
        """Replace the provider's response by Bedrock's. Raises `AwsError` for an error of the provider."""
        opened = self._open.pop(flow.id)
        _drop_secrets(flow)
        received = flow.response
        assert received is not None
        if received.raw_content is None:
            # the body grew beyond the limit while it arrived, which calls no hook
            logger.error("stream_large_bodies let an answer of %s through as it was", opened.call.provider)
            return
        body = received.get_content(strict=False) or b""
        redacted_body = masked(body, opened.call.secrets)
        flow.metadata[METADATA] = {
            **flow.metadata[METADATA],
            "answered": [received.status_code, redacted_body.decode(errors="replace")[:MAX_KEPT]],
        }
        content = redacted_body if received.status_code >= 400 else body  # error messages are repeated
        document = await self._outcome(opened.call, _decoded(received, content, opened.request))
        flow.response = json_response(document)
        flow.response.timestamp_start = received.timestamp_start
        flow.response.timestamp_end = received.timestamp_end

    async def _outcome(self, call: ProviderCall[Any], first: httpx.Response) -> bytes:
        try:
            outcome = await self._transport.play(_resumed(call.conversation, first), once=True)
        except ProviderError as error:
            if call.response_if_unsettled is not None and error.passing:
                return await call.response_if_unsettled()
            if call.on_refusal is not None:
                await call.on_refusal(error)
            raise aws_error(call.provider, error) from error
        except (Unreachable, LostAnswer) as error:
            if call.response_if_unsettled is not None:
                return await call.response_if_unsettled()
            raise AwsError("ServiceUnavailableException", f"{call.provider}: {error}") from error
        return await call.response(outcome, first.content)

    async def _try_connection(self, provider: str, request: httpx.Request) -> None:
        host, port = request.url.host, _port(request.url)
        try:
            with anyio.fail_after(CONNECT_TIMEOUT):
                await self._connect(host, port)
        except (OSError, TimeoutError) as error:
            raise AwsError(
                "ServiceUnavailableException",
                f"{provider} cannot be reached at {host}:{port}: {error or 'no answer'}. mitmproxy makes the "
                "call itself: behind another proxy, start it with --mode upstream:http://…",
            ) from error


def json_response(document: bytes) -> http.Response:
    """Bedrock's response with status 200."""
    return http.Response.make(
        200, document, {"content-type": "application/json", "x-amzn-RequestId": str(uuid4())}
    )


def redirect(
    request: http.Request, target: httpx.Request, secrets: Mapping[str, str], deadline: Deadline | None = None
) -> None:
    """Replace the caller's request by the provider's. Of the caller's, only `Connection: close` stays, which
    mitmproxy reads after the response."""
    closes = connection_close(request.http_version, request.headers)  # type: ignore[no-untyped-call]  # mitmproxy's own
    request.method = target.method
    request.scheme = target.url.scheme
    request.host = target.url.raw_host.decode("ascii")
    request.port = _port(target.url)
    request.authority = ""
    request.path = target.url.raw_path.decode("ascii")
    request.http_version = "HTTP/1.1"
    request.headers = RedactedHeaders.of(
        httpx.Headers(
            [
                *target.headers.raw,
                (b"Accept", b"*/*"),
                (b"Accept-Encoding", b"gzip"),
                (b"User-Agent", USER_AGENT.encode("ascii")),
                *([(b"Connection", b"close")] if closes else []),
            ],
        ),
        secrets,
        deadline,
    )
    request.raw_content = target.read()
    request.trailers = None


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}[url.scheme]


def _drop_secrets(flow: http.HTTPFlow) -> None:
    if isinstance(flow.request.headers, RedactedHeaders):
        flow.request.headers.drop_secrets()


def _decoded(response: http.Response, body: bytes, request: httpx.Request) -> httpx.Response:
    """The response as conversations read it, with its decoded body."""
    of_the_encoded_body = {b"content-encoding", b"content-length", b"transfer-encoding"}
    headers = [pair for pair in response.headers.fields if pair[0].lower() not in of_the_encoded_body]
    return httpx.Response(response.status_code, headers=headers, content=body, request=request)


def _resumed[Outcome](conversation: Conversation[Outcome], first: httpx.Response) -> Conversation[Outcome]:
    """The rest of a conversation after the response to its first request."""
    try:
        request = conversation.send(first)
        while True:
            request = conversation.send((yield request))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    finally:
        conversation.close()


async def _connect(host: str, port: int) -> None:
    stream = await anyio.connect_tcp(host, port)
    await stream.aclose()
