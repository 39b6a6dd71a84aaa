"""Plays a recorded life-cycle over a real socket, with delays and faults."""

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, override
from urllib.parse import parse_qsl, urlsplit

from addon.demo.fake_provider.faults import Cut, Half, Refuse
from tests.translators.playing import content_of

type Exchange = dict[str, Any]

ELSEWHERE = "https://storage.example.com"
"""Where recordings say that result files lie which are not at the provider's own address."""

type Fault = Callable[[int, int], None]
"""Called with the number of the exchange and of the attempt at it, both from 0. What it raises (`Cut`,
`Half`, `Refuse`) happens instead of the recorded answer, which is kept for the next attempt."""


def none(exchange: int, attempt: int) -> None:
    """No fault."""


class ReplayServer:
    """Answers the requests of one recording in their order. A context manager.

    A request that is not the recorded one is answered with 500, and told in `surprises`.
    """

    def __init__(
        self, exchanges: Sequence[Exchange], *, path: str = "/v1", delay: float = 0.0, fault: Fault = none
    ) -> None:
        """`path`: that of the recorded base URL. `delay`: seconds before each answer."""
        self.surprises: list[str] = []
        self.played = 0
        self._exchanges = exchanges
        self._path = path
        self._delay = delay
        self._fault = fault
        self._attempt = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """What takes the place of the recorded base URL."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def __enter__(self) -> Self:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def do_POST(self) -> None:
                answer(self)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self._lock:
            exchange = self._exchange(handler, body)
            if exchange is None:
                _respond(handler, 500, {}, b"")
                return
            time.sleep(self._delay)
            recorded = exchange["response"]
            try:
                self._attempt += 1
                self._fault(self.played, self._attempt - 1)
            except Refuse as refusal:
                _respond(handler, refusal.status, refusal.headers, json.dumps(refusal.error).encode())
                return
            except Cut:
                _cut(handler)
                return
            except Half:
                _respond(handler, recorded["status"], recorded["headers"], self._bytes(recorded), half=True)
                return
            self.played += 1
            self._attempt = 0
        if recorded is None:
            _cut(handler)
        else:
            _respond(handler, recorded["status"], recorded["headers"], self._bytes(recorded))

    def _bytes(self, recorded: Exchange) -> bytes:
        """The recorded body; what it says lies elsewhere lies here."""
        here = f"http://127.0.0.1:{self._server.server_port}"
        return content_of(recorded).replace(ELSEWHERE.encode(), here.encode())

    def _exchange(self, handler: BaseHTTPRequestHandler, body: bytes) -> Exchange | None:
        """The exchange that this request belongs to, if it is the next one."""
        if self.played == len(self._exchanges):
            self.surprises.append(f"{handler.command} {handler.path} after the last exchange")
            return None
        exchange = self._exchanges[self.played]
        recorded = exchange["request"]
        wanted = f"{recorded['method']} {recorded['url']}"
        if (handler.command, *_place(handler.path)) != (recorded["method"], *_place(recorded["url"])):
            self.surprises.append(f"{handler.command} {handler.path} instead of {wanted}")
            return None
        if not _same(handler, body, recorded):
            self.surprises.append(f"another body of {wanted}: {body!r}")
            return None
        return exchange


def _place(url: str) -> tuple[str, list[tuple[str, str]]]:
    """The path and the query, in which order says nothing."""
    parts = urlsplit(url)
    return parts.path, sorted(parse_qsl(parts.query))


def _same(handler: BaseHTTPRequestHandler, body: bytes, recorded: Exchange) -> bool:
    """Whether the bodies agree; multipart bodies with another boundary are not compared."""
    wanted = recorded["body"]
    if isinstance(wanted, str):
        other = handler.headers.get("content-type") != recorded["headers"].get("content-type")
        return other or body == wanted.encode()
    return body == b"" if wanted is None else json.loads(body) == wanted


def _respond(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes, *, half: bool = False
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if half else body)


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
