"""The proxy's own AWS credentials, and those of roles, from botocore. Every call blocks but `current`."""

import logging
import os
import threading
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    create_assume_role_refresher,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from addon.settings.egress_proxy import proxy_for

ROLE_SESSION = "bedrock-batch-proxy"
"""The session name in CloudTrail for calls made with a job's role."""

REFUSED_KEY_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Error codes that are about the key and not about what it may do (AWS: S3's error responses, the common
errors of STS; read 2026-11)."""

_FILES = (("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), ("AWS_CONFIG_FILE", "~/.aws/config"))

# mitmproxy lets every debug message through, and botocore's hold signatures and session tokens.
logging.getLogger("botocore").setLevel(logging.INFO)
# At INFO it logs at each start that it found credentials.
logging.getLogger("botocore.credentials").setLevel(logging.WARNING)


class Chain:
    """AWS's chain of credentials as it was read once: variables, files, processes, single sign-on, container
    and instance roles. Methods raise botocore's errors."""

    def __init__(self, own: AbstractSet[tuple[str, int]]) -> None:
        self._own = own
        self._session = botocore.session.get_session()
        # The chain creates clients itself, for single sign-on and the roles of profiles.
        self._session.set_default_client_config(self.client_config("https://sts.amazonaws.com"))
        self._lock = threading.Lock()  # botocore's session is not thread-safe
        self._assumed: dict[str, Credentials] = {}

    def credentials(self, role: str | None, region: str) -> Credentials:
        """The proxy's own, or the role's. They are renewed when needed: `get_frozen_credentials` returns none
        that expires within ten minutes."""
        if role is None:
            with self._lock:
                found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            return found
        if role not in self._assumed:
            sts = self.client("sts", address("sts", region), region_name=region)
            refresh = create_assume_role_refresher(sts, {"RoleArn": role, "RoleSessionName": ROLE_SESSION})
            self._assumed[role] = DeferredRefreshableCredentials(refresh, "sts-assume-role")
        return self._assumed[role]

    def client(self, service: str, url: str, *, config: Config | None = None, **arguments: Any) -> Any:
        """A client for calls to this address."""
        merged = self.client_config(url) if config is None else self.client_config(url).merge(config)
        with self._lock:
            return self._session.create_client(service, config=merged, **arguments)

    def setting(self, name: str) -> str | None:
        """A setting of AWS's tools, of the environment or the profile."""
        value: str | None = self._session.get_config_variable(name)
        return value

    def client_config(self, url: str) -> Config:
        """Time-outs, retries and proxy of calls to this address."""
        proxy = proxy_for(url, os.environ, self._own)
        proxies = {} if proxy is None else {"http": proxy, "https": proxy}  # None would be the environment's
        retries = {"mode": "standard", "total_max_attempts": 3}
        return Config(connect_timeout=5, read_timeout=30, retries=retries, proxies=proxies)

    def key(self) -> str | None:
        """The id of the proxy's own access key; None if there is none."""
        try:
            key: str = self.credentials(None, "").get_frozen_credentials().access_key
        except (BotoCoreError, ClientError):
            return None
        return key


class AwsCredentials:
    """The chain in use. It is read again when AWS's files or variables change, and when a key is refused:
    processes and single sign-on may have another one by then.

    `own` are the addresses this process listens on, which are never used as a proxy.
    """

    def __init__(self, own: AbstractSet[tuple[str, int]] = frozenset()) -> None:
        self._own = own
        self._chain: Chain | None = None
        self._sources: tuple[object, ...] = ()

    def current(self) -> Chain:
        """The chain, read again if its sources have changed."""
        chain, sources = self._chain, _sources()
        if chain is None or sources != self._sources:
            self._sources = sources
            self._chain = chain = Chain(self._own)
        return chain

    def forget(self, refused: Chain) -> None:
        """Read the chain again at its next use, unless that was done since this one was read."""
        if self._chain is refused:
            self._chain = None

    def has_another_key(self, refused: Chain) -> bool:
        """Whether another key is found than the refused one; if not, it is looked for again next time."""
        self.forget(refused)
        chain = self.current()
        if chain.key() not in {None, refused.key()}:
            return True
        self.forget(chain)
        return False


def _sources() -> tuple[object, ...]:
    """A value that changes with AWS's variables and files."""
    files: list[object] = []
    for variable, default in _FILES:
        try:
            found = Path(os.environ.get(variable) or default).expanduser().stat()
            files.append((found.st_ino, found.st_size, found.st_mtime_ns))
        except (OSError, RuntimeError):  # RuntimeError: without a home folder
            files.append(None)
    variables = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return (*files, *variables)


def address(service: str, region: str) -> str:
    """The address of a service's calls, precise enough to choose their proxy."""
    variables = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
    return next(filter(None, map(os.environ.get, variables)), f"https://{service}.{region}.amazonaws.com")
