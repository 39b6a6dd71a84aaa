"""Which proxy our own calls take."""

import socket

import pytest

from addon.settings.egress_proxy import proxy_for

CORPORATE = "http://proxy.corp.example:3128"


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://api.openai.com/v1/files", {}, None),
        ("https://api.openai.com/v1/files", {"HTTPS_PROXY": CORPORATE}, CORPORATE),
        ("https://api.openai.com/v1/files", {"https_proxy": CORPORATE}, CORPORATE),
        ("https://api.openai.com/v1/files", {"HTTPS_PROXY": "http://x", "https_proxy": CORPORATE}, CORPORATE),
        ("https://api.openai.com/v1/files", {"https_proxy": CORPORATE, "HTTPS_PROXY": "http://x"}, CORPORATE),
        ("https://api.openai.com/v1/files", {"HTTPS_PROXY": ""}, None),
        ("https://api.openai.com/v1/files", {"HTTP_PROXY": CORPORATE}, None),
        ("http://127.0.0.1:11434/v1", {"HTTP_PROXY": CORPORATE}, CORPORATE),
        ("http://127.0.0.1:11434/v1", {"ALL_PROXY": "socks5://127.0.0.1:1080"}, "socks5://127.0.0.1:1080"),
        ("https://api.openai.com/v1/files", {"HTTPS_PROXY": "proxy.corp.example:3128"}, CORPORATE),
        ("https://api.openai.com", {"HTTPS_PROXY": "http://me:pw@p:8080"}, "http://me:pw@p:8080"),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(
    url: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(url, environment, {("127.0.0.1", 8080)}) == proxy


@pytest.mark.parametrize(
    ("url", "exceptions"),
    [
        ("https://api.openai.com/v1", "*"),
        ("https://api.openai.com/v1", "example.org, openai.com"),
        ("https://api.openai.com/v1", ".openai.com"),
        ("https://api.openai.com/v1", "api.openai.com:443"),
        ("https://user:pw@api.openai.com/v1", "api.openai.com"),
        ("https://localhost:9000", "localhost"),
        ("https://[::1]:9000", "::1"),
        ("https://[::1]", "::1"),
    ],
)
def test_addresses_of_no_proxy_are_called_directly(url: str, exceptions: str) -> None:
    assert proxy_for(url, {"HTTPS_PROXY": CORPORATE, "NO_PROXY": exceptions}) is None
    assert proxy_for(url, {"HTTPS_PROXY": CORPORATE, "no_proxy": exceptions}) is None


@pytest.mark.parametrize("exceptions", ["", "openai.com.example", "api.openai.com:8443", "other.example"])
def test_addresses_that_no_proxy_does_not_name_are_called_through_the_proxy(exceptions: str) -> None:
    environment = {"HTTPS_PROXY": CORPORATE, "NO_PROXY": exceptions}
    assert proxy_for("https://api.openai.com/v1", environment) == CORPORATE


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::", "::1", ""])
@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/",
        "http://localhost:8080",
        "http://LOCALHOST:8080",
        "http://127.0.0.2:8080",
        "http://0.0.0.0:8080",
        "http://user:pw@127.0.0.1:8080",
        "127.0.0.1:8080",
        ":8080",
        "https://127.0.0.1:8080",
        f"http://{socket.gethostname()}:8080",
    ],
)
def test_a_proxy_that_is_this_process_is_never_used(listening: str, address: str) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        assert proxy_for("https://api.openai.com/v1", {name: address}, {(listening, 8080)}) is None


@pytest.mark.parametrize(
    ("address", "listening"),
    [("http://proxy.lan:8080", "proxy.lan"), ("http://127.0.0.1", "127.0.0.1"), ("https://localhost", "::")],
)
def test_our_own_address_is_known_by_the_name_and_port_it_listens_on(address: str, listening: str) -> None:
    own = {(listening, port) for port in (80, 443, 8080)}
    assert proxy_for("https://api.openai.com/v1", {"HTTPS_PROXY": address}, own) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8081",
        "http://192.0.2.1:8080",
        "http://[2001:db8::1]:8080",
        "http://proxy.corp.example:8080",
    ],
)
def test_a_proxy_elsewhere_or_on_another_port_is_used(address: str) -> None:
    environment = {"HTTPS_PROXY": address}
    assert proxy_for("https://api.openai.com/v1", environment, {("0.0.0.0", 8080)}) == address


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", CORPORATE)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert proxy_for("https://api.openai.com/v1") == CORPORATE
