"""The HTTP routes of the provider: files and batches.

OpenAI: API reference, Files and Batches.
"""

import logging
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, override

from flask import Flask, Request, Response, g, jsonify, request

from addon.demo.fake_provider.account import Account, ReceivedRequest, StoredFile
from addon.demo.fake_provider.batch import Batch
from addon.demo.fake_provider.faults import Cut, Half, Point, Refuse
from addon.demo.fake_provider.input_check import check_creation, invalid

_REMEMBERED = 64_000
"""Bytes of a request's body that are kept."""


def application(account: Account, folder: Path) -> Flask:
    """The WSGI application; uploads and results are written to the folder."""

    class Incoming(Request):
        @override
        def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
            # Straight to where it stays: 200 MB are neither held in memory nor copied.
            return tempfile.NamedTemporaryFile(dir=folder, suffix=".jsonl", delete=False)

    app = Flask(__name__)
    app.request_class = Incoming
    app.logger.setLevel(logging.ERROR)
    app.before_request(lambda: _enter(account))
    app.after_request(_leave)
    app.register_error_handler(Refuse, _refused)
    app.register_error_handler(Cut, _cut)
    _file_routes(app, account)
    _batch_routes(app, account, folder)
    _plain_routes(app, account)
    return app


def _file_routes(app: Flask, account: Account) -> None:
    @app.post("/v1/files")
    def upload() -> Response:
        _reach(account, "upload:before")
        incoming = request.files.get("file")
        if incoming is None or "purpose" not in request.form:
            raise invalid(
                "Missing required parameter: 'file' or 'purpose'.", code="missing_required_parameter"
            )
        incoming.stream.close()
        path = Path(str(incoming.stream.name))
        file = account.keep_upload(incoming.filename or "", path, request.form["purpose"])
        _reach(account, "upload:after")
        return jsonify(file.json())

    @app.get("/v1/files")
    def files() -> Response:
        _reach(account, "files")
        purpose = request.args.get("purpose")
        wanted = [file for file in account.files.values() if purpose in (None, file.purpose)]
        if request.args.get("order") != "asc":
            wanted.reverse()
        data = [file.json() for file in wanted[: request.args.get("limit", 10_000, int)]]
        return jsonify({"object": "list", "data": data, "has_more": len(data) < len(wanted)})

    @app.get("/v1/files/<file_id>")
    def file(file_id: str) -> Response:
        return jsonify(_file(account, file_id).json())

    @app.delete("/v1/files/<file_id>")
    def delete(file_id: str) -> Response:
        _reach(account, "delete")
        del account.files[_file(account, file_id).id]
        return jsonify({"id": file_id, "object": "file", "deleted": True})

    @app.get("/v1/files/<file_id>/content")
    def content(file_id: str) -> Response:
        file = _file(account, file_id)
        _reach(account, "content:error" if file.filename.endswith("_error.jsonl") else "content:output")
        response = Response(_blocks(file.path), mimetype="application/octet-stream")
        response.content_length = file.path.stat().st_size
        return response


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file. It is closed even if the client goes away before the first one."""
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            yield block


def _batch_routes(app: Flask, account: Account, folder: Path) -> None:
    @app.post("/v1/batches")
    def create() -> Response:
        _reach(account, "create:before")
        wanted = request.get_json(force=True)
        check_creation(wanted)
        batch = account.create(wanted, folder)
        _reach(account, "create:after")
        return jsonify(batch.json())

    @app.get("/v1/batches")
    def batches() -> Response:
        _reach(account, "list")
        limit = request.args.get("limit", 20, int)
        if not 1 <= limit <= 100:
            raise invalid(f"Invalid 'limit': {limit} is not between 1 and 100.", param="limit")
        page, more = account.newest_batches(request.args.get("after"), limit)
        data = [batch.json() for batch in page]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return jsonify({"object": "list", "data": data, **ends, "has_more": more})

    @app.get("/v1/batches/<batch_id>")
    def batch(batch_id: str) -> Response:
        _reach(account, "retrieve")
        return jsonify(_batch(account, batch_id).look())

    @app.post("/v1/batches/<batch_id>/cancel")
    def cancel(batch_id: str) -> Response:
        _reach(account, "cancel")
        batch = _batch(account, batch_id)
        if (cancelled := batch.cancel()) is None:
            raise invalid(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
        return jsonify(cancelled)


def _plain_routes(app: Flask, account: Account) -> None:
    """The same endpoints, one request at a time."""

    def answered() -> tuple[Response, int]:
        _reach(account, "ask:before")
        status, body = account.answer(request.get_json(force=True))
        _reach(account, "ask:after")
        return jsonify(body), status

    for path in ("chat/completions", "embeddings", "responses"):
        app.add_url_rule(f"/v1/{path}", path, answered, methods=["POST"])


def _file(account: Account, file_id: str) -> StoredFile:
    if (file := account.files.get(file_id)) is None:
        raise invalid(f"No such File object: {file_id}", param="id", status=404)
    return file


def _batch(account: Account, batch_id: str) -> Batch:
    if (batch := account.batches.get(batch_id)) is None:
        raise invalid(f"No batch found with id '{batch_id}'.", status=404)
    return batch


def _reach(account: Account, point: Point) -> None:
    try:
        account.reach(point)
    except Half:
        g.half = True


def _enter(account: Account) -> None:
    """Remember the request; refuse it when the key is wrong."""
    small = request.mimetype != "multipart/form-data" and (request.content_length or 0) <= _REMEMBERED
    account.seen.append(
        ReceivedRequest(
            method=request.method,
            path=request.path,
            query=request.query_string.decode(),
            headers=tuple(request.headers.items()),
            body=request.get_data() if small else None,
        )
    )
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if key != account.key:
        message = (
            f"Incorrect API key provided: {key[:4]}****. "
            "You can find your API key at https://platform.openai.com/account/api-keys."
        )
        raise invalid(message, code="invalid_api_key", status=401)


def _leave(response: Response) -> Response:
    response.headers["x-request-id"] = f"req_{secrets.token_hex(16)}"
    if "half" in g:
        response.direct_passthrough = False
        body = b"".join(response.iter_encoded())
        response.close()
        response.response = _half(body, request.environ["werkzeug.socket"])
        response.content_length = len(body)
    return response


def _half(body: bytes, connection: socket.socket) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    connection.shutdown(socket.SHUT_RDWR)


def _refused(refusal: Refuse) -> tuple[Response, int, dict[str, str]]:
    return jsonify({"error": refusal.error}), refusal.status, refusal.headers


def _cut(cut: Cut) -> Response:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()
