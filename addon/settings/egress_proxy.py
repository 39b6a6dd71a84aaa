"""The proxy for our own calls to providers and AWS: the environment's, unless that is this process.

`HTTPS_PROXY` often names this proxy for a whole shell or container, the one it is started in included; its
own calls through it would loop.
"""

import ipaddress
import os
import socket
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # not in typeshed

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


def proxy_for(
    url: str, environment: Mapping[str, str] = os.environ, own: AbstractSet[tuple[str, int]] = frozenset()
) -> str | None:
    """The environment's proxy for this URL; None for a direct connection.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are read as curl and `urllib` read them: either
    case, the lower one first. `own` are the addresses (host, port) that this process listens on.
    """
    target = urlsplit(url)
    proxies = _proxies(environment)
    address = proxies.get(target.scheme) or proxies.get("all")
    port = target.port or _PORTS.get(target.scheme)
    if not address or proxy_bypass_environment(f"{target.hostname}:{port}", proxies):
        return None
    proxy = address if "://" in address else f"http://{address}"
    return None if _is_own(proxy, own) else proxy


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """`{"https": …, "all": …, "no": …}`, the keys that `urllib.request` uses."""
    upper_first = sorted(environment, key=str.islower)
    return {
        name.lower().removesuffix("_proxy"): environment[name]
        for name in upper_first
        if name.lower().endswith("_proxy")
    }


def _is_own(proxy: str, own: AbstractSet[tuple[str, int]]) -> bool:
    address = urlsplit(proxy)
    host = address.hostname or "localhost"
    port = address.port or _PORTS.get(address.scheme)
    if port not in {listening for _, listening in own}:
        return False
    return host in {listening for listening, _ in own} or _is_this_machine(host)


def _is_this_machine(host: str) -> bool:
    if host in {"localhost", socket.gethostname().lower()}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name; resolving it here would block
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))  # the kernel binds to its own addresses only
    except OSError:
        return False
    return True
