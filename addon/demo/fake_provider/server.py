"""An OpenAI-style batch server on a real socket, with faults on demand."""

import shutil
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self, override

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from addon.demo.fake_provider.account import Account
from addon.demo.fake_provider.routes import application

_SECONDS_BETWEEN_CHECKS = 0.05
"""Seconds that may pass before a request to stop is noticed."""


class Quiet(WSGIRequestHandler):
    """Logs no requests."""

    @override
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class BatchServer(Account):
    """A provider that listens on this machine. A context manager; clients are pointed at `url`."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="batch-server-"))
        app = self.application(self._folder)
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_SECONDS_BETWEEN_CHECKS,), name="provider", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        shutil.rmtree(self._folder)

    def application(self, folder: Path) -> Flask:
        """The WSGI application, for subclasses to change; uploads and results are written to the folder."""
        return application(self, folder)

    @property
    def url(self) -> str:
        """The base URL as OpenAI's SDK spells it, with `/v1`."""
        return f"http://127.0.0.1:{self._server.port}/v1"
