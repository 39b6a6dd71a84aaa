"""Connections to a provider, of which many requests at the same time need many."""

import asyncio
from contextlib import AsyncExitStack

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
