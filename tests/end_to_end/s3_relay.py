"""A door in front of an S3 server: every request passes through, and a hook sees it before and after."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override
from urllib.parse import urlsplit

type Hook = Callable[[str], None]
"""Called with `before GET /bucket/key` and `after GET /bucket/key`, the query left out."""


@contextmanager
def watched(s3_url: str, hook: Hook) -> Iterator[str]:
    """The URL of the door, while it stands."""
    target = urlsplit(s3_url).netloc

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            path = self.path.partition("?")[0]
            hook(f"before {self.command} {path}")
            connection = HTTPConnection(target)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            hook(f"after {self.command} {path}")
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

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815 - http.server's names

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        @override
        def handle(self) -> None:
            with suppress(ConnectionError):  # the client was killed: that is what this server is for
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
