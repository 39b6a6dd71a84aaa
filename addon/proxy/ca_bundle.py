"""The bundle of CA certificates for applications behind the proxy.

`AWS_CA_BUNDLE` replaces a client's trust store, and hosts that the proxy only tunnels present their own
certificates: the bundle has mitmproxy's CA, certifi's roots and the certificates that the environment trusted
before.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import certifi

CA_FILE = "mitmproxy-ca-cert.pem"
BUNDLE_FILE = "bedrock-batch-ca-bundle.pem"
VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Trust stores of boto3, requests and OpenSSL."""

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class NoBundle(Exception):
    """The bundle cannot be written or read; the message names the file."""


def ca_file(confdir: Path) -> Path:
    """Path of mitmproxy's CA certificate, which mitmproxy creates on its first start."""
    return confdir / CA_FILE


def bundle_file(confdir: Path) -> Path:
    """Path of the bundle, beside mitmproxy's CA."""
    return confdir / BUNDLE_FILE


def write_bundle(confdir: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Write the bundle, each certificate once, and return its path. Replaces the file atomically.

    Raises `NoBundle`.
    """
    sources = [*_sources(confdir, environment)]
    certificates = dict.fromkeys(found for name, path in sources for found in _certificates(name, path))
    content = b"\n".join(certificates) + b"\n"
    bundle = bundle_file(confdir)
    try:
        if not bundle.is_file() or bundle.read_bytes() != content:
            _replace(bundle, content)
    except OSError as error:
        raise NoBundle(f"{bundle}: {error.strerror}") from error
    return bundle


def holds_ca(bundle: Path, confdir: Path) -> bool:
    """Whether the bundle contains mitmproxy's current CA. Raises `NoBundle`."""
    trusted = _certificates("the bundle", bundle)
    return all(certificate in trusted for certificate in _certificates("mitmproxy's CA", ca_file(confdir)))


def _sources(confdir: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Name (for error messages) and path of each source of certificates."""
    yield "mitmproxy's CA", ca_file(confdir)
    yield "certifi's roots", Path(certifi.where())
    for variable in VARIABLES:
        named = environment.get(variable)
        if named and Path(named) != bundle_file(confdir):
            yield variable, Path(named)


def _certificates(name: str, path: Path) -> list[bytes]:
    """The certificates of a file, or of all files of a folder (OpenSSL and requests accept both)."""
    try:
        files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        found = [certificate for file in files for certificate in _CERTIFICATE.findall(file.read_bytes())]
    except OSError as error:
        raise NoBundle(f"{name}: {path}: {error.strerror}") from error
    if not found:
        raise NoBundle(f"{name}: {path}: there is no certificate in it")
    return [certificate.replace(b"\r\n", b"\n") for certificate in found]


def _replace(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
