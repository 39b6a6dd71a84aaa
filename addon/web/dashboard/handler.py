"""The base of the dashboard's handlers: who may ask, what headers an answer has, how pages are made.

mitmweb's own base class asks for the password, or on a port of our own for the token.
"""

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Any, override
from urllib.parse import urlsplit

from anyio import to_thread
from mitmproxy.tools.web.app import RequestHandler
from tornado import web
from tornado.iostream import StreamClosedError

from addon.jobs.database import job_list
from addon.jobs.database.job_list import JobRow
from addon.jobs.outages import is_database_away
from addon.web.dashboard.board import Board
from addon.web.dashboard.pages import page

logger = logging.getLogger(__name__)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Problem(web.HTTPError):
    """A request that gets an error page with this text."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(status)
        self.text = text


class Handler(RequestHandler):
    """A request to the dashboard by somebody who may see it."""

    @override
    def initialize(self, board: Board) -> None:
        self.board = board

    @override
    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    @override
    def check_xsrf_cookie(self) -> None:
        # no other site can make a browser send this header
        if not self.request.headers.get("Authorization", "").startswith("Bearer "):
            super().check_xsrf_cookie()

    @override
    def prepare(self) -> None:
        check_origin(self, self.board.hosts)

    @override
    def auth_fail(self, invalid_password: bool) -> None:
        # written at once: the base class calls this without waiting
        path = self.request.path if self.request.method == "GET" else self.board.path
        self.finish(
            page(
                "login.html",
                board=self.board,
                invalid=invalid_password,
                path=path,
                xsrf=self.xsrf_token.decode(),
            )
        )

    @override
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Problem):
            text = error.text
        elif status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            text = "The job database does not answer at the moment. Try again."
        elif status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            text = "The dashboard failed. Its log says why."
        else:
            text = "The request was refused."
        self.finish(page("error.html", board=self.board, status=HTTPStatus(status_code), text=text))

    async def show(self, template: str, **values: Any) -> None:
        """Send a page, made in a thread."""
        xsrf = self.xsrf_token.decode()  # sets its cookie
        self.finish(await to_thread.run_sync(lambda: page(template, board=self.board, xsrf=xsrf, **values)))

    async def reading[Result](self, result: Awaitable[Result]) -> Result:
        """The result of something read from the database. Raises a 503 while that is away."""
        try:
            return await result
        except Exception as error:
            if is_database_away(error):
                logger.warning("A page waits for the job database: %s", type(error).__name__)
                raise web.HTTPError(HTTPStatus.SERVICE_UNAVAILABLE) from error
            raise

    async def row(self, job_id: str) -> JobRow:
        """A job. Raises a 404 if there is none."""
        views = self.board.sources.store.views
        found = await self.reading(views.read(lambda connection: job_list.row_of(connection, job_id)))
        if found is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"There is no job {job_id} in the database. Jobs are kept for a limited time.",
            )
        return found

    def number(self, name: str, default: int) -> int:
        """A number of the query; the default for anything else."""
        text = self.get_argument(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default

    @override
    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(
            value, web.HTTPError | StreamClosedError
        ):  # what is refused; browsers that are gone
            super().log_exception(typ, value, tb)


class Session(Handler):
    """Where the form with the token goes. The base class looks at the token and sets the cookie."""

    @override
    def post(self) -> None:
        path = self.get_body_argument("path", "")
        own = path.startswith(self.board.path) and not path.startswith("//")
        self.redirect(path if own else self.board.path, status=HTTPStatus.SEE_OTHER)


class NotFound(Handler):
    """Every other address."""

    @override
    def get(self) -> None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such page.")


class Asset(web.RequestHandler):
    """Our style sheet, script and icon, which need no login: they are the same for all."""

    @override
    def initialize(self, board: Board, content: Callable[[str], tuple[str, bytes] | None]) -> None:
        self.board = board
        self._content = content

    @override
    def prepare(self) -> None:
        check_origin(self, self.board.hosts)

    @override
    def get(self, name: str) -> None:
        found = self._content(name)
        if found is None:
            raise web.HTTPError(HTTPStatus.NOT_FOUND)
        kind, content = found
        self.set_header("Content-Type", kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")  # its address has its hash
        self.finish(content)


def check_origin(handler: web.RequestHandler, hosts: Collection[str]) -> None:
    """Raise a 403 for requests that another site makes a browser send, or to a name that is not ours (it may
    have been bound to our address for that)."""
    request = handler.request
    if not is_own_host(request.host, hosts):
        raise web.HTTPError(HTTPStatus.FORBIDDEN)
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise web.HTTPError(HTTPStatus.FORBIDDEN)
    is_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"} and not is_link:
        raise web.HTTPError(HTTPStatus.FORBIDDEN)


def is_own_host(host: str, hosts: Collection[str]) -> bool:
    """Whether a Host header names an address, this machine, or one of these names."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name in hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
