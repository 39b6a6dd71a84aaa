"""What the servers that stand in for providers have in common: a socket, a key, faults on demand and a memory
of what was asked. What a provider answers, and in which words it refuses, is said in a module of its own."""

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
    """The provider's side of one key. A context manager; clients are pointed at `url`.

    `at` says what goes wrong on the way, at one of the points that the server names.
    """

    path = ""
    """That of the base URL."""

    def __init__(self, key: str = "") -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.restore(key)

    def restore(self, key: str = "") -> None:
        """Be as new: nothing has been asked yet, and all goes well."""
        self.key = key
        self.at: Hook[Point] = completes
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        """Method, address and headers of every request."""
        self._reached: Counter[Point] = Counter()

    def route(self, app: Flask) -> None:
        """Say what is answered."""
        raise NotImplementedError

    def check(self) -> ResponseReturnValue | None:
        """Turn away a request that may not come in."""
        raise NotImplementedError

    def error(self, refusal: Refuse) -> Json | Response:
        """The body of an answer that refuses."""
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
