"""A server that relays every request to an S3 server, and calls a hook before and after."""

import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, override
from urllib.parse import urlsplit

type Hook = Callable[[str], None]
"""Called with `before GET /bucket/key` and `after GET /bucket/key`, the query left out."""


def no_hook(reached: str) -> None:
    """Does nothing."""


class S3Relay:
    """Relays to the S3 server at a URL. A context manager; clients are pointed at `url`."""

    def __init__(self, s3_url: str) -> None:
        self._target = urlsplit(s3_url).netloc
        self.hook: Hook = no_hook

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _relay(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                path = self.path.partition("?")[0]
                relay.hook(f"before {self.command} {path}")
                connection = HTTPConnection(relay._target)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                relay.hook(f"after {self.command} {path}")
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {
                        "transfer-encoding",
                        "connection",
                        "content-length",
                        "date",
                        "server",
                    }:
                        self.send_header(name, value)
                length = answer.getheader("content-length") if self.command == "HEAD" else str(len(data))
                self.send_header("content-length", length or "0")
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _relay  # noqa: N815 - http.server's names

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

            @override
            def handle(self) -> None:
                with suppress(ConnectionError):  # the client was killed: that is what this server is for
                    super().handle()

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
