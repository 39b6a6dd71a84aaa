"""Downloads that go on where an earlier attempt was cut off, with HTTP's range requests (RFC 9110, 13.1.5 and
14): over a connection that always breaks after so many bytes a large file would never come whole.
"""

from pathlib import Path

import httpx

from addon.storage.unfinished_files import unfinished

NOT_SATISFIABLE = 416


class PartialDownload:
    """A file that appears when its body is there, the beginning of the body, and the validator of the version
    that it is the beginning of."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.part = unfinished(path)
        self._validator = self.part.with_suffix(".validator")

    def ask_for_rest(self, request: httpx.Request) -> None:
        """Set the headers that ask for what is missing, if there is a beginning that can go on."""
        try:
            size, validator = self.part.stat().st_size, self._validator.read_text()
        except OSError:
            size, validator = 0, ""
        for name in ("range", "if-range"):
            request.headers.pop(name, None)
        if size and validator:
            request.headers["range"] = f"bytes={size}-"
            request.headers["if-range"] = validator
        if size:
            request.headers["accept-encoding"] = "identity"  # a compressed body cannot go on

    def begin(self, response: httpx.Response) -> bool:
        """Note which version a response is; whether it is the rest, to be appended.

        Raises `httpx.RemoteProtocolError` for another part than the one that was asked for.
        """
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            start = response.headers.get("content-range", "").partition("-")[0]
            if self.part.exists() and start == f"bytes {self.part.stat().st_size}":
                return True
            self.discard()
            raise httpx.RemoteProtocolError("the server sent another part than the rest")
        self._validator.write_text(_validator_of(response))
        return False

    def end(self) -> None:
        """Have the file appear."""
        self._validator.unlink(missing_ok=True)
        self.part.replace(self._path)

    def discard(self) -> None:
        """Begin anew with the next attempt."""
        self._validator.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)


def _validator_of(response: httpx.Response) -> str:
    """A strong validator; empty for a body without one, and where the bytes depend on the encoding."""
    if "content-encoding" in response.headers:
        return ""
    tag: str = response.headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return tag
    modified: str = response.headers.get("last-modified", "")
    return modified
