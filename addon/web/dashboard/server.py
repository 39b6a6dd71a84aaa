"""Where the dashboard is: in mitmweb, or on a port of its own."""

import errno
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, RedirectHandler, RequestHandler

from addon.web.dashboard.actions import ExportJob, RetryJob, StopJob
from addon.web.dashboard.address import DEFAULT_ADDRESS, PREFIX, Address, CannotListen
from addon.web.dashboard.board import Board
from addon.web.dashboard.handler import Asset, NotFound, Session
from addon.web.dashboard.job_pages import DocumentDownload, JobPage, JobsPage, RecordPage, RecordsPage
from addon.web.dashboard.other_pages import ProvidersPage, SettingsPage, Stream
from addon.web.dashboard.pages import asset

logger = logging.getLogger(__name__)

NEIGHBOURS = 20
"""Ports after the default one that are tried where that is taken: several proxies may run on a machine."""
MOST_BODY = 1_000_000
"""Bytes of a request, which is a form."""


def routes(board: Board) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The handlers below `/batch/`."""
    job, record = f"{PREFIX}/jobs/([a-z0-9]{{12}})", r"/records/([0-9]{1,15})"
    handlers: dict[str, type[RequestHandler]] = {
        f"{PREFIX}/?": JobsPage,
        f"{PREFIX}/login": Session,
        f"{PREFIX}/providers": ProvidersPage,
        f"{PREFIX}/settings": SettingsPage,
        f"{PREFIX}/changes": Stream,
        f"{PREFIX}/changes/([a-z0-9]{{12}})": Stream,
        job: JobPage,
        f"{job}/stop": StopJob,
        f"{job}/retry": RetryJob,
        f"{job}/export": ExportJob,
        f"{job}/records": RecordsPage,
        f"{job}{record}": RecordPage,
        f"{job}{record}/(input|sent|received|output)": DocumentDownload,
        f"{PREFIX}/.*": NotFound,
    }
    assets = (f"{PREFIX}/static/([a-z.]+)", Asset, {"board": board, "content": asset})
    return [assets, *((path, handler, {"board": board}) for path, handler in handlers.items())]


def mount(application: Application, board: Board) -> None:
    """Add the pages to mitmweb, below its password."""
    application.add_handlers(".*", routes(board))


@dataclass(frozen=True, kw_only=True)
class Server:
    """The dashboard on a port of its own."""

    url: str
    token: str
    close: Callable[[], Awaitable[None]]

    @property
    def link(self) -> str:
        """An address that works: with the token."""
        return f"{self.url}{PREFIX}/?token={self.token}"


def serve(address: Address, board: Board, token: str | None = None) -> Server:
    """Listen. Where the default address is taken, the next free port is used. Raises `CannotListen`."""
    listening = _bound(address)
    port = listening.getsockname()[1]
    token = token or secrets.token_hex(16)
    cookie = f"bedrock-batch-{port}"  # browsers send cookies to all ports of a host
    application = Application(
        [("/", RedirectHandler, {"url": board.path, "permanent": False}), *routes(board)],
        default_handler_class=NotFound,
        default_handler_args={"board": board},
        is_valid_password=partial(_equal, token),
        auth_cookie_name=lambda: cookie,
        cookie_secret=secrets.token_bytes(32),
        xsrf_cookies=True,
        xsrf_cookie_name=f"{cookie}-form",
        xsrf_cookie_kwargs={"samesite": "Strict", "httponly": True},
        log_function=_log,
    )
    server = HTTPServer(
        application, max_buffer_size=MOST_BODY, max_body_size=MOST_BODY, idle_connection_timeout=600
    )
    server.add_socket(listening)

    async def close() -> None:
        server.stop()
        await server.close_all_connections()

    return Server(url=Address(host=address.host, port=port).url, token=token, close=close)


def _bound(address: Address) -> socket.socket:
    is_default = address == Address.parse(DEFAULT_ADDRESS)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    for port in range(address.port, address.port + (NEIGHBOURS if is_default else 0) + 1):
        try:
            listening = socket.create_server((address.host, port), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not is_default:
                raise CannotListen(f"{address.host}:{port}: {error.strerror or error}") from error
        else:
            listening.setblocking(False)
            return listening
    raise CannotListen(f"{address.host}: ports {address.port} to {port} are all in use")


def _equal(token: str, given: str) -> bool:
    return hmac.compare_digest(token.encode(), given.encode(errors="replace"))


def _log(handler: RequestHandler) -> None:
    """Log what failed; what was refused is the browser's to show. Tokens are in addresses."""
    if handler.get_status() >= 500:
        logger.error(
            "The dashboard answered %s %s with %d",
            handler.request.method,
            handler.request.path,
            handler.get_status(),
        )
