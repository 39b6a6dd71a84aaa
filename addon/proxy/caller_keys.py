"""The provider key in a caller's request headers: reading and redaction."""

import base64
import binascii

from mitmproxy.http import Headers

from addon.providers.credentials import MASK

KEY_HEADERS = ("authorization", "x-api-key", "x-amz-security-token")
"""Request headers that may hold a key, a signature or a session token."""

_AWS_KEYS = ("ABSK", "bedrock-api-key-")
"""Prefixes of long-term and short-term Amazon Bedrock API keys."""


class UnreadableKey(ValueError):
    """A Bearer or Basic `Authorization` header of a request has no key in it."""


def caller_key(headers: Headers) -> str | None:
    """The provider key that the caller sent: a Bearer token, a Basic password, else `x-api-key`.

    AWS credentials are never sent to a provider: signatures and Bedrock API keys
    (`AWS_BEARER_TOKEN_BEDROCK`) are skipped. Raises `UnreadableKey`, because falling back to the proxy's own
    key would charge another account.
    """
    keys = (_authorization(headers.get("authorization", "")), headers.get("x-api-key", "").strip())
    return next((key for key in keys if key and not key.startswith(_AWS_KEYS)), None)


def _authorization(header: str) -> str | None:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() not in {"bearer", "basic"}:
        return None
    key = value.strip() if scheme.lower() == "bearer" else _password(value.strip())
    if not key:
        raise UnreadableKey(f"The Authorization header says {scheme} and holds no key.")
    return key


def _password(value: str) -> str:
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise UnreadableKey(
            "The Authorization header says Basic and is not base64 of user:password."
        ) from None
    return decoded.partition(":")[2]


def redact(headers: Headers) -> None:
    """Redact keys, signatures and session tokens in place: mitmproxy shows and saves request headers."""
    for name in KEY_HEADERS:
        if name in headers:
            headers[name] = redacted(headers[name])


def redacted(credential: str) -> str:
    """A header value with its scheme only, if it has one: `Bearer ***`, `***`."""
    scheme, _, rest = credential.strip().partition(" ")
    return f"{scheme} {MASK}" if rest else MASK
