"""Provider credentials: an API key, or this machine's credentials at Google."""

import os
import re
from collections.abc import Mapping

from addon.providers.google_auth import GoogleCredentials, NoCredentials
from addon.settings.config import Target
from translators.providers.conversation import Endpoint

PROVIDER_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""The headers that carry a key, lower case, of all providers."""

MASK = "***"

_FITS_A_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")
_SHORTEST_REDACTED = 6
"""Characters; a shorter key, of a self-hosted server, may be an ordinary word of the text."""


class NoKey(Exception):
    """No usable key or credentials; the message names where they were looked for."""


async def provider_endpoint(
    target: Target,
    callers_key: str | None,
    google: GoogleCredentials,
    environment: Mapping[str, str] = os.environ,
) -> Endpoint:
    """The provider's address, and headers with the caller's key or else the configured one.

    Raises `NoAddress`, and whatever `access_headers` raises.
    """
    base_url, staging = target.base_url(environment), target.staging(environment)
    key = callers_key if callers_key is not None else target.key(environment)
    headers = await access_headers(target, key, google)
    return Endpoint(base_url=base_url, headers=headers, staging=staging)


async def access_headers(target: Target, key: str | None, google: GoogleCredentials) -> dict[str, str]:
    """The request headers with the credentials; empty where the provider needs none.

    Raises `NoKey`; where this machine's credentials replace a key, `CredentialsRefused`, `TokenUnavailable`.
    """
    if key is not None:
        check_key(key)
        return target.provider.headers(key)
    if not target.needs_key:
        return {}
    if target.provider.login is None:
        raise NoKey(f"{target.key_sources} is not set")
    try:
        return await google.headers()
    except NoCredentials as error:
        raise NoKey(f"{error} Set GOOGLE_APPLICATION_CREDENTIALS, or {target.key_sources}") from error


def check_key(key: str) -> None:
    """Raise `NoKey` for a key that no header can carry, such as one copied with a line end or typographic
    quotation marks."""
    if not _FITS_A_HEADER.fullmatch(key):
        raise NoKey("the key has a line end, a space around it, or a character that no header can carry")


def masked(text: bytes, headers: Mapping[str, str]) -> bytes:
    """The body of an error response, without the key of its request's headers: some providers repeat a key
    that they refuse, and error texts go into responses, logs and the database."""
    for name, value in headers.items():
        key = value.removeprefix("Bearer ")
        if name.lower() in PROVIDER_KEY_HEADERS and len(key) >= _SHORTEST_REDACTED:
            text = text.replace(key.encode("latin-1"), MASK.encode())
    return text


def masked_words(words: str, headers: Mapping[str, str]) -> str:
    """A provider's words without the key of these headers."""
    return masked(words.encode("utf-8", "surrogatepass"), headers).decode("utf-8", "surrogatepass")
