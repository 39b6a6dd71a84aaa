"""Base of the servers that stand in for providers: a socket, a key, faults on demand and a log of requests.
Each provider's routes and error bodies are in a module of its own."""

import itertools
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.demo.fake_provider.server import Quiet

type Json = dict[str, Any]
type Hook[Point] = Callable[[Point, int], None]
"""Called at a point with how often it has been reached; what it raises (`Cut`, `Refuse`) happens instead."""


def completes(point: str, count: int) -> None:
    """The hook of a server that works."""


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """The application's address on this machine, while it answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ProviderServer[Point: str]:
    """A provider's account with one key. A context manager; clients are pointed at `url`.

    `at` is called at the points that the server names, and may raise a fault there.
    """

    path = ""
    """That of the base URL."""

    def __init__(self, key: str = "") -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.restore(key)

    def restore(self, key: str = "") -> None:
        """Forget all requests, batches and faults."""
        self.key = key
        self.at: Hook[Point] = completes
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        """Method, address and headers of every request."""
        self._reached: Counter[Point] = Counter()

    def route(self, app: Flask) -> None:
        """Add the routes of the API."""
        raise NotImplementedError

    def check(self) -> ResponseReturnValue | None:
        """Refuse a request without the right key."""
        raise NotImplementedError

    def error(self, refusal: Refuse) -> Json | Response:
        """The body of an error response."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """The base URL as the provider's SDK spells it."""
        return f"{self._address}{self.path}"

    def __enter__(self) -> Self:
        app = Flask(__name__)
        app.before_request(self._remember)
        app.before_request(self.check)
        app.register_error_handler(Refuse, self._refused)
        app.register_error_handler(Cut, _cut)
        self.route(app)
        self._open = ExitStack()
        self._address = self._open.enter_context(listening(app))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _reach(self, point: Point) -> None:
        with self._lock:
            self._reached[point] += 1
            count = self._reached[point]
        self.at(point, count)

    def _remember(self) -> None:
        self.seen.append((request.method, request.url, dict(request.headers)))

    def _refused(self, refusal: Refuse) -> ResponseReturnValue:
        return self.error(refusal), refusal.status, refusal.headers


def _cut(cut: Cut) -> Response:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()
