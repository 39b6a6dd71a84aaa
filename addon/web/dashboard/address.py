"""Addresses of the dashboard and of its pages. Apart from the server, which is slow to import."""

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_ADDRESS = "127.0.0.1:8082"
PREFIX = "/batch"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class CannotListen(Exception):
    """The dashboard cannot be where it is to be; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Host and port to listen on."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Of `host:port`. Raises `ValueError`."""
        parts = urlsplit(f"//{text}")
        if parts.hostname is None or parts.port is None or parts.netloc != text or "@" in text:
            raise ValueError(f"{text!r} is not of the form host:port, such as {DEFAULT_ADDRESS}")
        return cls(host=parts.hostname, port=parts.port)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = _ANY.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def job_link(url: str, job_id: str, record: int | None = None) -> str:
    """The address of a job's page, or of a record of it. `url`: the dashboard's own, without path."""
    fragment = f"#record-{record}" if record is not None else ""
    return f"{url.rstrip('/')}{PREFIX}/jobs/{job_id}{fragment}"
