"""An OpenAI-style batch server that keeps files on disk and answers at once, in a process of its own.

The results of a file are made while it arrives, a row a line by copying bytes: the server costs as little as
it can. Understood is what the proxy and the benchmarks ask for.
"""

import json
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override
from uuid import uuid4

PIECE = 1 << 20
_ID = b'"custom_id":"'
ANSWER = json.dumps(
    {
        "status_code": 200,
        "request_id": "r",
        "body": {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Certainly. " * 60},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 200, "completion_tokens": 120, "total_tokens": 320},
        },
    }
).encode()


class FileProvider(BaseHTTPRequestHandler):
    """The batch API of OpenAI; the first argument of the program is the folder of files."""

    protocol_version = "HTTP/1.1"
    folder: Path
    batches: dict[str, dict[str, Any]]

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        if self.path.endswith("/files"):
            self._answer(self._received())
        else:
            self._answer(self._batch(json.loads(b"".join(self._body()))))

    def do_GET(self) -> None:
        place, _, name = self.path.partition("?")[0].removeprefix("/v1/").partition("/")
        if place == "files" and name.endswith("/content"):
            self._send(self.folder / name.removesuffix("/content"))
        elif name:
            self._answer(self.batches[name])
        else:
            self._answer({"object": "list", "data": list(self.batches.values()), "has_more": False})

    def do_DELETE(self) -> None:
        name = self.path.rpartition("/")[2]
        (self.folder / name).unlink(missing_ok=True)
        self._answer({"id": name, "object": "file", "deleted": True})

    def _received(self) -> dict[str, Any]:
        """Write the file of a form and its results; the lines of JSON in the form are the file."""
        name = f"file-{uuid4().hex}"
        rows = 0
        with (self.folder / f"{name}-output").open("wb", PIECE) as results:
            rest = b""
            for piece in self._body():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    begin = line.find(_ID)
                    if begin >= 0:
                        begin += len(_ID)
                        custom_id = line[begin : line.index(b'"', begin)]
                        results.write(
                            b'{"id":"b","custom_id":"%b","error":null,"response":%b}\n' % (custom_id, ANSWER)
                        )
                        rows += 1
        (self.folder / f"{name}-rows").write_text(str(rows), encoding="ascii")
        return {
            "id": name,
            "object": "file",
            "bytes": 1,
            "created_at": 1,
            "filename": "f",
            "purpose": "batch",
        }

    def _batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        file = asked["input_file_id"]
        rows = int((self.folder / f"{file}-rows").read_text(encoding="ascii"))
        now = int(time.time())
        batch = {
            **asked,
            "id": f"batch_{uuid4().hex}",
            "object": "batch",
            "status": "completed",
            "output_file_id": f"{file}-output",
            "error_file_id": None,
            "created_at": now,
            "completed_at": now,
            "request_counts": {"total": rows, "completed": rows, "failed": 0},
        }
        self.batches[batch["id"]] = batch
        return batch

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.rfile.read(min(left, PIECE))
            left -= len(piece)
            yield piece

    def _send(self, path: Path) -> None:
        size = path.stat().st_size
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            self.connection.sendfile(file)

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def main(folder: str) -> None:
    FileProvider.folder, FileProvider.batches = Path(folder), {}
    server = _Server(("127.0.0.1", 0), FileProvider)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
