"""A server with Mistral's Files API and batch jobs on a real socket, with faults on demand.

Mistral: studio-api/batch-processing, api/endpoint/batch and files. A job names the endpoint and the model of
its lines, rows come in any order, ids of tool calls have nine letters and digits, and a list can be asked for
the jobs whose metadata say something.
"""

import itertools
import json
import random
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self, override

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from addon.demo.faults import Cut, Refuse

type Json = dict[str, Any]
type Point = Literal[
    "upload:before", "upload:after", "create:before", "create:after", "retrieve", "cancel", "list", "content"
]
type Hook = Callable[[Point, int], None]
"""Called at a point with how often it has been reached; what it raises (`Cut`, `Refuse`) happens instead."""
type Status = Literal[
    "QUEUED", "RUNNING", "CANCELLATION_REQUESTED", "SUCCESS", "TIMEOUT_EXCEEDED", "CANCELLED"
]

FAIL = "please fail"
"""A request that says this is answered with an error."""

_OVER = frozenset({"SUCCESS", "TIMEOUT_EXCEEDED", "CANCELLED"})
_QUERY = frozenset({"page", "page_size", "created_after", "order_by", "status", "model", "created_by_me"})
_CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")


def all_goes_well(point: Point, count: int) -> None:
    """The hook of a server that works."""


def answered(endpoint: str, model: str, body: Json) -> tuple[int, Json]:
    """Status and body of the answer to a line."""
    if endpoint == "/v1/embeddings":
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [{"object": "embedding", "index": n, "embedding": [1 / 32] * 1024} for n in range(len(texts))]
        usage = {"prompt_tokens": sum(map(len, texts)), "total_tokens": sum(map(len, texts))}
        return 200, {"id": "e1", "object": "list", "data": data, "model": model, "usage": usage}
    problem = _problem(body)
    if problem is not None:
        return 400, {"object": "error", "message": problem, "type": "invalid_request_error", "code": "3280"}
    last = body["messages"][-1]
    said = last["content"] if isinstance(last["content"], str) else json.dumps(last["content"])
    message: Json = {"role": "assistant", "content": f"You said {said}", "tool_calls": None}
    finish_reason = "stop"
    if "tools" in body and last["role"] == "user":
        call = {"name": body["tools"][0]["function"]["name"], "arguments": "{}"}
        message = {"role": "assistant", "content": "", "tool_calls": [{"id": "vAKGXGFZD", "function": call}]}
        finish_reason = "tool_calls"
    usage = {"prompt_tokens": len(said), "completion_tokens": 7, "total_tokens": len(said) + 7}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    return 200, {"id": "c1", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


def _problem(body: Json) -> str | None:
    """Why Mistral would refuse the request."""
    if unknown := body.keys() & {"model", "seed", "max_completion_tokens"}:
        return f"{unknown} is not taken here."
    if FAIL in json.dumps(body["messages"][-1]):
        return "This request was asked to fail."
    for before, message in itertools.pairwise([{"role": "system"}, *body["messages"]]):
        if message["role"] == "user" and before["role"] == "tool":
            return "Unexpected role 'user' after role 'tool'"
        ids = [message.get("tool_call_id", "123456789")]
        ids += [call["id"] for call in message.get("tool_calls", ())]
        if not all(map(_CALL_ID.fullmatch, ids)):
            return f"Tool call id was {ids} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


class Job:
    """One batch job: queued until it is looked at, then running, then over."""

    def __init__(self, id: str, wanted: Json, lines: list[Json], looks: int) -> None:
        self.id = id
        self.wanted = wanted
        """As it was created."""
        self.lines = lines
        self.looks = looks
        """How often it is looked at before it ends; a job with -1 runs until it is cancelled."""
        self.end: Status = "SUCCESS"
        """How it ends by itself."""
        self.answers = len(lines)
        """How many requests have been answered when it ends."""
        self.status: Status = "QUEUED"

    def look(self) -> None:
        if self.status not in _OVER:
            self.status = self.end if self.looks == 0 else "RUNNING"
            self.looks -= self.looks > 0

    def rows(self) -> list[Json]:
        rows: list[Json] = []
        for number, line in enumerate(self.lines[: self.answers]):
            status, body = answered(self.wanted["endpoint"], self.wanted["model"], line["body"])
            response = {"status_code": status, "body": body}
            rows.append(
                {"id": f"batch-{self.id}-{number}", "custom_id": line["custom_id"], "response": response}
            )
        random.Random(self.id).shuffle(rows)
        return rows

    def file(self, *, failed: bool) -> list[Json]:
        """The rows of the output file, or of the error file."""
        return [row for row in self.rows() if (row["response"]["status_code"] != 200) == failed]

    def json(self) -> Json:
        over = self.status in _OVER
        failed = len(self.file(failed=True))
        done = self.answers if over or self.status == "RUNNING" else 0
        files = {name: over and bool(self.file(failed=name == "error")) for name in ("output", "error")}
        return {
            "id": self.id,
            "object": "batch",
            **self.wanted,
            "output_file": f"{self.id}-output" if files["output"] else None,
            "error_file": f"{self.id}-error" if files["error"] else None,
            "errors": [{"message": "Bad request", "count": failed}] if over and failed else [],
            "status": self.status,
            "created_at": 1787150442,
            "total_requests": 0 if self.status == "QUEUED" else len(self.lines),
            "completed_requests": done,
            "succeeded_requests": done - failed if over else done,
            "failed_requests": failed if over else 0,
        }


class _Quiet(WSGIRequestHandler):
    @override
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class MistralServer:
    """The provider's side of one key. A context manager; clients are pointed at `url`.

    `fate` says how each job goes, by changing it; `at` what goes wrong on the way.
    """

    def __init__(self, key: str) -> None:
        self._files: dict[str, bytes] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.restore(key)

    def restore(self, key: str) -> None:
        """Be as new: nothing has been asked yet, and all goes well."""
        self.key = key
        self.at: Hook = all_goes_well
        self.looks = 0
        self.fate: Callable[[int, Job], None] = lambda number, job: None
        """How many jobs there are with the new one, and the new one."""
        self.jobs: dict[str, Job] = {}
        """In the order of their creation."""
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        """Method, address and headers of every request."""
        self._reached: Counter[Point] = Counter()

    @property
    def url(self) -> str:
        """The base URL as Mistral's SDK spells it."""
        return f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, self._application(), threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _reach(self, point: Point) -> None:
        with self._lock:
            self._reached[point] += 1
            count = self._reached[point]
        self.at(point, count)

    def _add(self, wanted: Json) -> Job:
        (file,) = wanted["input_files"]
        lines = [json.loads(line) for line in self._files[file].splitlines()]
        job = Job(f"job-{next(self._numbers)}", wanted, lines, self.looks)
        with self._lock:
            self.jobs[job.id] = job
            self.fate(len(self.jobs), job)
        return job

    def _job(self, id: str) -> Job:
        if id not in self.jobs:
            raise Refuse(404, "Job not found")
        return self.jobs[id]

    def _application(self) -> Flask:
        app = Flask(__name__)
        app.before_request(self._enter)
        app.register_error_handler(Refuse, _refused)
        app.register_error_handler(Cut, _cut)
        self._file_routes(app)
        self._job_routes(app)
        return app

    def _file_routes(self, app: Flask) -> None:
        @app.post("/v1/files")
        def upload() -> Json:
            self._reach("upload:before")
            id = f"file-{next(self._numbers)}"
            self._files[id] = request.files["file"].read()
            self._reach("upload:after")
            return {"id": id, "object": "file", "purpose": request.form["purpose"]}

        @app.get("/v1/files/<id>/content")
        def content(id: str) -> Response:
            self._reach("content")
            job, _, which = id.rpartition("-")
            rows = "".join(json.dumps(row) + "\n" for row in self._job(job).file(failed=which == "error"))
            return Response(rows, content_type="application/octet-stream")

    def _job_routes(self, app: Flask) -> None:
        @app.post("/v1/batch/jobs")
        def create() -> Json:
            self._reach("create:before")
            job = self._add(request.get_json())
            self._reach("create:after")
            return job.json()

        @app.get("/v1/batch/jobs")
        def jobs() -> Json:
            self._reach("list")
            wanted = {name: value for name, value in request.args.items() if name not in _QUERY}
            found = [
                job.json()
                for job in reversed(self.jobs.values())
                if wanted.items() <= job.wanted["metadata"].items()
            ]
            size = int(request.args["page_size"])
            start = int(request.args["page"]) * size
            return {"object": "list", "data": found[start : start + size], "total": len(found)}

        @app.get("/v1/batch/jobs/<id>")
        def job(id: str) -> Json:
            self._reach("retrieve")
            self._job(id).look()
            return self._job(id).json()

        @app.post("/v1/batch/jobs/<id>/cancel")
        def cancel(id: str) -> Json:
            self._reach("cancel")
            job = self._job(id)
            if job.status in _OVER:
                raise Refuse(400, "The job is over.")
            job.looks, job.end, job.status = 0, "CANCELLED", "CANCELLATION_REQUESTED"
            return job.json()

    def _enter(self) -> tuple[Json, int] | None:
        self.seen.append((request.method, request.url, dict(request.headers)))
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return {"detail": "Invalid API Key"}, 401
        return None


def _refused(refusal: Refuse) -> tuple[Json, int, dict[str, str]]:
    return {"object": "error", **refusal.error}, refusal.status, refusal.headers


def _cut(cut: Cut) -> Response:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()
