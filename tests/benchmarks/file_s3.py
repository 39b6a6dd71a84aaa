"""An S3 server that keeps objects as files, in a process of its own: a range or a part costs what it weighs.

moto reads the whole object for every range of it, which hides what a client costs. Understood is what the
proxy, boto3 and the benchmarks ask for: objects whole and in ranges, listings, uploads whole and in parts.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

PIECE = 1 << 20
DATE = "2026-11-30T00:00:00.000Z"


class FileS3(BaseHTTPRequestHandler):
    """Requests with the bucket in the path; the first argument of the program is the folder of buckets."""

    protocol_version = "HTTP/1.1"
    folder: Path

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path, query = self._asked()
        if "list-type" in query:
            self._list(query)
        elif path.is_file():
            self._send(path)
        else:
            self._answer(404, _xml("Error", Code="NoSuchKey", Message="There is none."))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        path, query = self._asked()
        if path.parent == self.folder:
            path.mkdir(parents=True, exist_ok=True)
            self._answer(200)
            return
        if "uploadId" in query:
            path = self._part(query["uploadId"][0], int(query["partNumber"][0]))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in self._body():
                file.write(piece)
        self._answer(200, headers={"ETag": _etag(path)})

    def do_POST(self) -> None:
        path, query = self._asked()
        if "uploads" in query:
            self._answer(200, _xml("InitiateMultipartUploadResult", UploadId=uuid4().hex))
            return
        parts = sorted((self.folder / ".parts" / query["uploadId"][0]).iterdir())
        for _ in self._body():
            pass
        path.parent.mkdir(parents=True, exist_ok=True)
        parts[0].replace(path)
        with path.open("ab") as file:
            for part in parts[1:]:
                with part.open("rb") as data:
                    shutil.copyfileobj(data, file, PIECE)
                part.unlink()
        self._answer(200, _xml("CompleteMultipartUploadResult", ETag=_etag(path)))

    def _asked(self) -> tuple[Path, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return self.folder / unquote(parts.path).strip("/"), parse_qs(parts.query, keep_blank_values=True)

    def _part(self, upload: str, number: int) -> Path:
        return self.folder / ".parts" / upload / f"{number:05d}"

    def _list(self, query: dict[str, list[str]]) -> None:
        bucket = self.folder / unquote(urlsplit(self.path).path).strip("/")
        prefix = query.get("prefix", [""])[0]
        keys = sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{DATE}</LastModified>"
            f"<ETag>{_etag(bucket / key)}</ETag><Size>{(bucket / key).stat().st_size}</Size></Contents>"
            for key in keys
            if key.startswith(prefix)
        )
        self._answer(
            200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
        )

    def _send(self, path: Path) -> None:
        size = path.stat().st_size
        begin, end = 0, size
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if asked:
            first, _, last = asked.partition("-")
            begin, end = int(first), min(int(last) + 1, size) if last else size
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - begin))
        self.send_header("Last-Modified", formatdate(path.stat().st_mtime, usegmt=True))
        self.send_header("ETag", _etag(path))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.flush()
        with path.open("rb") as file:
            if end > begin:  # 0 would mean all
                self.connection.sendfile(file, begin, end - begin)

    def _body(self) -> Iterator[bytes]:
        """The request's body; in chunks, of which some are signed, where its client sends such."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from self._chunks()
            return
        left = int(self.headers.get("Content-Length", 0))
        if "x-amz-decoded-content-length" in self.headers:
            left = 0
            yield from self._chunks()
        while left > 0:
            piece = self.rfile.read(min(left, PIECE))
            left -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _xml(name: str, **members: str) -> bytes:
    inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
    return f"<{name}>{inner}</{name}>".encode()


def _etag(path: Path) -> str:
    found = path.stat()
    return f'"{hashlib.md5(f"{path}{found.st_size}{found.st_mtime_ns}".encode()).hexdigest()}"'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main(folder: str) -> None:
    FileS3.folder = Path(folder)
    server = _Server(("127.0.0.1", 0), FileS3)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
