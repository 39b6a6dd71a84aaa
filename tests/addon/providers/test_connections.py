"""Connections to a provider, of which many requests at the same time need many."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import override

import httpx
import pytest

from addon.providers import transport as module
from addon.providers.transport import Transport

HEAD_END = b"\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Answers when as many requests have arrived as it `expects`; counts connections."""

    def __init__(self, expects: int) -> None:
        self.made = self.open = 0
        self._expects = expects
        self._arrived = 0
        self._all = asyncio.Event()

    async def start(self, stack: AsyncExitStack) -> str:
        server = await stack.enter_async_context(await asyncio.start_server(self._serve, "127.0.0.1", 0))
        stack.callback(server.close_clients)
        host, port = server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        self.open += 1
        try:
            while await reader.readuntil(HEAD_END):
                self._arrived += 1
                if self._arrived == self._expects:
                    self._arrived = 0
                    self._all.set()
                    self._all = asyncio.Event()
                else:
                    await self._all.wait()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


async def test_requests_at_the_same_time_have_a_connection_each_which_the_next_ones_use() -> None:
    transport, server = Transport(environment={}), Server(expects=8)
    async with AsyncExitStack() as stack:
        url = await server.start(stack)
        for _ in range(3):
            await asyncio.gather(*(transport.send(httpx.Request("GET", url)) for _ in range(8)))
        assert server.made == 8
        await transport.close()
        while server.open:  # noqa: ASYNC110 - the server notices it in a moment
            await asyncio.sleep(0.01)


class SlowToClose(httpx.AsyncBaseTransport):
    """Answers at once, and has a callback made while it is being closed."""

    def __init__(self) -> None:
        self.while_closing: list[Callable[[], Awaitable[object]]] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(float(request.url.params.get("seconds", 0)))
        return httpx.Response(200)

    @override
    async def aclose(self) -> None:
        if self.while_closing:
            await self.while_closing.pop()()


async def test_an_answer_comes_although_another_request_takes_the_client_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = SlowToClose()
    transport = Transport(environment={}, transport=network)
    url = "http://provider/"
    await asyncio.gather(*(transport.send(httpx.Request("GET", url)) for _ in range(2)))
    monkeypatch.setattr(module, "_LONGEST_IDLE", 0.1)
    await asyncio.sleep(0.2)
    others: list[asyncio.Task[httpx.Response]] = []

    async def take_the_rest() -> None:
        request = httpx.Request("GET", f"{url}?seconds=0.3")
        others.append(asyncio.ensure_future(transport.send(request)))
        await asyncio.sleep(0.1)

    network.while_closing.append(take_the_rest)
    assert (await transport.send(httpx.Request("GET", url))).status_code == 200
    assert [(await other).status_code for other in others] == [200]
    await transport.close()


async def test_connections_that_were_not_needed_for_long_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_IDLE", 0.2)
    transport, server = Transport(environment={}), Server(expects=3)
    async with AsyncExitStack() as stack:
        url = await server.start(stack)
        await asyncio.gather(*(transport.send(httpx.Request("GET", url)) for _ in range(3)))
        await asyncio.sleep(0.3)
        server._expects = 1
        await transport.send(httpx.Request("GET", url))
        while server.open > 1:  # noqa: ASYNC110 - the server notices it in a moment
            await asyncio.sleep(0.01)
        await transport.close()
