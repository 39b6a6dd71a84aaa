"""Access tokens of Google Cloud, by application-default credentials: a key file that the environment names,
what `gcloud` has left, the machine's own account.

google-auth knows where they are and how they are renewed. It blocks, so it works in threads; and its calls go
the way of all our calls, which is not through ourselves.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
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
PATIENCE = 30.0
"""Seconds that one call may take, unless google-auth says otherwise."""
KEPT = 64
"""Of the tokens that were handed out, so many are known as ours."""
LOOK_AGAIN = timedelta(minutes=2)
"""How long a token is used before it is asked whether it still holds; google-auth renews it some minutes
before its end."""

# mitmproxy lets every debug message through, and google-auth's show requests.
logging.getLogger("google.auth").setLevel(logging.INFO)


class NoLogin(Exception):
    """This machine has no Google credentials; the message says what was looked for."""


class LoginRefused(Exception):
    """Google does not accept the credentials; the message is Google's."""


class LoginUnavailable(Exception):
    """Google could not be asked for a token; the same call may succeed later."""


class GoogleLogin:
    """Who we are at Google. `own` are the addresses this process listens on, which are never used as a proxy.

    Tokens are in memory only.
    """

    def __init__(self, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self._call = _Call(own)
        self._credentials: Credentials | None = None
        self._handed_out: deque[str] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._limiter = anyio.CapacityLimiter(2)  # a dead metadata server must not take every thread

    async def check(self) -> None:
        """Whether there are credentials, without a look at what they are worth. Raises `NoLogin`."""
        await self._in_thread(self._found)

    async def headers(self) -> dict[str, str]:
        """What a request says of who we are: a token that holds for some minutes, maybe who pays.

        Raises `NoLogin`, `LoginRefused`, `LoginUnavailable`.
        """
        return await self._in_thread(self._headers)

    async def renewed(self, token: str) -> tuple[str, datetime]:
        """The token to go on with, and when to ask again; another than this one only if this was ours."""
        if token in self._handed_out:
            token = (await self.headers())["authorization"].removeprefix("Bearer ")
        return token, datetime.now(UTC) + LOOK_AGAIN

    async def _in_thread[Result](self, function: Callable[[], Result]) -> Result:
        def locked() -> Result:
            with self._lock:
                return function()

        return await run_sync(locked, limiter=self._limiter)

    def _found(self) -> Credentials:
        if self._credentials is None:
            try:
                self._credentials, _ = google.auth.default(scopes=SCOPES, request=self._call)
            except (DefaultCredentialsError, OSError) as error:
                raise NoLogin(_first_line(error)) from error
        return self._credentials

    def _headers(self) -> dict[str, str]:
        credentials = self._found()
        try:
            if not credentials.valid:
                credentials.refresh(self._call)
        except GoogleAuthError as error:
            passing = isinstance(error, TransportError) or error.retryable
            # Not chained: an answer that could not be read may hold a token.
            raise (LoginUnavailable if passing else LoginRefused)(_first_line(error)) from None
        headers: dict[str, str] = {}
        credentials.apply(headers)
        token = headers["authorization"].removeprefix("Bearer ")
        if token not in self._handed_out:
            self._handed_out.append(token)
        return headers


class _Call(Request):
    """How google-auth calls its servers."""

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
                seconds = PATIENCE if timeout is None else timeout
                response = client.request(method, url, content=body, headers=headers, timeout=seconds)
        except (httpx.HTTPError, ImportError, ValueError) as error:
            raise TransportError(f"{httpx.URL(url).host} cannot be asked: {error}") from error
        return _Answer(response)


class _Answer(Response):
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
    """google-auth puts what it knows besides after its message, as arguments of its errors."""
    return str(error.args[0] if error.args else error).partition("\n")[0]
