"""Encryption of the provider keys that callers bring, for as long as their jobs run."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

SECRET_KEY_VARIABLE = "BEDROCK_BATCH_SECRET_KEY"
SECRET_KEY_FILE = "secret.key"


class BadSecretKey(ValueError):
    """Callers' keys cannot be encrypted or decrypted; the message names what to set."""


class KeyVault:
    """Encrypts the keys that callers bring with a secret that is kept outside the database.

    The secret is `BEDROCK_BATCH_SECRET_KEY` (several proxies or workers on one database share it), else
    the file `secret.key` in `folder`, made on first use and readable by its owner only. Raises
    `BadSecretKey` for a malformed secret.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        given = environment.get(SECRET_KEY_VARIABLE)
        self._source = SECRET_KEY_VARIABLE if given else str(folder / SECRET_KEY_FILE)
        secret = given.encode() if given else _secret(folder / SECRET_KEY_FILE)
        self.fingerprint = hashlib.sha256(b"fingerprint of " + secret).hexdigest()
        """Tells whether two processes have the same secret, and nothing about it."""
        try:
            self._fernet = Fernet(secret)
        except ValueError:
            raise BadSecretKey(f"{self._source} is not a key: 32 bytes in URL-safe base64") from None

    def encrypt(self, key: str) -> bytes:
        """The key as it is stored."""
        return self._fernet.encrypt(key.encode())

    def decrypt(self, data: bytes) -> str:
        """The key. Raises `BadSecretKey` if it was encrypted with another secret."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            raise BadSecretKey(
                f"the caller's key was not encrypted with the secret in {self._source}"
            ) from None


def _secret(path: Path) -> bytes:
    """The file's content; a missing file is made, once even if several processes start together."""
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
