"""Servers whose batch API is OpenAI's with differences, on real sockets: a `BatchServer` whose requests and
responses are rewritten."""

import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, override

from flask import Flask, Response, jsonify, request

from addon.demo.fake_provider.account import StoredFile
from addon.demo.fake_provider.server import BatchServer

type Json = dict[str, Any]
type Environ = dict[str, Any]
type StartResponse = Callable[..., Any]

NO_ERRORS = "file-without-errors"
"""The id of an error file of no bytes."""


class OpenAILike(BatchServer):
    """Rewrites requests to OpenAI's form, and responses from it."""

    @override
    def application(self, folder: Path) -> Flask:
        app = super().application(folder)
        app.before_request(self._without_errors)
        app.after_request(self._rewritten)
        inner = app.wsgi_app

        def wsgi(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            self.rewrite_request(environ)
            return inner(environ, start_response)

        app.wsgi_app = wsgi  # type: ignore[method-assign]  # Flask's own way to wrap an application
        return app

    @override
    def keep_upload(self, filename: str, path: Path, purpose: str) -> StoredFile:
        lines = [json.dumps(self.line(json.loads(line))) for line in path.read_text().splitlines()]
        path.write_text("".join(f"{line}\n" for line in lines))
        return super().keep_upload(filename, path, "batch")

    def rewrite_request(self, environ: Environ) -> None:
        """Rewrite a request to OpenAI's form."""

    def line(self, line: Json) -> Json:
        """A request line in OpenAI's form."""
        return line

    def batch(self, batch: Json) -> Json:
        """The server's form of a batch."""
        return batch

    def created(self, batch: Json) -> Json:
        """Its response to the creation of a batch."""
        return self.batch(batch)

    def listed(self, page: Json) -> Any:
        """Its form of a page of batches."""
        return {**page, "data": [self.batch(batch) for batch in page["data"]]}

    def row(self, row: Json) -> Json:
        """The server's form of a result row."""
        return row

    def file(self, file: Json) -> Json:
        return file

    def _without_errors(self) -> Response | None:
        if request.path == f"/v1/files/{NO_ERRORS}/content":
            return Response(b"", content_type="application/octet-stream")
        return None

    def _rewritten(self, response: Response) -> Response:
        if response.status_code != 200:
            return response
        if request.path.endswith("/content"):
            response.direct_passthrough = False
            lines = b"".join(response.iter_encoded()).splitlines()
            response.close()
            rows = [self.row(json.loads(line)) for line in lines]
            return Response(
                "".join(json.dumps(row) + "\n" for row in rows), content_type=response.content_type
            )
        body = response.get_json()
        match request.method, request.path.split("/")[2:]:
            case "POST", ["batches"]:
                return jsonify(self.created(body))
            case "GET", ["batches"]:
                return jsonify(self.listed(body))
            case _, ["batches", *_]:
                return jsonify(self.batch(body))
            case _:
                return jsonify(self.file(body))


def rewrite(environ: Environ, change: Callable[[Json], Json]) -> None:
    """Change the JSON body of a request that has one."""
    if environ["REQUEST_METHOD"] != "POST" or environ.get("CONTENT_TYPE") != "application/json":
        return
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    changed = json.dumps(change(body)).encode()
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(changed), str(len(changed))


class Homemade(OpenAILike):
    """Someone's own server: no metadata, counts only at work, both files always, bodies as text, errors
    without a response (as OGX does it)."""

    @override
    def batch(self, batch: Json) -> Json:
        if batch["status"] == "completed" and batch["error_file_id"] is None:
            batch["error_file_id"] = NO_ERRORS
        if batch["status"] == "validating":
            batch["request_counts"] = None
        kept = (
            "id",
            "object",
            "status",
            "input_file_id",
            "output_file_id",
            "error_file_id",
            "request_counts",
        )
        return {name: batch[name] for name in kept if name in batch}

    @override
    def listed(self, page: Json) -> Json:
        return {"object": "list", "data": [self.batch(batch) for batch in page["data"]]}

    @override
    def row(self, row: Json) -> Json:
        response = row["response"]
        if response is None:
            return {"custom_id": row["custom_id"], "error": row["error"]}
        if response["status_code"] != 200:
            message = response["body"]["error"]["message"]
            return {"custom_id": row["custom_id"], "error": {"type": "request_failed", "message": message}}
        return {**row, "response": {**response, "body": json.dumps(response["body"])}}


class Azure(OpenAILike):
    """A resource of Azure OpenAI: files are pending at first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.looks_at_pending = 0
        """How often a file is shown as pending before it is processed."""
        self._pending: dict[str, int] = {}

    @property
    @override
    def url(self) -> str:
        return super().url.removesuffix("/v1")

    @override
    def application(self, folder: Path) -> Flask:
        app = super().application(folder)
        app.before_request(self._not_processed)
        return app

    @override
    def rewrite_request(self, environ: Environ) -> None:
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/openai")
        environ["HTTP_AUTHORIZATION"] = f"Bearer {environ.get('HTTP_API_KEY', '')}"
        rewrite(environ, lambda body: {**body, "endpoint": f"/v1{body['endpoint']}"})

    @override
    def line(self, line: Json) -> Json:
        return {**line, "url": f"/v1{line['url']}"}

    @override
    def file(self, file: Json) -> Json:
        left = self._pending.setdefault(file["id"], self.looks_at_pending)
        self._pending[file["id"]] = max(0, left - 1)
        return {**file, "status": "pending" if left else "processed"}

    @override
    def batch(self, batch: Json) -> Json:
        if batch["status"] == "completed":
            batch["error_file_id"] = batch["error_file_id"] or NO_ERRORS
        created = datetime.fromtimestamp(batch["created_at"], UTC).isoformat()
        ids = {name: batch[name] or "" for name in ("output_file_id", "error_file_id")}
        return {**batch, **ids, "status": batch["status"].title(), "created_at": created}

    @override
    def row(self, row: Json) -> Json:
        return {"custom_id": row["custom_id"], "response": row["response"], "error": row["error"]}

    def _not_processed(self) -> Response | None:
        if request.method != "POST" or request.path != "/v1/batches":
            return None
        file_id = request.get_json()["input_file_id"]
        if not self._pending.get(file_id):
            return None
        message = f"The input file '{file_id}' is in 'pending' state."
        refusal = jsonify({"error": {"code": "invalid_request", "message": message}})
        refusal.status_code = 400
        return refusal


class Groq(OpenAILike):
    """Groq: a list that is paged by a cursor, files without a status."""

    @override
    def listed(self, page: Json) -> Json:
        cursor = page["last_id"] if page["has_more"] else None
        return {"object": "list", "data": page["data"], "paging": {"next_cursor": cursor}}

    @override
    def rewrite_request(self, environ: Environ) -> None:
        environ["QUERY_STRING"] = environ["QUERY_STRING"].replace("cursor=", "after=")

    @override
    def file(self, file: Json) -> Json:
        return {name: value for name, value in file.items() if name not in {"status", "expires_at"}}


class Together(OpenAILike):
    """Together AI: jobs in capitals, without counts and metadata; a new one is wrapped."""

    @override
    def rewrite_request(self, environ: Environ) -> None:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/files/upload", "/files")

    @override
    def keep_upload(self, filename: str, path: Path, purpose: str) -> StoredFile:
        assert purpose == "batch-api"
        return super().keep_upload(filename, path, purpose)

    @override
    def line(self, line: Json) -> Json:
        assert line.keys() == {"custom_id", "body"}
        return {**line, "method": "POST", "url": "/v1/chat/completions"}

    @override
    def batch(self, batch: Json) -> Json:
        if batch["status"] == "completed":
            batch["error_file_id"] = batch["error_file_id"] or NO_ERRORS
        word = str(batch["status"])
        status = "in_progress" if word in {"finalizing", "cancelling"} else word
        kept = {name: batch[name] for name in ("id", "input_file_id", "output_file_id", "error_file_id")}
        return {**kept, "status": status.upper(), "progress": 0.0, "error": None}

    @override
    def created(self, batch: Json) -> Json:
        return {"job": self.batch(batch), "warning": ""}

    @override
    def listed(self, page: Json) -> list[Json]:
        return [self.batch(batch) for batch in page["data"]]

    @override
    def row(self, row: Json) -> Json:
        response = row["response"]
        if response is None or response["status_code"] != 200:
            error = row["error"] or {
                "message": response["body"]["error"]["message"],
                "code": str(response["status_code"]),
            }
            return {"custom_id": row["custom_id"], "error": error}
        for choice in response["body"]["choices"]:
            choice["finish_reason"] = choice["finish_reason"].replace("stop", "eos")
        return {"custom_id": row["custom_id"], "response": response}
