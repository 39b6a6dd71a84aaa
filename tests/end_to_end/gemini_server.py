"""A server with Gemini's Batch and Files APIs on a real socket, with faults on demand.

Gemini: docs/batch-api, api/batch-api, docs/files. Rows come in any order, counts are text, what is zero is
left out, and a batch that expires has nothing to show.
"""

import json
import random
from collections.abc import Callable
from typing import Literal, override

from flask import Flask, Response, request

from addon.demo.fake_provider.chat_completions import FAIL
from addon.demo.fake_provider.faults import Refuse
from tests.end_to_end.provider_server import Json, ProviderServer

type Point = Literal[
    "upload:start", "upload:piece", "create:before", "create:after", "retrieve", "cancel", "list", "download"
]
type State = Literal["PENDING", "RUNNING", "SUCCEEDED", "CANCELLED", "EXPIRED"]

SIGNATURE = "c2lnbmF0dXJl"


def answered(asked: Json) -> Json:
    """What stands beside the key in the row of a request."""
    if "content" in asked:
        text = asked["content"]["parts"][0]["text"]
        vector = [float(len(text))] * asked["outputDimensionality"]
        return {"response": {"embedding": {"values": vector}, "tokenCount": str(len(text))}}
    last = asked["contents"][-1]["parts"][-1]
    text = last.get("text") or json.dumps(last)
    if FAIL in text:
        return {"error": {"code": 3, "message": "This request was asked to fail."}}
    part: Json = {"text": f"You said {text}"}
    if "tools" in asked and "text" in last:
        name = asked["tools"][0]["functionDeclarations"][0]["name"]
        part = {"functionCall": {"name": name, "args": {}}, "thoughtSignature": SIGNATURE}
    usage = {"promptTokenCount": len(text), "candidatesTokenCount": 5, "thoughtsTokenCount": 2}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    return {"response": {"candidates": [candidate], "usageMetadata": usage, "responseId": "r1"}}


class Batch:
    """One batch: pending until it is looked at, then running, then over."""

    def __init__(self, name: str, display_name: str, source: Json, asked: list[Json], looks: int) -> None:
        self.name = name
        self.display_name = display_name
        self.source = source
        """`inputConfig`, as it was created with."""
        self.asked = asked
        """`{"key", "request"}` of every request."""
        self.looks = looks
        """How often it is looked at before it ends; a batch with -1 runs until it is cancelled."""
        self.end: State = "SUCCEEDED"
        """How it ends by itself."""
        self.answers = len(asked)
        """How many requests have been answered when it ends."""
        self.state: State = "PENDING"

    @property
    def is_inside(self) -> bool:
        """Whether requests and answers lie inside the batch."""
        return "requests" in self.source

    def look(self) -> None:
        if self.state in {"PENDING", "RUNNING"}:
            self.state = self.end if self.looks == 0 else "RUNNING"
            self.looks -= self.looks > 0

    def rows(self) -> list[Json]:
        rows = [{"key": one["key"], **answered(one["request"])} for one in self.asked[: self.answers]]
        random.Random(self.name).shuffle(rows)
        return rows

    def json(self, *, listed: bool = False) -> Json:
        """The operation; the answers inside are left out of the list."""
        metadata: Json = {
            "displayName": self.display_name,
            "createTime": "2026-08-19T14:34:12.267870162Z",
            "batchStats": self._counts(),
            "state": f"BATCH_STATE_{self.state}",
            "name": self.name,
        }
        operation: Json = {"name": self.name, "metadata": metadata}
        if self.state in {"SUCCEEDED", "CANCELLED", "EXPIRED"}:
            operation["done"] = True
        if self.state in {"SUCCEEDED", "CANCELLED"} and not (self.is_inside and listed):
            metadata["output"] = operation["response"] = self._output()
        return operation

    def _counts(self) -> Json:
        over = self.state in {"SUCCEEDED", "CANCELLED"}
        running = self.answers if self.state == "RUNNING" else 0
        failed = sum("error" in row for row in self.rows()) if over else 0
        succeeded = (self.answers if over else running) - failed
        counts = {
            "requestCount": len(self.asked),
            "successfulRequestCount": succeeded,
            "failedRequestCount": failed,
            "pendingRequestCount": len(self.asked) - succeeded - failed,
        }
        return {name: str(count) for name, count in counts.items() if count}

    def _output(self) -> Json:
        if not self.is_inside:
            return {"responsesFile": f"files/batch-{self.name.removeprefix('batches/')}"}
        rows = [{"metadata": {"key": row.pop("key")}, **row} for row in self.rows()]
        return {"inlinedResponses": {"inlinedResponses": rows}}


class GeminiServer(ProviderServer[Point]):
    """A project of Gemini's API. `outcome` changes each new batch."""

    def __init__(self, key: str) -> None:
        self._uploads: dict[str, bytearray] = {}
        self._files: dict[str, bytes] = {}
        super().__init__(key)

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.looks = 0
        self.outcome: Callable[[int, Batch], None] = lambda number, batch: None
        """How many batches there are with the new one, and the new one."""
        self.batches: dict[str, Batch] = {}
        """In the order of their creation."""

    def _add(self, wanted: Json) -> Batch:
        source = wanted["inputConfig"]
        file = source.get("fileName", source.get("file_name"))
        if file is None:
            asked = [
                {"key": one["metadata"]["key"], "request": one["request"]}
                for one in source["requests"]["requests"]
            ]
        else:
            asked = [json.loads(line) for line in self._files[file].splitlines()]
        name = f"batches/{next(self._numbers):036}"
        batch = Batch(name, wanted["displayName"], source, asked, self.looks)
        with self._lock:
            self.batches[name] = batch
            self.outcome(len(self.batches), batch)
        return batch

    def _batch(self, name: str) -> Batch:
        if name not in self.batches:
            raise Refuse(404, "Requested entity was not found.", type="NOT_FOUND")
        return self.batches[name]

    @override
    def route(self, app: Flask) -> None:
        self._file_routes(app)
        self._batch_routes(app)

    def _file_routes(self, app: Flask) -> None:
        @app.post("/upload/v1beta/files")
        def upload() -> Response:
            id = request.args.get("upload_id")
            if id is None:
                self._reach("upload:start")
                id = str(next(self._numbers))
                self._uploads[id] = bytearray()
                place = f"https://upload.example.com{request.path}?upload_id={id}"
                return Response("", headers={"x-goog-upload-url": place, "x-goog-upload-status": "active"})
            return self._piece(id)

        @app.get("/download/v1beta/files/<name>")
        def download(name: str) -> Response:
            self._reach("download")
            batch = self._batch(f"batches/{name.removeprefix('batch-').removesuffix(':download')}")
            rows = "".join(json.dumps(row) + "\n" for row in batch.rows())
            return Response(rows, content_type="application/octet-stream")

    def _piece(self, id: str) -> Response:
        received, command = self._uploads[id], request.headers["X-Goog-Upload-Command"]
        if command != "query":
            self._reach("upload:piece")
            if int(request.headers["X-Goog-Upload-Offset"]) != len(received):
                raise Refuse(400, "The offset is not where the upload stands.", type="INVALID_ARGUMENT")
            received += request.get_data()
        if "finalize" not in command:
            state = {"x-goog-upload-status": "active", "x-goog-upload-size-received": str(len(received))}
            return Response("", headers=state)
        name = f"files/{id}"
        self._files[name] = bytes(received)
        file = {"name": name, "state": "ACTIVE", "sizeBytes": str(len(received))}
        return Response(json.dumps({"file": file}), headers={"x-goog-upload-status": "final"})

    def _batch_routes(self, app: Flask) -> None:
        @app.post("/v1beta/models/<model>")
        def create(model: str) -> Json:
            asked = request.get_json()
            if model.endswith((":generateContent", ":embedContent")):
                direct: Json = answered(asked)["response"]
                return direct
            self._reach("create:before")
            batch = self._add(asked["batch"])
            self._reach("create:after")
            return batch.json()

        @app.get("/v1beta/batches")
        def batches() -> Json:
            self._reach("list")
            newest = list(self.batches.values())[::-1]
            start, size = int(request.args.get("pageToken", 0)), int(request.args["pageSize"])
            page: Json = {"operations": [batch.json(listed=True) for batch in newest[start : start + size]]}
            more = {"nextPageToken": str(start + size)} if start + size < len(newest) else {}
            return {name: value for name, value in (page | more).items() if value}

        @app.get("/v1beta/batches/<id>")
        def batch(id: str) -> Json:
            self._reach("retrieve")
            self._batch(f"batches/{id}").look()
            return self._batch(f"batches/{id}").json()

        @app.post("/v1beta/batches/<id>")
        def cancel(id: str) -> Json:
            self._reach("cancel")
            batch = self._batch(f"batches/{id.removesuffix(':cancel')}")
            if batch.state not in {"PENDING", "RUNNING"}:
                raise Refuse(400, "The batch is over.", type="FAILED_PRECONDITION")
            batch.looks, batch.end = 0, "CANCELLED"
            return {}

    @override
    def check(self) -> None:
        if request.headers.get("x-goog-api-key") != self.key:
            reason = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            raise Refuse(400, "API key not valid.", type="INVALID_ARGUMENT", param=json.dumps([reason]))

    @override
    def error(self, refusal: Refuse) -> Json:
        error = refusal.error
        details = {"details": json.loads(error["param"])} if error["param"] is not None else {}
        return {
            "error": {"code": refusal.status, "message": error["message"], "status": error["type"], **details}
        }
