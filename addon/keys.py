"""Provider keys: the one a caller brought with a request, and how it is kept while its job runs."""

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from mitmproxy.http import Headers

from addon.access import MASK

SECRET_KEY_VARIABLE = "BEDROCK_BATCH_SECRET_KEY"
SECRET_KEY_FILE = "secret.key"

KEY_HEADERS = ("authorization", "x-api-key", "x-amz-security-token")
"""Request headers that may hold a key, a signature or a session token."""

_AWS_KEYS = ("ABSK", "bedrock-api-key-")
"""How long-term and short-term Amazon Bedrock API keys begin."""


class UnreadableKey(ValueError):
    """A request carries an `Authorization` that should hold a provider's key and does not."""


class BadSecretKey(ValueError):
    """Brought keys cannot be kept or read back; the message says what to set."""


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


class KeyRing:
    """Encrypts the keys that callers bring; its own secret lies outside the database.

    The secret is `BEDROCK_BATCH_SECRET_KEY` (several proxies or workers on one database share it), else
    the file `secret.key` in `folder`, made on first use and readable by its owner only. Raises
    `BadSecretKey` for a secret that is none.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        given = environment.get(SECRET_KEY_VARIABLE)
        self._source = SECRET_KEY_VARIABLE if given else str(folder / SECRET_KEY_FILE)
        try:
            self._fernet = Fernet(given or _secret(folder / SECRET_KEY_FILE))
        except ValueError:
            raise BadSecretKey(f"{self._source} is not a key: 32 bytes in URL-safe base64") from None

    def encrypt(self, key: str) -> bytes:
        """What is stored of a key."""
        return self._fernet.encrypt(key.encode())

    def decrypt(self, data: bytes) -> str:
        """The key. Raises `BadSecretKey` when it was encrypted with another secret."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            raise BadSecretKey(
                f"the caller's key was not encrypted with the secret in {self._source}"
            ) from None


def _secret(path: Path) -> bytes:
    """The file's content. A missing file is made, once even if several processes start together."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
            os.link(temporary, path)  # unlike a rename it never replaces the secret of another process
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)
    return path.read_bytes().strip()
