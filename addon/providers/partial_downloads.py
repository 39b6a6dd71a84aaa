"""Downloads that go on where an earlier attempt was cut off, as HTTP's range requests allow (RFC 9110, 13.1.5
and 14): a connection that always breaks after so many bytes would never bring a large file whole.
"""

from collections.abc import Mapping
from pathlib import Path

import httpx

_NOT_SATISFIABLE = 416


class PartialDownload:
    """The beginning of a body in a file, and the validator of the version that it is the beginning of."""

    def __init__(self, path: Path) -> None:
        self.part = path.with_name(f"{path.name}.part")
        self._validator = path.with_name(f"{path.name}.validator")

    def headers(self) -> Mapping[str, str]:
        """The headers that ask for the rest; none where nothing is there."""
        try:
            size, validator = self.part.stat().st_size, self._validator.read_text()
        except OSError:
            return {}
        if not size or not validator:
            return {}
        return {"Range": f"bytes={size}-", "If-Range": validator, "Accept-Encoding": "identity"}

    def begin(self, response: httpx.Response) -> bool:
        """Note what a response is the body of; whether it is the rest, to be appended."""
        if response.status_code == httpx.codes.PARTIAL_CONTENT and self._is_rest(response):
            return True
        self.part.unlink(missing_ok=True)
        self._validator.write_text(_validator_of(response))
        return False

    def end(self) -> None:
        """Forget the version: the file is whole, or what is there is useless."""
        self._validator.unlink(missing_ok=True)

    def discard(self) -> None:
        """Begin anew with the next attempt."""
        self.part.unlink(missing_ok=True)
        self.end()

    def _is_rest(self, response: httpx.Response) -> bool:
        start = response.headers.get("content-range", "").partition("-")[0]
        return self.part.exists() and start == f"bytes {self.part.stat().st_size}"


def is_useless(response: httpx.Response) -> bool:
    """Whether an answer to a request for the rest shows that it cannot be had."""
    if response.status_code == _NOT_SATISFIABLE:
        return True
    return response.status_code == httpx.codes.PARTIAL_CONTENT and "content-range" not in response.headers


def _validator_of(response: httpx.Response) -> str:
    """A strong validator; empty for a body that has none, or whose bytes depend on the encoding."""
    if "content-encoding" in response.headers:
        return ""
    tag: str = response.headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return tag
    moment: str = response.headers.get("last-modified", "")
    return moment
