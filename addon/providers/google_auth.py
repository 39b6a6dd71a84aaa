"""Access tokens of Google Cloud from application-default credentials: a key file named by the environment,
the login of `gcloud`, or the machine's service account.

google-auth finds and renews them. It blocks, so it runs in threads; its requests use the proxy that all of
ours use.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

import anyio
import google.auth
import httpx
from anyio.to_thread import run_sync
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.auth.transport import Request, Response

from addon.settings.egress_proxy import proxy_for

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
TIMEOUT = 30.0
"""Seconds of one request, unless google-auth asks for another limit."""
KEPT = 64
"""Number of issued tokens that are remembered as this machine's."""
CHECK_AFTER = timedelta(minutes=2)
"""Age at which a token is checked before it is used; google-auth renews it some minutes before it expires."""

# mitmproxy lets every debug message through, and google-auth's show requests.
logging.getLogger("google.auth").setLevel(logging.INFO)


class NoCredentials(Exception):
    """This machine has no Google credentials; the message names what was looked for."""


class CredentialsRefused(Exception):
    """Google does not accept the credentials; the message is Google's."""


class TokenUnavailable(Exception):
    """No response to a request for a token; the same call may succeed later."""


class GoogleCredentials:
    """This machine's credentials at Google. `own` are the addresses this process listens on, which are never
    used as a proxy.

    Tokens are in memory only.
    """

    def __init__(self, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self._request = _HttpRequest(own)
        self._credentials: Credentials | None = None
        self._source: tuple[object, ...] = ()
        self._issued: deque[str] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._limiter = anyio.CapacityLimiter(2)  # a dead metadata server must not take every thread

    async def check(self) -> None:
        """Raise `NoCredentials` when there are none; their validity is not checked."""
        await self._in_thread(self._found)

    async def headers(self) -> dict[str, str]:
        """Request headers with a token that is valid for some minutes, and the quota project if there is one.

        Raises `NoCredentials`, `CredentialsRefused`, `TokenUnavailable`.
        """
        return await self._in_thread(self._headers)

    def renewed(self, token: str) -> tuple[str, datetime]:
        """A valid token and when to check it again; a token that was not issued here is returned as it is.

        Blocks while a token is requested.
        """
        if token in self._issued:
            with self._lock:
                token = self._headers()["authorization"].removeprefix("Bearer ")
        return token, datetime.now(UTC) + CHECK_AFTER

    async def _in_thread[Result](self, function: Callable[[], Result]) -> Result:
        def locked() -> Result:
            with self._lock:
                return function()

        return await run_sync(locked, limiter=self._limiter)

    def _found(self) -> Credentials:
        """The credentials, read again if their file or the variable that names it has changed."""
        source = _source()
        if self._credentials is None or source != self._source:
            try:
                found, _ = google.auth.default(scopes=SCOPES, request=self._request)
            except (DefaultCredentialsError, OSError) as error:
                raise NoCredentials(_first_line(error)) from error
            self._credentials, self._source = found, source
        return self._credentials

    def _headers(self) -> dict[str, str]:
        credentials = self._found()
        try:
            if not credentials.valid:
                credentials.refresh(self._request)
        except GoogleAuthError as error:
            transient = isinstance(error, TransportError) or error.retryable
            # Not chained: a response that could not be parsed may hold a token.
            raise (TokenUnavailable if transient else CredentialsRefused)(_first_line(error)) from None
        headers: dict[str, str] = {}
        credentials.apply(headers)
        token = headers["authorization"].removeprefix("Bearer ")
        if token not in self._issued:
            self._issued.append(token)
        return headers


def _source() -> tuple[object, ...]:
    """A value that changes with the variable that names the key file, the file, and the login of `gcloud`
    (Google: docs/authentication/application-default-credentials, read 2026-11)."""
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    folder = os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud"
    file = Path(named or f"{folder}/application_default_credentials.json")
    try:
        found = file.expanduser().stat()
    except (OSError, RuntimeError):  # RuntimeError: without a home folder
        return (named,)
    return named, found.st_ino, found.st_size, found.st_mtime_ns


class _HttpRequest(Request):
    """google-auth's HTTP interface, over httpx."""

    def __init__(self, own: AbstractSet[tuple[str, int]]) -> None:
        self._own = own

    @override
    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> Response:
        proxy = proxy_for(url, os.environ, self._own)
        try:
            with httpx.Client(proxy=proxy, trust_env=False, verify=httpx.create_ssl_context()) as client:
                seconds = TIMEOUT if timeout is None else timeout
                response = client.request(method, url, content=body, headers=headers, timeout=seconds)
        except (httpx.HTTPError, ImportError, ValueError) as error:
            raise TransportError(f"{httpx.URL(url).host} cannot be asked: {error}") from error
        return _HttpResponse(response)


class _HttpResponse(Response):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    @override
    def status(self) -> int:
        return self._response.status_code

    @property
    @override
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    @override
    def data(self) -> bytes:
        return self._response.content


def _first_line(error: Exception) -> str:
    """The message; further arguments of google-auth's errors hold details."""
    return str(error.args[0] if error.args else error).partition("\n")[0]
