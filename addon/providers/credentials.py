"""What tells a provider to let us in: a key, or who this machine is."""

import os
import re
from collections.abc import Mapping

from addon.providers.google_auth import GoogleLogin, NoLogin
from addon.settings.config import Target
from translators.providers.conversation import Endpoint

PROVIDER_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""The headers that carry a key, at any provider."""

MASK = "***"

_FITS_A_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")
_SHORTEST = 6
"""Characters of a key that is looked for: a shorter one, of somebody's own server, is a word like others."""


class NoKey(Exception):
    """There is neither; the message says where they were looked for."""


async def provider_endpoint(
    target: Target,
    callers_key: str | None,
    login: GoogleLogin,
    environment: Mapping[str, str] = os.environ,
) -> Endpoint:
    """The provider's address, and headers with the caller's key or else the configured one.

    Raises `NoAddress`, and whatever `access_headers` raises.
    """
    base_url, staging = target.base_url(environment), target.staging(environment)
    key = callers_key if callers_key is not None else target.key(environment)
    headers = await access_headers(target, key, login)
    return Endpoint(base_url=base_url, headers=headers, staging=staging)


async def access_headers(target: Target, key: str | None, login: GoogleLogin) -> dict[str, str]:
    """The headers that let us in, none where none are needed.

    Raises `NoKey`; where credentials of this machine stand in for a key, `LoginRefused`, `LoginUnavailable`.
    """
    if key is not None:
        check_key(key)
        return target.provider.headers(key)
    if not target.needs_key:
        return {}
    if target.provider.login is None:
        raise NoKey(f"{target.key_sources} is not set")
    try:
        return await login.headers()
    except NoLogin as error:
        raise NoKey(f"{error} Set GOOGLE_APPLICATION_CREDENTIALS, or {target.key_sources}") from error


def check_key(key: str) -> None:
    """Raise `NoKey` for what no header can carry: a file of secrets ends with a line end, a document has
    quotation marks of its own."""
    if not _FITS_A_HEADER.fullmatch(key):
        raise NoKey("the key has a line end, a space around it, or a character that no header can carry")


def masked(text: bytes, headers: Mapping[str, str]) -> bytes:
    """What a provider said to a request with these headers, without the key: some repeat one they refuse, and
    their words go into answers, logs and the database."""
    for name, value in headers.items():
        key = value.removeprefix("Bearer ")
        if name.lower() in PROVIDER_KEY_HEADERS and len(key) >= _SHORTEST:
            text = text.replace(key.encode("latin-1"), MASK.encode())
    return text
