"""The provider key that a caller sends with a request: read from its headers, and masked in them."""

import base64
import binascii

from mitmproxy.http import Headers

from addon.providers.credentials import MASK

KEY_HEADERS = ("authorization", "x-api-key", "x-amz-security-token")
"""Request headers that may hold a key, a signature or a session token."""

_AWS_KEYS = ("ABSK", "bedrock-api-key-")
"""How long-term and short-term Amazon Bedrock API keys begin."""


class UnreadableKey(ValueError):
    """A request carries an `Authorization` that should hold a provider's key and does not."""


def brought_key(headers: Headers) -> str | None:
    """The provider key that the caller brought: a Bearer token, a Basic password, else `x-api-key`.

    An AWS signature is no provider's key, nor is a Bedrock API key (`AWS_BEARER_TOKEN_BEDROCK`): AWS
    credentials never leave for a provider. Raises `UnreadableKey`: going on with the server side's key
    would charge somebody else.
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


def mask(headers: Headers) -> None:
    """Take keys, signatures and session tokens out of the headers of a request that was answered here.

    mitmproxy shows and saves requests as they came; only how the caller authenticated stays readable.
    """
    for name in KEY_HEADERS:
        if name in headers:
            scheme, _, rest = headers[name].strip().partition(" ")
            headers[name] = f"{scheme} {MASK}" if rest else MASK
